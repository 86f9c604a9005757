// What the simulator itself reports; simulated networks and disks report NetworkError and StorageError as real ones do.

export type SimulationErrorCode =
  /** Code under simulation threw; `cause` is what it threw. */
  | 'EVENT_FAILED'
  /** What a test waited for did not happen in the time, or the events, it was given. */
  | 'NOT_REACHED'
  /** `run()` without an end went past `EVENTS_MAX` events: something rearms an alarm for ever. */
  | 'ENDLESS'

/** Always with the seed and the virtual time, which is all that is needed to see it again. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly code: SimulationErrorCode
  readonly seed: number | string
  readonly timeMs: number
  /** How many events had happened. */
  readonly events: number
  constructor(
    code: SimulationErrorCode,
    message: string,
    facts: {
      readonly seed: number | string
      readonly timeMs: number
      readonly events: number
      readonly cause?: unknown
    },
  ) {
    const where = `seed ${facts.seed}, ${facts.timeMs} ms, event ${facts.events}`
    super(`${message} (${where})`, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = code
    this.seed = facts.seed
    this.timeMs = facts.timeMs
    this.events = facts.events
  }
}
