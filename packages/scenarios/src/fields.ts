// Typed reading of parsed JSON: wrong or unknown fields are errors that name the place.

import { ScenarioError } from './errors.ts'

export class Fields {
  readonly path: string
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #read = new Set<string>()

  /** @throws {ScenarioError} BAD_SCENARIO when it is no object */
  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw bad(path, 'is not an object', value)
    }
    this.path = path
    this.#fields = value as Readonly<Record<string, unknown>>
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined
  }

  /** A number in `from … to`; `otherwise` when it is absent and one is given. */
  number(name: string, from: number, to: number, otherwise?: number): number {
    const value = this.#take(name, otherwise)
    if (typeof value === 'number' && value >= from && value <= to) return value
    throw bad(this.#at(name), `must be a number from ${from} to ${to}`, value)
  }

  whole(name: string, from: number, to: number, otherwise?: number): number {
    const value = this.number(name, from, to, otherwise)
    if (Number.isInteger(value)) return value
    throw bad(this.#at(name), 'must be a whole number', value)
  }

  text(name: string, otherwise?: string): string {
    const value = this.#take(name, otherwise)
    if (typeof value === 'string') return value
    throw bad(this.#at(name), 'must be a text', value)
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#take(name, otherwise)
    if (typeof value === 'boolean') return value
    throw bad(this.#at(name), 'must be true or false', value)
  }

  oneOf<Choice extends string>(
    name: string,
    choices: readonly Choice[],
    otherwise?: Choice,
  ): Choice {
    const value = this.#take(name, otherwise)
    const choice = choices.find((each) => each === value)
    if (choice !== undefined) return choice
    throw bad(this.#at(name), `must be one of ${choices.join(', ')}`, value)
  }

  object(name: string): Fields {
    return new Fields(this.#take(name, undefined), this.#at(name))
  }

  /** Each element read by `read`; empty when absent. */
  list<T>(name: string, read: (fields: Fields) => T): readonly T[] {
    const value = this.#take(name, [])
    if (!Array.isArray(value)) throw bad(this.#at(name), 'must be a list', value)
    return value.map((each, at) => read(new Fields(each, `${this.#at(name)}[${at}]`)))
  }

  /** Whole numbers from 0; undefined when absent. */
  wholes(name: string, below: number): readonly number[] | undefined {
    if (!this.has(name)) return undefined
    const value = this.#take(name, undefined)
    const isFine =
      Array.isArray(value) &&
      value.every((each) => Number.isInteger(each) && each >= 0 && each < below)
    if (isFine) return value as number[]
    throw bad(this.#at(name), `must be a list of whole numbers below ${below}`, value)
  }

  /** @throws {ScenarioError} BAD_SCENARIO when a field was given that nobody read: a typing error would do nothing */
  end(): void {
    for (const name of Object.keys(this.#fields)) {
      if (this.#read.has(name)) continue
      const known = [...this.#read].join(', ')
      throw bad(this.#at(name), `is not known here; known are ${known}`, this.#fields[name])
    }
  }

  #take(name: string, otherwise: unknown): unknown {
    this.#read.add(name)
    const value = this.#fields[name] ?? otherwise
    if (value === undefined)
      throw new ScenarioError('BAD_SCENARIO', this.#at(name), `${this.#at(name)} is missing`)
    return value
  }

  #at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }
}

function bad(path: string, what: string, value: unknown): ScenarioError {
  const shown = JSON.stringify(value)?.slice(0, 60) ?? 'nothing'
  const where = path === '' ? 'the scenario' : path
  return new ScenarioError('BAD_SCENARIO', path, `${where} ${what}, not ${shown}`)
}
