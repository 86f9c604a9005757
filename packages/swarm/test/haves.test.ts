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
  /** What the policy says of every peer. */
  readonly prompts?: boolean | undefined
}

/** For each of our pieces 2, 0 and 1, whether a peer like this was told at once. */
function tell(facts: Partial<Facts>, setting: Setting = {}) {
  const told: boolean[] = []
  const session = { peerInterested: false, amChoking: true, ...facts }
  const peer = {
    pieces: facts.pieces ?? new Bitfield(PIECES),
    session,
    glanceAt: () => 0,
    tellHave: (_: number, isUrgent: boolean): void => void told.push(isUrgent),
  } as unknown as Peer
  const have = new Bitfield(PIECES)
  const haves = havesOf(have, [peer], setting)
  for (const piece of [2, 0, 1]) {
    have.set(piece)
    haves.gained(piece)
  }
  return told
}

function havesOf(
  have: Bitfield,
  peers: readonly Peer[],
  { isPatient = true, availability = COMPANY, prompts }: Setting,
): Haves {
  const seat = { hidesPieces: false, promptHaves: () => prompts }
  return new Haves({
    have,
    geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: have.length }] }),
    seat: seat as unknown as PolicySeat,
    bitfield: true,
    isPatient,
    peers: () => peers,
    peerCount: () => COMPANY,
    availabilityOf: () => availability,
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

test('a policy may have a peer told everything at once', () => {
  for (const facts of [{}, hasAll, waits]) {
    expect(tell(facts, { prompts: true })).toEqual([true, true, true])
  }
})

test('what waits for company is told after half a minute, and to who loses interest at once', () => {
  const said: string[] = []
  const peer = (name: string): Peer => {
    const session = { sendWaiting: () => said.push(`${name} waiting`), hasOutput: name === 'a' }
    return { session, touch: () => said.push(`${name} touched`) } as unknown as Peer
  }
  const peers = [peer('a'), peer('b')]
  const haves = havesOf(new Bitfield(PIECES), peers, { availability: 1 })
  for (const now of [10_000, 20_000]) haves.tick(now)
  expect(said).toEqual([])
  haves.tick(30_000)
  expect(said).toEqual(['a waiting', 'a touched', 'b waiting'])
  haves.tick(50_000)
  expect(said).toHaveLength(3)
  haves.disinterested(peers[0] as Peer)
  expect(said.slice(3)).toEqual(['a waiting', 'a touched'])
})

/** For how long haves of a piece that few have and of one that many have may wait, with forty peers. */
function waits40(prompts: boolean | undefined): readonly number[] {
  const have = new Bitfield(2)
  const waitsMs: number[] = []
  const tellHave = (_: number, __: boolean, waitMs: number): void => void waitsMs.push(waitMs)
  const session = { peerInterested: false, amChoking: true }
  const peer = { pieces: new Bitfield(2), session, glanceAt: () => 0, tellHave } as unknown as Peer
  const haves = new Haves({
    have,
    geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: 2 }] }),
    seat: { hidesPieces: false, promptHaves: () => prompts } as unknown as PolicySeat,
    bitfield: true,
    isPatient: true,
    peers: () => [peer],
    peerCount: () => 40,
    availabilityOf: (piece) => (piece === 0 ? 10 : 11),
  })
  for (const piece of [0, 1]) haves.gained(piece)
  return waitsMs
}

test('a piece that few have is told at once, one that many have waits for company', () => {
  expect(waits40(undefined)).toEqual([0, 400])
  expect(waits40(true)).toEqual([0, 400])
})

test('where a policy says that a peer hears soon enough, each waits a second, however few have it, and none for longer', () => {
  expect(waits40(false)).toEqual([1000, 1000])
  for (const facts of [{}, waits])
    expect(tell(facts, { prompts: false })).toEqual([true, true, true])
  expect(tell(hasAll, { prompts: false })).toEqual([false, false, true])
})
