import type { PieceGeometry } from '@bt/metainfo'
import { Bitfield, type PeerId, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { RandomChoker } from '../src/policies/random-choker.ts'
import { SuperSeeding } from '../src/policies/super-seeding.ts'
import type { PeerHandle, PolicyHost } from '../src/policy.ts'
import { geometryOf } from './picker-world.ts'

/** A peer of which only the pieces matter. */
class FakePeer implements PeerHandle {
  readonly endpoint = { host: '8.8.8.8', port: 1 }
  readonly role = 'accepted'
  readonly peerId = '' as PeerId
  readonly fast = true
  readonly extensions = new Map()
  readonly receivedBytes = 0
  readonly heardAt = 0
  readonly sentBytes = 0
  readonly pieces: Bitfield

  constructor(pieceCount: number) {
    this.pieces = new Bitfield(pieceCount)
  }
}

/** The engine's side of the seam, as far as revealing goes: what each peer was shown, in order. */
class Seam {
  readonly policy = new SuperSeeding()
  readonly have: Bitfield
  readonly shown = new Map<PeerHandle, number[]>()
  readonly connected: FakePeer[] = []
  isAll = false

  readonly geometry: PieceGeometry

  constructor(geometry: PieceGeometry, isSeed: boolean) {
    this.geometry = geometry
    this.have = isSeed ? Bitfield.full(geometry.pieceCount) : new Bitfield(geometry.pieceCount)
    const random = new Prng(16)
    const host: PolicyHost = {
      now: () => 0,
      at: () => ({ cancel: () => {} }),
      below: (bound) => random.below(bound),
      have: this.have,
      geometry,
      self: { peerId: '' as PeerId, port: 1 },
      peersMax: 80,
      peers: () => this.connected,
      send: () => false,
      dial: () => {},
      drop: () => {},
      chokesUs: () => false,
      changed: (question, peer, piece) => {
        expect(question).toBe('reveal')
        if (peer === undefined || piece === undefined) this.isAll = true
        else {
          expect(this.policy.reveal(piece)).toContain(peer)
          this.shown.get(peer)?.push(piece)
        }
      },
    }
    this.policy.attach(host)
  }

  open(pieces: Iterable<number> = []): FakePeer {
    const peer = new FakePeer(this.geometry.pieceCount)
    for (const piece of pieces) peer.pieces.set(piece)
    this.connected.push(peer)
    this.shown.set(peer, [])
    this.policy.observe({ type: 'opened', peer })
    this.policy.observe({ type: 'pieces', peer })
    return peer
  }

  has(peer: FakePeer, piece: number): void {
    peer.pieces.set(piece)
    this.policy.observe({ type: 'have', peer, piece })
  }

  close(peer: FakePeer): void {
    this.connected.splice(this.connected.indexOf(peer), 1)
    this.policy.observe({ type: 'closed', peer })
  }

  last(peer: FakePeer): number {
    return this.shown.get(peer)?.at(-1) as number
  }
}

describe('super-seeding', () => {
  test('claims nothing, and shows each new peer one piece, another to each', () => {
    const seam = new Seam(geometryOf(8, 1), true)
    const peers = Array.from({ length: 8 }, () => seam.open())
    const shown = peers.map((peer) => seam.shown.get(peer))
    expect(shown.every((pieces) => pieces?.length === 1)).toBe(true)
    expect(new Set(shown.flat()).size).toBe(8)
    for (let piece = 0; piece < 8; piece++) expect(seam.policy.reveal(piece)).toHaveLength(1)
  })

  test('shows the next piece only when the last was seen at somebody else', () => {
    const seam = new Seam(geometryOf(8, 1), true)
    const [a, b] = [seam.open(), seam.open()] as [FakePeer, FakePeer]
    const first = seam.last(a)
    seam.has(a, first)
    expect(seam.shown.get(a)).toEqual([first])
    seam.has(b, first)
    expect(seam.shown.get(a)).toHaveLength(2)
    expect(seam.shown.get(b)).toHaveLength(1)
    expect(seam.last(a)).not.toBe(seam.last(b))
  })

  test('goes on with a lone peer when it has what it was shown', () => {
    const seam = new Seam(geometryOf(3, 1), true)
    const a = seam.open()
    for (const count of [2, 3]) {
      seam.has(a, seam.last(a))
      expect(seam.shown.get(a)).toHaveLength(count)
    }
    seam.has(a, seam.last(a))
    expect(seam.isAll).toBe(true)
  })

  test('goes on with a peer when the one it was to pass its piece to has left', () => {
    const seam = new Seam(geometryOf(4, 1), true)
    const [a, b] = [seam.open(), seam.open()] as [FakePeer, FakePeer]
    seam.has(a, seam.last(a))
    expect(seam.shown.get(a)).toHaveLength(1)
    seam.close(b)
    expect(seam.shown.get(a)).toHaveLength(2)
  })

  test('never shows a peer what it has', () => {
    const seam = new Seam(geometryOf(4, 1), true)
    const a = seam.open([0, 1, 2])
    expect(seam.last(a)).toBe(3)
  })

  test('is over when every piece was seen elsewhere, or another seed is there: then everything is shown', () => {
    const seam = new Seam(geometryOf(4, 1), true)
    seam.open([0, 1])
    expect(seam.isAll).toBe(false)
    seam.open([2, 3])
    expect(seam.isAll).toBe(true)
    expect(seam.policy.reveal(0)).toBe('all')
    const other = new Seam(geometryOf(4, 1), true)
    other.open([0, 1, 2, 3])
    expect(other.isAll).toBe(true)
  })

  test('hides nothing while we download ourselves', () => {
    const seam = new Seam(geometryOf(4, 1), false)
    seam.open()
    expect(seam.policy.reveal(0)).toBe('all')
    expect([...seam.shown.values()].flat()).toEqual([])
  })

  test('sends little more than one copy into a swarm that shares', () => {
    const pieceCount = 40
    const seam = new Seam(geometryOf(pieceCount, 1), true)
    const peers = Array.from({ length: 10 }, () => seam.open())
    const random = new Prng(3)
    let fromSeed = 0
    for (
      let step = 0;
      step < 20_000 && peers.some((peer) => peer.pieces.count < pieceCount);
      step++
    ) {
      const peer = peers[random.below(peers.length)] as FakePeer
      const elsewhere = [...Array(pieceCount).keys()].filter(
        (piece) =>
          !peer.pieces.has(piece) &&
          peers.some((other) => other !== peer && other.pieces.has(piece)),
      )
      const shown = (seam.shown.get(peer) ?? []).filter((piece) => !peer.pieces.has(piece))
      const choice = elsewhere.length > 0 ? elsewhere : seam.isAll ? [] : shown
      const piece = choice[random.below(Math.max(1, choice.length))]
      if (piece === undefined) continue
      if (elsewhere.length === 0) fromSeed++
      seam.has(peer, piece)
    }
    expect(peers.every((peer) => peer.pieces.count === pieceCount)).toBe(true)
    expect(fromSeed).toBeLessThanOrEqual(1.1 * pieceCount)
  })
})

test('a random choker unchokes so many of those interested, by chance', () => {
  const policy = new RandomChoker(2)
  const peers = Array.from({ length: 6 }, () => new FakePeer(1))
  const round = { interested: peers, proposed: peers.slice(0, 1), seeding: false, now: 0 }
  expect(policy.unchoke(round)).toBe(round.proposed)
  const random = new Prng(5)
  policy.attach({ below: (bound: number) => random.below(bound) } as PolicyHost)
  const seen = new Set<PeerHandle>()
  for (let turn = 0; turn < 50; turn++) {
    const unchoked = policy.unchoke(round)
    expect(unchoked).toHaveLength(2)
    for (const peer of unchoked) seen.add(peer)
  }
  expect(seen.size).toBe(6)
})
