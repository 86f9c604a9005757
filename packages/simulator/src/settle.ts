// Virtual time for code that awaits: façades are made of promises, and promises need turns of the real event loop.

import type { Simulation } from './simulation.ts'

/**
 * Turns of the microtask queue after each event. Every `await` in a chain takes one to three, so chains of
 * some ten awaits go through within the event that woke them. A fixed number, so that runs repeat.
 */
const TURNS = 32

/**
 * Runs the simulation, event by event, until `promise` is settled, and answers it.
 *
 * Rejects as `promise` does; with SimulationError NOT_REACHED when the virtual time is up, or when nothing is
 * left to happen, before that.
 */
export function settle<T>(
  simulation: Simulation,
  promise: Promise<T>,
  limits: { readonly timeMs?: number } = {},
): Promise<T> {
  let settled = false
  const mark = (): void => {
    settled = true
  }
  promise.then(mark, mark)
  const timeMs = limits.timeMs ?? Number.POSITIVE_INFINITY
  return new Promise<T>((resolve, reject) => {
    const step = (turnsLeft: number): void => {
      if (turnsLeft > 0) {
        void Promise.resolve().then(() => step(turnsLeft - 1))
        return
      }
      if (settled) {
        resolve(promise)
        return
      }
      try {
        const { stopped } = simulation.run({ timeMs, events: 1 })
        if (stopped === 'events') step(TURNS)
        else {
          const why = stopped === 'idle' ? 'nothing is left to happen' : `${timeMs} ms are over`
          reject(simulation.failure('NOT_REACHED', `what was awaited did not come: ${why}`))
        }
      } catch (error) {
        reject(error)
      }
    }
    step(TURNS)
  })
}
