import { Bitfield, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Wants } from '../src/wants.ts'
import { plainPeer, plainSource } from './peers.ts'

const PIECES = 40
type One = ReturnType<typeof plainSource>

describe('pieces that the site lacks and others have', () => {
  test('a piece is wanted while an outside peer has it and nobody here does', () => {
    const have = new Bitfield(PIECES)
    const wants = new Wants(have)
    const outside = plainSource(plainPeer(1, PIECES, [3]))
    const local = plainSource(plainPeer(2, PIECES))
    wants.outside(outside)
    expect(wants.isWanted(3)).toBe(true)
    expect(wants.isUseful(outside)).toBe(true)
    wants.local.look(local)
    local.peer.pieces.set(3)
    wants.local.gained(local, 3)
    expect(wants.isWanted(3)).toBe(false)
    expect(wants.isUseful(outside)).toBe(false)
    wants.left(local)
    expect(wants.isWanted(3)).toBe(true)
    have.set(3)
    wants.had(3)
    expect(wants.count).toBe(0)
  })

  test('whatever happens, the list is what counting everything anew would say (seed 11)', () => {
    const random = new Prng(11)
    const have = new Bitfield(PIECES)
    const wants = new Wants(have)
    const groups = { local: new Set<One>(), outside: new Set<One>() }
    for (let step = 0; step < 3000; step++) {
      const isLocal = random.below(2) === 0
      const group = isLocal ? groups.local : groups.outside
      const peers = [...group]
      const peer = peers[random.below(Math.max(1, peers.length))]
      const piece = random.below(PIECES)
      const what = random.below(12)
      if (what === 0 && peers.length < 4) {
        const had = Array.from({ length: random.below(PIECES) }, () => random.below(PIECES))
        const came = plainSource(plainPeer(step, PIECES, had))
        group.add(came)
        if (isLocal) wants.local.look(came)
        else wants.outside(came)
      } else if (what === 1 && peer !== undefined) {
        group.delete(peer)
        wants.left(peer)
      } else if (what === 2 && step % 50 === 0) {
        have.set(piece)
        wants.had(piece)
      } else if (peer?.peer.pieces.set(piece) === true) {
        if (isLocal) wants.local.gained(peer, piece)
        else wants.outsideGained(peer, piece)
      }
      const has = (group: ReadonlySet<One>, one: number): boolean =>
        [...group].some(({ peer: { pieces } }) => pieces.has(one))
      const lacked = Array.from({ length: PIECES }, (_, one) => one).filter(
        (one) => has(groups.outside, one) && !has(groups.local, one) && !have.has(one),
      )
      expect(wants.count).toBe(lacked.length)
      expect(lacked.every((one) => wants.isWanted(one))).toBe(true)
      for (const other of groups.outside) {
        expect(wants.isUseful(other)).toBe(lacked.some((one) => other.peer.pieces.has(one)))
      }
    }
  })

  test('draws only what suits, and nothing where nothing does', () => {
    const wants = new Wants(new Bitfield(PIECES))
    wants.outside(plainSource(plainPeer(1, PIECES, [1, 2, 3, 4])))
    const random = new Prng(3)
    const below = (bound: number): number => random.below(bound)
    const drawn = new Set<number | undefined>()
    for (let turn = 0; turn < 50; turn++) drawn.add(wants.draw((piece) => piece % 2 === 0, below))
    expect(drawn).toEqual(new Set([2, 4]))
    expect(wants.draw(() => false, below)).toBeUndefined()
  })
})
