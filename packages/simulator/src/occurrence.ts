// What the event loop runs: an object that is due at some time, not a closure.

import type { TraceKind } from './trace.ts'

/** Something that is due at some time. Objects that live long may schedule themselves again and again. */
export interface Occurrence {
  readonly kind: TraceKind
  /** Index of the host it happens at; −1: none. */
  readonly host: number
  /** Bytes moved, or a number that tells two events of a kind apart; goes into the trace hash. */
  readonly size: number
  /** True: called off. It is skipped, is no event, and does not move the clock. */
  readonly dead: boolean
  happen(): void
}
