// Clock of one process: the simulation's time, alarms that end with the process, a wall clock that may jump.

import type { Alarm, Clock } from '@bt/ports'
import type { Life } from './life.ts'
import type { Occurrence } from './occurrence.ts'

export class SimClock implements Clock {
  readonly #life: Life
  readonly #wall: { offsetSeconds: number }

  /** `wall` belongs to the host and outlives the process. */
  constructor(life: Life, wall: { offsetSeconds: number }) {
    this.#life = life
    this.#wall = wall
  }

  now(): number {
    return this.#life.simulation.nowUs / 1000
  }

  at(timeMs: number, run: () => void): Alarm {
    const alarm = new ProcessAlarm(this.#life, run)
    const { simulation } = this.#life
    if (timeMs !== Number.POSITIVE_INFINITY && this.#life.alive)
      simulation.schedule(simulation.microseconds(timeMs), alarm)
    return alarm
  }

  wallSeconds(): number {
    return this.#life.simulation.clock.wallSeconds() + this.#wall.offsetSeconds
  }
}

class ProcessAlarm implements Occurrence, Alarm {
  readonly kind = 'alarm'
  readonly size = 0
  readonly host: number
  readonly #life: Life
  #run: (() => void) | undefined

  constructor(life: Life, run: () => void) {
    this.#life = life
    this.host = life.host
    this.#run = run
    life.open.alarms++
  }

  get dead(): boolean {
    return this.#run === undefined || !this.#life.alive
  }

  happen(): void {
    const run = this.#run
    this.#run = undefined
    this.#life.open.alarms--
    run?.()
  }

  cancel(): void {
    if (this.#run === undefined) return
    this.#run = undefined
    this.#life.open.alarms--
    this.#life.simulation.calledOff()
  }
}
