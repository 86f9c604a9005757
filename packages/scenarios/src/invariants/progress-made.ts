// Liveness (I12): undisturbed, and with every piece somewhere in reach, what is missing falls in every window.

import type { Invariant } from '../run-view.ts'

/** Milliseconds in which somebody must have got a piece. */
export const WINDOW_MS = 60_000

export const progressMade: Invariant = {
  name: 'progress-made',
  begin: () => {
    let most = -1
    let sinceMs = 0
    return {
      tick: ({ world, nowMs, disturbedUntilMs, isOver, scenario }) => {
        let have = 0
        let waiting = 0
        for (const { haveCount, isUp, plan } of world.members) {
          have += haveCount
          if (isUp && !plan.isSeed && haveCount < scenario.pieces) waiting++
        }
        if (have !== most || waiting === 0 || isOver) {
          most = have
          sinceMs = nowMs
        }
        sinceMs = Math.max(sinceMs, Math.min(nowMs, disturbedUntilMs))
        if (nowMs - sinceMs < WINDOW_MS) return undefined
        sinceMs = nowMs
        return `${waiting} peers wait, and nobody got a piece for ${WINDOW_MS / 1000} s`
      },
    }
  },
}
