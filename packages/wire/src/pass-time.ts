// What time does to a connection: it dies of silence, says a keep-alive, gives requests up and lets go of holds.

import type { Message } from './message.ts'
import { sayReject } from './say-requests.ts'
import type { SessionState } from './session-state.ts'
import { sayGivenUp } from './stretches.ts'

const KEEP_ALIVE: Message = { type: 'keep-alive' }

/** @throws {WireError} TIMED_OUT, blame remote */
export function passTime(state: SessionState, now: number): void {
  state.now = now
  state.isHastened = true
  if (state.isKeepAliveDue(now)) {
    state.say(KEEP_ALIVE)
    state.said(now)
  }
  for (const asked of state.requests.expire(now)) {
    const { piece, begin, length } = asked
    sayGivenUp(state, asked)
    state.push({ type: 'reject', piece, begin, length, why: 'expired' })
  }
  for (const { piece, begin, length } of state.answers.expireHolds(now)) {
    sayReject(state, { piece, begin, length })
    state.push({ type: 'hold-expired', piece, begin, length })
  }
}

/** When `passTime` has something to do; Infinity: never. */
export function deadlineOf(state: SessionState): number {
  if (state.phase === 'closed') return Number.POSITIVE_INFINITY
  return Math.min(state.livenessDeadline, state.requests.deadline, state.answers.deadline)
}
