// Steps that answer by callback, a few at a time, until all are done or one has failed.

import type { Done } from '@bt/ports'

/**
 * Runs `step` for 0 … count − 1, at most `atOnce` of them open, in order of their numbers. The first error ends
 * it: nothing new is begun, and `done` gets it when the open ones have answered. With `count` 0 `done` runs at
 * once, inside the call: callers see to it that there is a step, or that somebody else waited.
 */
export function inTurn(
  count: number,
  atOnce: number,
  step: (index: number, done: Done) => void,
  done: (error: Error | undefined) => void,
): void {
  let next = 0
  let open = 0
  let failure: Error | undefined
  let filling = false
  const more = (): boolean => failure === undefined && next < count
  const fill = (): void => {
    if (filling) return
    filling = true
    while (more() && open < atOnce) {
      open++
      step(next++, (error) => {
        open--
        failure ??= error
        fill()
      })
    }
    filling = false
    if (open === 0 && !more()) done(failure)
  }
  fill()
}
