// How a port answers: one callback, called once, later.

/**
 * Called exactly once, and never before the call that took it has returned.
 *
 * With an error, `value` is undefined whatever its type says: look at `error` first.
 */
export type Done<T = void> = (error: Error | undefined, value: T) => void

/** Something that was started and can be called off; calling off twice, or too late, does nothing. */
export interface Alarm {
  cancel(): void
}
