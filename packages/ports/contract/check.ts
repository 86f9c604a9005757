// What a contract suite is made of: named checks, each in a fresh world.
//
// No test runner is imported: a suite is a list of promises with names, so that any runner, and any
// adapter, real or simulated, takes it in one line. Every call of a port goes through a `Witness`, so the
// rule of `Done` (once, and never before the call has returned) is proved by every check of every suite.

import type { Done } from '../src/index.ts'

/** One fact about an adapter. */
export interface Check {
  readonly name: string
  /** Rejects, saying what was expected, when the fact does not hold. */
  run(): Promise<void>
}

/** What lets a check wait, in real time or in simulated time. */
export interface World {
  /** Lets time go on until `holds()`; rejects with `what` when that takes unreasonably long. */
  until(holds: () => boolean, what: string): Promise<void>
  /** Lets `milliseconds` of the adapter's own time go by. */
  pass(milliseconds: number): Promise<void>
  /** Gives back all the world holds. */
  close(): Promise<void>
}

/** Makes a fresh world for one check. */
export type Setup<Parts> = () => Promise<World & Parts>

/** Time after a check in which nothing may happen twice or too late. */
const AFTERMATH_MS = 3

export function checkIn<Parts>(
  name: string,
  setup: Setup<Parts>,
  body: (world: World & Parts, witness: Witness) => Promise<void>,
): Check {
  const run = async (): Promise<void> => {
    const world = await setup()
    const witness = new Witness(world)
    try {
      await body(world, witness)
      await world.pass(AFTERMATH_MS)
    } finally {
      await world.close()
    }
    witness.verdict()
  }
  return { name, run }
}

/** Sees to it that each `Done` comes once and after its call; collects what else went wrong in a callback. */
export class Witness {
  readonly #world: World
  readonly #complaints: string[] = []

  constructor(world: World) {
    this.#world = world
  }

  /** Notes a broken rule from inside a callback, where throwing would hit the adapter. */
  complain(sentence: string): void {
    this.#complaints.push(sentence)
  }

  /** Calls a port and waits for its value; rejects with its error. */
  async ask<T>(what: string, call: (done: Done<T>) => unknown): Promise<T> {
    const { error, value } = await this.#answer(what, call)
    if (error !== undefined) throw error
    return value
  }

  /** Calls a port that must fail; the error, whose `code` must be `code` when one is given. */
  async fails<T>(what: string, call: (done: Done<T>) => unknown, code?: string): Promise<Error> {
    const { error } = await this.#answer(what, call)
    if (error === undefined) throw new Error(`${what}: expected an error, got an answer`)
    that(error instanceof Error, `${what}: the error is an Error`)
    const got = (error as Error & { code?: unknown }).code
    if (code !== undefined && got !== code) {
      throw new Error(`${what}: expected code ${code}, got ${String(got)}`, { cause: error })
    }
    return error
  }

  /** A callback that may run once, and not before `armed()`; `ran` tells whether it has. */
  once(
    what: string,
    run: () => void = () => {},
  ): { readonly call: () => void; readonly arm: () => void; readonly ran: () => boolean } {
    let armed = false
    let runs = 0
    return {
      call: () => {
        if (!armed) this.complain(`${what}: ran before the call that took it had returned`)
        if (++runs > 1) this.complain(`${what}: ran ${runs} times`)
        run()
      },
      arm: () => {
        armed = true
      },
      ran: () => runs > 0,
    }
  }

  /** Throws when a rule was broken. */
  verdict(): void {
    if (this.#complaints.length > 0) throw new Error(this.#complaints.slice(0, 5).join('; '))
  }

  async #answer<T>(
    what: string,
    call: (done: Done<T>) => unknown,
  ): Promise<{ error: Error | undefined; value: T }> {
    let answer: { error: Error | undefined; value: T } | undefined
    const once = this.once(`${what}: done`)
    call((error, value) => {
      once.call()
      answer ??= { error, value }
    })
    once.arm()
    await this.#world.until(() => answer !== undefined, `${what}: done`)
    return answer as unknown as { error: Error | undefined; value: T }
  }
}

/** Fails with the sentence unless `holds`. */
export function that(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`expected: ${sentence}`)
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) {
    throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
  }
}

export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  equal(actual.length, expected.length, `${what}: length`)
  for (let at = 0; at < expected.length; at++) {
    if (actual[at] !== expected[at]) {
      throw new Error(`${what}: byte ${at} is ${actual[at]}, expected ${expected[at]}`)
    }
  }
}
