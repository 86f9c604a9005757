import { PieceGeometry } from '@bt/metainfo'
import { Bitfield } from '@bt/primitives'
import { expect, test } from 'vitest'
import type { Peer } from '../src/peers/peer.ts'
import type { PolicySeat } from '../src/policy-seat.ts'
import { Haves } from '../src/transfer/haves.ts'

const PIECES = 3
/** Peers of whom nothing is asked but that they are there: with them, a piece that one peer has is rare. */
const COMPANY = 8

interface Facts {
  readonly pieces: Bitfield
  readonly peerInterested: boolean
  readonly amChoking: boolean
}

interface Setting {
  readonly isPatient?: boolean
  /** How many peers have each piece. */
  readonly availability?: number
}

/** For each of our pieces 2, 0 and 1, whether a peer like this was told at once. */
function tell(facts: Partial<Facts>, { isPatient = true, availability = COMPANY }: Setting = {}) {
  const told: boolean[] = []
  const session = { peerInterested: false, amChoking: true, ...facts }
  const peer = {
    pieces: facts.pieces ?? new Bitfield(PIECES),
    session,
    glanceAt: () => 0,
    tellHave: (_: number, isUrgent: boolean): void => void told.push(isUrgent),
  } as unknown as Peer
  const have = new Bitfield(PIECES)
  const haves = havesOf(have, [peer], { isPatient, availability })
  for (const piece of [2, 0, 1]) {
    have.set(piece)
    haves.gained(piece)
  }
  return told
}

function havesOf(have: Bitfield, peers: readonly Peer[], setting: Required<Setting>): Haves {
  return new Haves({
    have,
    geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: have.length }] }),
    seat: { hidesPieces: false } as PolicySeat,
    bitfield: true,
    isPatient: setting.isPatient,
    peers: () => peers,
    peerCount: () => COMPANY,
    availabilityOf: () => setting.availability,
  })
}

const hasAll = { pieces: Bitfield.full(PIECES) }
const waits = { peerInterested: true, amChoking: true }

test('who has the piece hears of it with other words, and at once when it is our last', () => {
  expect(tell(hasAll)).toEqual([false, false, true])
})

test('who is interested and choked hears of a common piece with other words: it may ask for nothing yet', () => {
  expect(tell(waits)).toEqual([false, false, true])
})

test('who is not interested hears at once: it may be from now on', () => {
  expect(tell({ peerInterested: false, amChoking: true })).toEqual([true, true, true])
})

test('who is unchoked hears at once: it may ask', () => {
  expect(tell({ peerInterested: true, amChoking: false })).toEqual([true, true, true])
})

test('a piece that few have is told at once to all who lack it: their choice depends on it', () => {
  expect(tell(waits, { availability: 2 })).toEqual([true, true, true])
  expect(tell(hasAll, { availability: 2 })).toEqual([false, false, true])
})

test('patientHaves off: a new piece is told to everybody at once', () => {
  for (const facts of [{}, hasAll, waits]) {
    expect(tell(facts, { isPatient: false })).toEqual([true, true, true])
  }
})

test('what waits for company is told after half a minute, and to who loses interest at once', () => {
  const said: string[] = []
  const peer = (name: string): Peer => {
    const session = { sendWaiting: () => said.push(`${name} waiting`), hasOutput: name === 'a' }
    return { session, touch: () => said.push(`${name} touched`) } as unknown as Peer
  }
  const peers = [peer('a'), peer('b')]
  const haves = havesOf(new Bitfield(PIECES), peers, { isPatient: true, availability: 1 })
  for (const now of [10_000, 20_000]) haves.tick(now)
  expect(said).toEqual([])
  haves.tick(30_000)
  expect(said).toEqual(['a waiting', 'a touched', 'b waiting'])
  haves.tick(50_000)
  expect(said).toHaveLength(3)
  haves.disinterested(peers[0] as Peer)
  expect(said.slice(3)).toEqual(['a waiting', 'a touched'])
})

test('a piece that few have is told at once, one that many have waits for company', () => {
  const have = new Bitfield(2)
  const waitsMs: number[] = []
  const peers = Array.from({ length: 40 }, () => {
    const tellHave = (_: number, __: boolean, waitMs: number): void => void waitsMs.push(waitMs)
    return { pieces: new Bitfield(2), session: {}, glanceAt: () => 0, tellHave } as unknown as Peer
  })
  const haves = new Haves({
    have,
    geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: 2 }] }),
    seat: { hidesPieces: false } as PolicySeat,
    bitfield: true,
    isPatient: true,
    peers: () => peers,
    peerCount: () => peers.length,
    availabilityOf: (piece) => (piece === 0 ? 10 : 11),
  })
  for (const piece of [0, 1]) {
    have.set(piece)
    haves.gained(piece)
  }
  expect(waitsMs).toEqual([...Array(40).fill(0), ...Array(40).fill(400)])
})
