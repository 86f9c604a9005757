// Telling the peer what we have or may give (BEP 3, 6).

import type { ReadonlyBitfield } from '@bt/primitives'
import type { Message } from './message.ts'
import type { SessionState } from './session-state.ts'

const HAVE_ALL: Message = { type: 'have-all' }
const HAVE_NONE: Message = { type: 'have-none' }

/** One of have-all, have-none and bitfield, or nothing: with the fast extension there must be one. */
export function sayPieces(state: SessionState, have: ReadonlyBitfield): void {
  if (state.saidPieces) throw state.notNow('all pieces after some were told')
  state.saidPieces = true
  if (have.count === 0) {
    if (state.fast) state.say(HAVE_NONE)
  } else if (have.count === have.length && state.fast) state.say(HAVE_ALL)
  else state.say({ type: 'bitfield', bits: have.toBytes() })
}

/** `isUrgent` false: nothing is lost when the peer hears of it later. */
export function sayHave(state: SessionState, piece: number, isUrgent: boolean): void {
  state.saidPieces = true
  if (isUrgent) state.say(haveOf(piece))
  else state.outbox.putLater(haveOf(piece))
}

/** A have that goes past the outbox, if nothing is in it. */
export function takeHave(state: SessionState, piece: number): Message | undefined {
  if (!state.maySpeak || !state.outbox.isIdle) return undefined
  state.saidPieces = true
  state.said(state.now)
  return haveOf(piece)
}

function haveOf(piece: number): Message {
  if (latestHave.piece !== piece) latestHave = { type: 'have', piece }
  return latestHave
}

/** One object for all peers that are told of a piece: messages are never changed. */
let latestHave: Extract<Message, { readonly type: 'have' }> = { type: 'have', piece: -1 }

/** A promise to serve the piece once while we choke the peer; it is not a have. */
export function sayAllowedFast(state: SessionState, piece: number): void {
  if (!state.fast || state.fastToPeer.has(piece)) return
  const { geometry } = state
  if (geometry === undefined) throw state.notNow('allowed-fast without metadata')
  const length = geometry.lengthOf(geometry.piece(piece))
  state.fastToPeer = new Map(state.fastToPeer).set(piece, length)
  state.say({ type: 'allowed-fast', piece })
}
