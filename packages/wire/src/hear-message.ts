// What each message of an open connection means: one function a type, in one table that the compiler keeps complete.
//
// Blocks and requests have their own file. A rule that a peer breaks throws WireError, blame remote; what is merely of
// no use is charged to its budget. BEP 3, 5, 6, 10, 52.

import { isHashRange } from './hash-range.ts'
import { hearExtended } from './hear-extended.ts'
import { hearBlock, hearCancel, hearReject, hearRequest } from './hear-requests.ts'
import type { Message } from './message.ts'
import type { PeerEvent } from './peer-event.ts'
import type { Asked } from './request-book.ts'
import type { SessionState } from './session-state.ts'
import { ALLOWED_FAST_MAX } from './wire-limits.ts'

type Rules = {
  readonly [T in Message['type']]: (
    state: SessionState,
    message: Extract<Message, { readonly type: T }>,
  ) => void
}

const RULES: Rules = {
  'keep-alive': (state) => state.charge(1, 'MESSAGE_FLOOD', 'keep-alive'),
  choke: (state) => {
    if (state.peerChoking) return state.charge(1, 'MESSAGE_FLOOD', 'choke while choking')
    state.peerChoking = true
    flapped(state, 'choke')
    // Without the fast extension a choke drops every request, and late blocks are normal (BEP 3).
    if (!state.fast) for (const asked of state.requests.giveUpWhere(every)) lost(state, asked)
  },
  unchoke: (state) => {
    if (!state.peerChoking) return state.charge(1, 'MESSAGE_FLOOD', 'unchoke while not choking')
    state.peerChoking = false
    flapped(state, 'unchoke')
  },
  interested: (state) => {
    if (state.peerInterested) return state.charge(1, 'MESSAGE_FLOOD', 'interested twice')
    state.peerInterested = true
    flapped(state, 'interested')
  },
  'not-interested': (state) => {
    if (!state.peerInterested) return state.charge(1, 'MESSAGE_FLOOD', 'not interested twice')
    state.peerInterested = false
    flapped(state, 'not-interested')
  },
  have: (state, message) => {
    // the message says as an event just what it says as a message
    if (gained(state, message.piece, state.now)) state.push(message)
  },
  bitfield: (state, { bits }) => {
    if (state.pieces.isTold) hearMorePieces(state, bits)
    else tellPieces(state, state.pieces.bitfield(bits))
  },
  'have-all': (state) => {
    needFast(state, 'have-all')
    tellPieces(state, state.pieces.all())
  },
  'have-none': (state) => {
    needFast(state, 'have-none')
    tellPieces(state, state.pieces.none())
  },
  piece: hearBlock,
  request: hearRequest,
  cancel: hearCancel,
  'reject-request': (state, message) => {
    needFast(state, 'reject-request')
    hearReject(state, message)
  },
  'suggest-piece': (state, { piece }) => {
    needFast(state, 'suggest-piece')
    needPiece(state, piece)
    state.charge(1, 'MESSAGE_FLOOD', 'suggest-piece')
    state.push({ type: 'suggest', piece })
  },
  'allowed-fast': (state, { piece }) => {
    needFast(state, 'allowed-fast')
    needPiece(state, piece)
    state.charge(1, 'MESSAGE_FLOOD', 'allowed-fast')
    if (state.fastFromPeer.has(piece) || state.fastFromPeer.size >= ALLOWED_FAST_MAX) return
    state.fastFromPeer = new Set(state.fastFromPeer).add(piece)
    state.push({ type: 'allowed-fast', piece })
  },
  port: (state, { port }) => {
    state.charge(1, 'MESSAGE_FLOOD', 'port')
    if (port !== 0) state.push({ type: 'port', port })
  },
  'hash-request': (state, { range }) => {
    needV2(state, 'hash-request')
    if (isHashRange(range)) return state.push({ type: 'hash-request', range })
    state.charge(1, 'REQUEST_FLOOD', 'hash-request of an impossible range')
    state.say({ type: 'hash-reject', range: { ...range, piecesRoot: range.piecesRoot.slice() } })
  },
  'hash-reject': (state, { range }) => {
    needV2(state, 'hash-reject')
    state.push({ type: 'hash-reject', range })
  },
  hashes: (state, { range, hashes }) => {
    needV2(state, 'hashes')
    state.push({ type: 'hashes', range, hashes })
  },
  extended: hearExtended,
  unknown: (state, { id }) => state.charge(1, 'MESSAGE_FLOOD', `message ${id}`),
}

/** @throws {WireError} blame remote: the connection is over */
export function hearMessage(state: SessionState, message: Message): void {
  needOpen(state, message.type)
  const rule = RULES[message.type] as (state: SessionState, message: Message) => void
  rule(state, message)
}

/** The same for a have, without an event: answers whether there would be one. */
export function hearHave(state: SessionState, piece: number, now: number): boolean {
  needOpen(state, 'have')
  return gained(state, piece, now)
}

function needOpen(state: SessionState, type: Message['type']): void {
  if (state.phase === 'open') return
  throw state.wrong('MESSAGE_OUT_OF_TURN', `a ${type} message before the handshake`)
}

/** The peer has a piece more, and it is known which pieces there are. */
function gained(state: SessionState, piece: number, now: number): boolean {
  const isNews = state.pieces.gained(piece)
  if (!isNews) {
    state.now = now
    state.charge(1, 'MESSAGE_FLOOD', 'have twice')
  }
  return isNews && state.geometry !== undefined
}

/** A request of ours that a choke dropped. */
function lost(state: SessionState, { piece, begin, length }: Asked): void {
  state.push({ type: 'reject', piece, begin, length, why: 'choked' })
}

const every = (): boolean => true

/** Flags may change at any rate that is of use to anyone; each change costs a little of the budget. */
function flapped(
  state: SessionState,
  type: 'choke' | 'unchoke' | 'interested' | 'not-interested',
): void {
  state.charge(1, 'MESSAGE_FLOOD', type)
  state.push({ type })
}

function tellPieces(
  state: SessionState,
  pieces: Extract<PeerEvent, { type: 'pieces' }>['pieces'] | undefined,
): void {
  if (pieces !== undefined) state.push({ type: 'pieces', pieces })
}

function needFast(state: SessionState, what: string): void {
  if (state.fast) return
  throw state.wrong('MESSAGE_OUT_OF_TURN', `a ${what} message without the fast extension`)
}

function needV2(state: SessionState, what: string): void {
  if (state.version === '2') return
  throw state.wrong('MESSAGE_OUT_OF_TURN', `a ${what} message in a v1 connection`)
}

function needPiece(state: SessionState, piece: number): void {
  const count = state.geometry?.pieceCount ?? state.limits.piecesBeforeGeometryMax
  if (piece >= count) throw state.wrong('OUT_OF_RANGE', `piece ${piece} of ${count}`)
}

/**
 * A bitfield later on: aria2 sends one in place of many haves. What is new in it is told as haves, so that nothing is
 * counted twice; what is missing from it is not taken back.
 */
function hearMorePieces(state: SessionState, bits: Uint8Array): void {
  state.pieces.checkBitfield(bits)
  let isNews = false
  for (let piece = 0; piece < bits.length * 8; piece++) {
    if (((bits[piece >> 3] as number) & (128 >> (piece & 7))) === 0) continue
    if (!state.pieces.gained(piece)) continue
    isNews = true
    if (state.geometry !== undefined) state.push({ type: 'have', piece })
  }
  if (!isNews) state.charge(1, 'MESSAGE_FLOOD', 'a bitfield without news')
}
