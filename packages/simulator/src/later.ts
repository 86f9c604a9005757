// One thing to do at one time: alarms, answers of ports, anything that is not hot enough for an object of its own.

import type { Alarm } from '@bt/ports'
import type { Occurrence } from './occurrence.ts'
import type { TraceKind } from './trace.ts'

export class Later implements Occurrence, Alarm {
  readonly kind: TraceKind
  readonly host: number
  readonly size: number
  readonly #life: { readonly alive: boolean } | undefined
  readonly #simulation: { calledOff(): void }
  #run: (() => void) | undefined

  /** `life`: when that ends, so does this. */
  constructor(
    kind: TraceKind,
    host: number,
    size: number,
    life: { readonly alive: boolean } | undefined,
    run: () => void,
    simulation: { calledOff(): void },
  ) {
    this.kind = kind
    this.host = host
    this.size = size
    this.#life = life
    this.#run = run
    this.#simulation = simulation
  }

  get dead(): boolean {
    return this.#run === undefined || this.#life?.alive === false
  }

  happen(): void {
    const run = this.#run
    this.#run = undefined
    run?.()
  }

  cancel(): void {
    if (this.#run === undefined) return
    this.#run = undefined
    this.#simulation.calledOff()
  }
}
