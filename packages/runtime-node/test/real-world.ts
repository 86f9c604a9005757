// A world of real time for the contract suites: waits by polling, gives up after a generous while.
import type { World } from '@bt/ports/contract'

/** Nothing on loopback takes this long, not even on a busy machine. */
const PATIENCE_MS = 15_000

export function realWorld(
  close: () => void | Promise<void> = () => {},
  patienceMs = PATIENCE_MS,
): World {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const nap = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds))
  return {
    async until(holds, what) {
      const start = performance.now()
      for (let polls = 0; !holds(); polls++) {
        if (performance.now() - start > patienceMs) throw new Error(`did not happen: ${what}`)
        await (polls < 50 ? turn() : nap(1))
      }
    },
    async pass(milliseconds) {
      const start = performance.now()
      while (performance.now() - start < milliseconds) await nap(milliseconds)
    },
    async close() {
      await close()
    },
  }
}
