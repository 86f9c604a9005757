// Adjacent blocks that travel as one request and one block, between peers that both want that.
//
// A peer says in its extension handshake how long a request it answers (`reql`, ours alone; libtorrent drops who asks for
// more than a block, so nobody is asked unsaid). The book of requests still has one entry for each block: what came, was
// refused or is given up is told block by block, or as one where all fared alike. Only the wire sees stretches, and a peer
// that answers one sees an ordinary request. Given up is a stretch when all its blocks are: half of one still comes.

import type { BlockRange } from './message.ts'
import type { Asked } from './request-book.ts'
import type { SessionState } from './session-state.ts'

/**
 * Joins a request to the one said just before it, where that ends where this one begins and both together are not longer
 * than `lengthMax` bytes and what the peer takes. False: it is to be said by itself.
 */
export function joinStretch(state: SessionState, asked: Asked, lengthMax: number): boolean {
  const before = state.askedLast
  state.askedLast = asked
  const most = Math.min(lengthMax, state.requestLengthMaxOfPeer)
  const { piece, begin, length } = asked
  if (before === undefined || most <= length || !isBlock(state, before)) return false
  if (!state.outbox.growRequest(piece, begin, length, most)) return false
  const stretch = (before.stretch ??= { begin: before.begin, length: before.length, open: 1 })
  stretch.length += length
  stretch.open++
  asked.stretch = stretch
  return true
}

/** A request of ours is given up: says so when nothing of what was asked with it is wanted any more. */
export function sayGivenUp(state: SessionState, asked: Asked): void {
  const { piece, stretch } = asked
  if (stretch !== undefined && --stretch.open > 0) return
  const { begin, length } = stretch ?? asked
  state.say({ type: 'cancel', piece, begin, length })
}

/** Tells a block that answers several requests. False: it answers none. */
export function hearStretch(
  state: SessionState,
  piece: number,
  begin: number,
  data: Uint8Array,
): boolean {
  const parts: { readonly asked: Known; readonly from: number; to: number }[] = []
  let isAnyKnown = false
  for (const { begin: from, length } of blocksOf(state, piece, begin, data.length)) {
    const asked = state.requests.answered(piece, from, length, state.now)
    isAnyKnown ||= asked !== 'never'
    const last = parts.at(-1)
    if (last?.asked === asked) last.to = from + length
    else parts.push({ asked, from, to: from + length })
  }
  if (!isAnyKnown) return false
  for (const { asked, from, to } of parts) {
    state.push({
      type: 'block',
      piece,
      begin: from,
      data: data.subarray(from - begin, to - begin),
      asked,
    })
  }
  return true
}

/** Tells the end of each request that a reject is about. False: it is about none. */
export function hearStretchRejected(state: SessionState, range: BlockRange): boolean {
  let isAnyKnown = false
  for (const block of blocksOf(state, range.piece, range.begin, range.length)) {
    const asked = state.requests.rejected(block.piece, block.begin, block.length)
    if (asked === 'open') state.push({ type: 'reject', ...block, why: 'rejected' })
    isAnyKnown ||= asked !== 'never'
  }
  return isAnyKnown
}

function isBlock({ geometry }: SessionState, { begin, length }: Asked): boolean {
  const blockLength = geometry?.blockLength ?? 1
  return length === blockLength && begin % blockLength === 0
}

type Known = 'open' | 'cancelled' | 'never'

/** The blocks of a range that we asked for as one; none where we did not. */
function blocksOf(
  state: SessionState,
  piece: number,
  begin: number,
  length: number,
): readonly BlockRange[] {
  const { geometry, requests } = state
  if (geometry === undefined || requests.stretchAt(piece, begin)?.length !== length) return []
  const blocks: BlockRange[] = []
  const end = begin + length
  for (let from = begin; from < end; from += geometry.blockLength) {
    blocks.push({ piece, begin: from, length: Math.min(geometry.blockLength, end - from) })
  }
  return blocks
}
