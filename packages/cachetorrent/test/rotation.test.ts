import type { PeerHandle } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { LOCAL_SLOTS, SLOT_MS } from '../src/limits.ts'
import { Rotation } from '../src/rotation.ts'
import { plainPeer } from './peers.ts'

const PIECE = 64_000
const peers = Array.from({ length: LOCAL_SLOTS + 4 }, (_, at) => plainPeer(at + 1, 8))
const isLocal = (): boolean => true

function asks(peer: PeerHandle): {
  peer: PeerHandle
  piece: number
  begin: number
  length: number
  since: number
  held: boolean
} {
  return { peer, piece: 0, begin: 0, length: PIECE, since: 0, held: false }
}

describe('whose request is next', () => {
  const behind = plainPeer(1, 8, [0])
  const ahead = plainPeer(2, 8, [0, 1, 2])
  const open = [
    { ...asks(ahead), since: 1 },
    { ...asks(behind), since: 2 },
  ]
  const served = (rotation: Rotation): readonly (PeerHandle | 'later')[] =>
    Array.from({ length: 4 }, () => {
      const next = rotation.next(open, () => 'local', 3)
      return next === 'later' ? next : next.peer
    })

  test('by turns that of who waited longest and of who has the least', () => {
    expect(served(new Rotation(0, PIECE))).toEqual([ahead, behind, ahead, behind])
  })

  test('while pieces are shown to sites in turn the oldest, however much its site got', () => {
    const rotation = new Rotation(0, PIECE)
    const groupOf = (peer: PeerHandle): string => (peer === ahead ? 'local' : 'other')
    rotation.served(ahead, 'local', 2 * PIECE, 0)
    rotation.turns.left(ahead)
    expect(rotation.next(open, groupOf, 3)).toMatchObject({ peer: behind })
    expect(rotation.oldest(open, 3)).toMatchObject({ peer: ahead })
  })

  test('among strangers who says that it has little gets no more for it', () => {
    expect(served(new Rotation(0, PIECE, 'strangers'))).toEqual([ahead, ahead, ahead, ahead])
  })
})

describe('slots of the site', () => {
  test('one whose holder asks for nothing is given to the next, and its holder keeps it too', () => {
    const rotation = new Rotation(0, PIECE)
    const first = peers.slice(0, LOCAL_SLOTS)
    rotation.next(first.map(asks), () => 'local', 0)
    for (const peer of first) rotation.unchoke([peer], isLocal, 0)
    rotation.next(first.map(asks), () => 'local', 1)
    expect(rotation.unchoke(peers, isLocal, 1)).toEqual(first)
    expect(rotation.isIdle).toBe(false)
    rotation.next(first.slice(2).map(asks), () => 'local', 2)
    expect(rotation.isIdle).toBe(true)
    expect(rotation.unchoke(peers, isLocal, 2)).toEqual(peers.slice(0, LOCAL_SLOTS + 2))
    // and when all of them ask, some lose theirs in time
    rotation.next(peers.map(asks), () => 'local', 3)
    expect(rotation.unchoke(peers, isLocal, 3)).toHaveLength(LOCAL_SLOTS + 2)
    expect(rotation.unchoke(peers, isLocal, SLOT_MS)).toHaveLength(LOCAL_SLOTS)
  })

  test('after its time it goes to who waited longest', () => {
    const rotation = new Rotation(0, PIECE)
    const first = peers.slice(0, LOCAL_SLOTS)
    rotation.next(first.map(asks), () => 'local', 0)
    rotation.unchoke(first, isLocal, 0)
    expect(rotation.unchoke(peers, isLocal, SLOT_MS - 1)).toEqual(first)
    const later = rotation.unchoke(peers, isLocal, SLOT_MS)
    expect(later).toEqual(peers.slice(4))
  })
})
