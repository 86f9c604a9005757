// Blocks, rejects, requests and cancels as they come: the hot path, and the rules of BEP 3 and BEP 6 about them.
//
// A request of the peer either becomes an event or is answered here: refused with a reject where there is the fast
// extension, in silence where there is none. A block is looked up before it is checked: what was asked was in range.

import type { BlockContent, BlockRange } from './message.ts'
import type { SessionState } from './session-state.ts'
import { hearStretch, hearStretchRejected } from './stretches.ts'
import { UNASKED_BLOCK_WEIGHT } from './wire-limits.ts'

export function hearBlock(state: SessionState, { piece, begin, data }: BlockContent): void {
  state.isHastened = true // those that were skipped are waited for less long
  const asked = state.requests.answered(piece, begin, data.length, state.now)
  if (asked === 'never') {
    if (data instanceof Uint8Array && hearStretch(state, piece, begin, data)) return
    needBlock(state, 'a block', piece, begin, data.length)
    state.charge(UNASKED_BLOCK_WEIGHT, 'MESSAGE_FLOOD', `block ${piece}:${begin} nobody asked for`)
  }
  state.push({ type: 'block', piece, begin, data, asked })
}

export function hearReject(state: SessionState, range: BlockRange): void {
  const { piece, begin, length } = range
  const asked = state.requests.rejected(piece, begin, length)
  if (asked === 'open') state.push({ type: 'reject', piece, begin, length, why: 'rejected' })
  else if (asked === 'never' && !hearStretchRejected(state, range))
    state.charge(1, 'MESSAGE_FLOOD', 'reject of what was not asked')
}

export function hearRequest(state: SessionState, { piece, begin, length }: BlockRange): void {
  if (state.geometry === undefined) return refuse(state, piece, begin, length)
  needBlock(state, 'a request', piece, begin, length)
  const lengthMax = Math.max(state.limits.requestLengthMax, state.geometry.blockLength)
  if (length > lengthMax) {
    throw state.wrong('OUT_OF_RANGE', `a request of ${length} bytes, limit ${lengthMax}`)
  }
  if (state.answers.count >= state.limits.requestsFromPeerMax) {
    return refuse(state, piece, begin, length)
  }
  if (state.amChoking && !mayHaveFast(state, piece, length)) {
    return refuse(state, piece, begin, length)
  }
  if (!state.answers.add(piece, begin, length)) return refuse(state, piece, begin, length)
  if (state.amChoking) takeFast(state, piece, length)
  state.push({ type: 'request', piece, begin, length })
}

export function hearCancel(state: SessionState, { piece, begin, length }: BlockRange): void {
  if (!state.answers.take(piece, begin, length)) {
    return state.charge(1, 'MESSAGE_FLOOD', 'cancel of what is not open')
  }
  if (state.fast) state.say({ type: 'reject-request', piece, begin, length })
  state.push({ type: 'cancel', piece, begin, length })
}

/** While choked a peer may have each allowed-fast piece once over, not again and again. */
function mayHaveFast(state: SessionState, piece: number, length: number): boolean {
  return (state.fastToPeer.get(piece) ?? 0) >= length
}

function takeFast(state: SessionState, piece: number, length: number): void {
  state.fastToPeer = new Map(state.fastToPeer).set(
    piece,
    (state.fastToPeer.get(piece) as number) - length,
  )
}

function refuse(state: SessionState, piece: number, begin: number, length: number): void {
  state.charge(1, 'REQUEST_FLOOD', `request ${piece}:${begin}, refused`)
  if (state.fast) state.say({ type: 'reject-request', piece, begin, length })
}

function needBlock(
  state: SessionState,
  what: string,
  piece: number,
  begin: number,
  length: number,
): void {
  if (state.geometry?.hasBlock(piece, begin, length) === true) return
  throw state.wrong('OUT_OF_RANGE', `${what} of ${length} bytes at ${piece}:${begin}`)
}
