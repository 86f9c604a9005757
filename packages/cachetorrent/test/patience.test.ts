import { Bitfield, Prng, type SiteId } from '@bt/primitives'
import type { PolicyHost } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { lackingPiece } from '../src/lacking-piece.ts'
import { BOAST_MS, BOAST_QUIET_MS, PATIENCE_MS } from '../src/limits.ts'
import { type Neighbour, Neighbours } from '../src/neighbours.ts'
import { Patience } from '../src/patience.ts'
import type { Spill } from '../src/spill.ts'
import { Wants } from '../src/wants.ts'
import { plainPeer } from './peers.ts'

const PIECES = 8
const SITE = '0123456789abcdef' as SiteId
/** With `below` answering 20 of 0 … 40 there is no jitter. */
const SECONDS = PATIENCE_MS / 1000

function seat(had: readonly number[], mayImport = true) {
  const have = new Bitfield(PIECES)
  const host = { now: () => 0, below: () => 20, have, changed: () => {} }
  const neighbours = new Neighbours({
    ourSite: () => SITE,
    siteName: undefined,
    siteOf: undefined,
  })
  const neighbour = neighbours.opened(plainPeer(1, PIECES, had), 0)
  const wants = new Wants(have)
  const spill = { isDue: false } as Spill
  const limit = { mayImport }
  let open = 0
  const underWay = (): number => open
  const parts = { host: host as unknown as PolicyHost, neighbours, wants, spill, limit, underWay }
  const grants = (count: number): void => {
    open = count
  }
  return { have, neighbour, neighbours, wants, grants, patience: new Patience(parts) }
}

/** It says that it is of our site. */
function settle(neighbours: Neighbours, neighbour: Neighbour): void {
  neighbour.site = SITE
  neighbour.speaks = true
  neighbours.look(neighbour, 0)
}

describe('patience', () => {
  test('is lost when no byte came for 25 s from anybody, and is back with the next byte', () => {
    const { patience } = seat([3])
    expect(patience.look(1000 * (SECONDS - 1))).toBe(false)
    expect(patience.look(1000 * SECONDS)).toBe(true)
    patience.renewed(1000 * SECONDS)
    expect(patience.look(1000 * SECONDS + 500)).toBe(false)
  })

  test('lasts twice as long while claims are open, as a leader knows or says', () => {
    for (const isLeader of [true, false]) {
      const { patience, grants } = seat([3])
      if (isLeader) grants(1)
      for (let ms = 0; ms < 2 * PATIENCE_MS; ms += 500) {
        if (!isLeader) patience.heardUnderWay(ms)
        expect(patience.look(ms)).toBe(false)
      }
      expect(patience.look(2 * PATIENCE_MS)).toBe(true)
    }
  })

  test('does not where a member of the site has had more for ten seconds, and gives us nothing', () => {
    const { patience, grants, neighbours, neighbour } = seat([3])
    settle(neighbours, neighbour)
    grants(1)
    expect(patience.look(PATIENCE_MS - BOAST_QUIET_MS + 1)).toBe(false)
    expect(patience.look(PATIENCE_MS)).toBe(false)
    expect(patience.look(PATIENCE_MS + 1)).toBe(true)
  })

  test('who lacks nothing that others have waits for nothing, however long', () => {
    const { patience, have, neighbour } = seat([3])
    have.set(5)
    for (let second = 0; second < 100; second++) expect(patience.look(1000 * second)).toBe(false)
    // a piece more is there now: the wait begins
    plainly(neighbour.peer.pieces).set(4)
    expect(patience.look(101_000)).toBe(false)
    expect(patience.look(99_000 + 1000 * SECONDS)).toBe(true)
  })

  test('then every outside peer that has more is told that we are interested', () => {
    const { patience, neighbour } = seat([3])
    patience.declareInterest(neighbour, 1000)
    expect(neighbour.interested).toBe(false)
    patience.declareInterest(neighbour, 1000 * SECONDS)
    expect(neighbour.interested).toBe(true)
  })

  test('who may not import asks nobody outside before that', () => {
    for (const mayImport of [true, false]) {
      const { patience, neighbour, wants } = seat([3], mayImport)
      wants.outside(neighbour)
      patience.declareInterest(neighbour, 1000)
      expect(neighbour.interested).toBe(mayImport)
      patience.declareInterest(neighbour, 1000 * SECONDS)
      expect(neighbour.interested).toBe(true)
    }
  })

  test('[M12] who shows more for a minute and sends nothing is a boaster; who sends, or is not alone with it, is none', () => {
    const { patience, neighbour, neighbours } = seat([3])
    settle(neighbours, neighbour)
    expect(patience.boasters(1000)).toEqual([])
    expect(patience.boasters(1000 + BOAST_MS - 1)).toEqual([])
    expect(patience.boasters(1000 + BOAST_MS)).toEqual([neighbour])
    neighbour.deliveredAt = 1000 + BOAST_MS
    expect(patience.boasters(1000 + BOAST_MS)).toEqual([])
    expect(patience.boasters(1000 + 2 * BOAST_MS)).toEqual([neighbour])
    const other = neighbours.opened(plainPeer(2, PIECES, [3]), 0)
    settle(neighbours, other)
    other.deliveredAt = BOAST_MS
    // the piece may come from there: nobody is judged
    expect(patience.boasters(1000 + 2 * BOAST_MS)).toEqual([])
  })

  test('while bytes come from anybody, who has more and sends nothing is not doubted', () => {
    const { patience, neighbour, neighbours } = seat([3])
    settle(neighbours, neighbour)
    expect(patience.boasters(1000)).toEqual([])
    patience.renewed(1000 + BOAST_MS)
    expect(patience.boasters(1000 + BOAST_MS)).toEqual([])
    expect(patience.boasters(1000 + BOAST_MS + BOAST_QUIET_MS - 1)).toEqual([])
    expect(patience.boasters(1000 + BOAST_MS + BOAST_QUIET_MS)).toEqual([neighbour])
  })

  test('a piece to take is one that we lack, a source has, and nothing speaks against', () => {
    const have = new Bitfield(PIECES)
    have.set(1)
    const random = new Prng(1)
    const below = (bound: number): number => random.below(bound)
    const source = plainPeer(1, PIECES, [1, 2, 6])
    for (let draw = 0; draw < 50; draw++) {
      expect([2, 6]).toContain(lackingPiece(have, [source], () => true, below))
      expect(lackingPiece(have, [source], (piece) => piece !== 2, below)).toBe(6)
    }
    expect(lackingPiece(have, [], () => true, below)).toBeUndefined()
    expect(lackingPiece(have, [plainPeer(2, PIECES, [1])], () => true, below)).toBeUndefined()
  })
})

function plainly(pieces: unknown): Bitfield {
  return pieces as Bitfield
}
