// Asking, answering, choking: what may be said about requests, and when (BEP 3, 6).
//
// With the fast extension every request of the peer gets exactly one answer, a piece or a reject; without it a request
// that will not be served is dropped in silence, and a choke drops them all.

import type { BlockData } from '@bt/primitives'
import type { BlockRange, Message } from './message.ts'
import type { Asked } from './request-book.ts'
import type { SessionState } from './session-state.ts'
import { joinStretch, sayGivenUp } from './stretches.ts'

/** How a request of ours is meant. */
export interface RequestOptions {
  /** Promised, not had (advance notice): it neither snubs nor counts as the only asker. */
  readonly soft?: boolean
  /** Milliseconds from `now`; when they pass: event 'reject', why 'expired', and a cancel is sent. */
  readonly deadlineMs?: number
  /** Bytes up to which it may be joined to the request before it (see stretches.ts); absent: it stays alone. */
  readonly stretchMax?: number
}

export const NO_OPTIONS: RequestOptions = {}
const CHOKE: Message = { type: 'choke' }
const UNCHOKE: Message = { type: 'unchoke' }
const INTERESTED: Message = { type: 'interested' }
const NOT_INTERESTED: Message = { type: 'not-interested' }

/** Open, not choked or allowed-fast, and room under the peer's `reqq`. */
export function mayRequest(state: SessionState, piece: number): boolean {
  if (state.phase !== 'open' || state.geometry === undefined) return false
  if (state.peerChoking && !state.fastFromPeer.has(piece)) return false
  return state.requests.count < state.requestsOpenMax
}

export function sayRequest(
  state: SessionState,
  piece: number,
  begin: number,
  length: number,
  options: RequestOptions,
): void {
  if (!mayRequest(state, piece)) throw state.notNow(`request ${piece}:${begin}+${length}`)
  if (state.geometry?.hasBlock(piece, begin, length) !== true) {
    throw state.misuse('OUT_OF_RANGE', `request ${piece}:${begin}+${length}: no such block`)
  }
  state.isHastened = true
  const deadline = state.now + (options.deadlineMs ?? Number.POSITIVE_INFINITY)
  const soft = options.soft === true
  const asked: Asked = { piece, begin, length, soft, deadline, stretch: undefined }
  if (!state.requests.add(asked)) {
    throw state.misuse('MESSAGE_OUT_OF_TURN', `request ${piece}:${begin} is open already`)
  }
  if (!joinStretch(state, asked, options.stretchMax ?? 0)) {
    state.say({ type: 'request', piece, begin, length })
  }
}

export function sayCancel(state: SessionState, { piece, begin, length }: BlockRange): void {
  const asked = state.requests.giveUp(piece, begin, length)
  if (asked !== undefined) sayGivenUp(state, asked)
}

export function sayInterest(state: SessionState, interested: boolean): void {
  if (state.amInterested === interested) return
  state.amInterested = interested
  state.say(interested ? INTERESTED : NOT_INTERESTED)
}

export function sayUnchoke(state: SessionState): void {
  if (!state.amChoking) return
  state.amChoking = false
  state.outbox.joinLater() // what it may ask for now
  state.say(UNCHOKE)
}

export function sayChoke(state: SessionState): void {
  if (state.amChoking) return
  state.amChoking = true
  state.say(CHOKE)
  const dropped = state.answers.takeWhere(({ piece }) => !state.fastToPeer.has(piece))
  for (const owed of dropped) sayReject(state, owed)
}

/** For a request that is out of the book. */
export function sayReject(state: SessionState, { piece, begin, length }: BlockRange): void {
  if (state.fast) state.say({ type: 'reject-request', piece, begin, length })
}

/** False: the request is not open any more. */
export function sayBlock(
  state: SessionState,
  piece: number,
  begin: number,
  data: BlockData,
  sent: (() => void) | undefined,
): boolean {
  if (!state.answers.take(piece, begin, data.length)) return false
  state.say({ type: 'piece', piece, begin, data }, sent)
  return true
}
