import { PieceGeometry } from '@bt/metainfo'
import { Bitfield } from '@bt/primitives'
import { expect, test } from 'vitest'
import type { Peer } from '../src/peers/peer.ts'
import type { PolicySeat } from '../src/policy-seat.ts'
import { Haves } from '../src/transfer/haves.ts'

/** For each peer, whether it was told of each new piece at once. */
function tell(redundant: boolean): { readonly lacks: boolean[]; readonly has: boolean[] } {
  const have = new Bitfield(3)
  const peer = (pieces: Bitfield, told: boolean[]): Peer => {
    const tellHave = (_: number, isNews: boolean): void => void told.push(isNews)
    return { pieces, tellHave } as unknown as Peer
  }
  const told = { lacks: [], has: [] }
  const peers = [peer(new Bitfield(3), told.lacks), peer(Bitfield.full(3), told.has)]
  const haves = new Haves({
    have,
    geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: 3 }] }),
    seat: { hidesPieces: false } as PolicySeat,
    bitfield: true,
    redundant,
    peers: () => peers,
    peerCount: () => peers.length,
    availabilityOf: () => 1,
  })
  for (const piece of [2, 0, 1]) {
    have.set(piece)
    haves.gained(piece)
  }
  return told
}

test('a new piece is told to everybody at once', () => {
  expect(tell(true)).toEqual({ lacks: [true, true, true], has: [true, true, true] })
})

test('redundantHaves off: who has the piece hears of it with other words, and at once when it is our last', () => {
  expect(tell(false)).toEqual({ lacks: [true, true, true], has: [false, false, true] })
})

test('a piece that few have is told at once, one that many have waits for company', () => {
  const have = new Bitfield(2)
  const waits: number[] = []
  const peers = Array.from({ length: 40 }, () => {
    const tellHave = (_: number, __: boolean, waitMs: number): void => void waits.push(waitMs)
    return { pieces: new Bitfield(2), tellHave } as unknown as Peer
  })
  const haves = new Haves({
    have,
    geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: 2 }] }),
    seat: { hidesPieces: false } as PolicySeat,
    bitfield: true,
    redundant: true,
    peers: () => peers,
    peerCount: () => peers.length,
    availabilityOf: (piece) => (piece === 0 ? 10 : 11),
  })
  for (const piece of [0, 1]) {
    have.set(piece)
    haves.gained(piece)
  }
  expect(waits).toEqual([...Array(40).fill(0), ...Array(40).fill(400)])
})
