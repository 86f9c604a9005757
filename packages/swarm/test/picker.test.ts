import { PieceGeometry } from '@bt/metainfo'
import { Bitfield, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { REFUSAL_MS, REFUSALS_MAX, ALLOWED_FAST_MAX } from '../src/picking/asker.ts'
import { Picker } from '../src/picking/picker.ts'
import { PICKER_LIMITS, RANKS_MAX } from '../src/picking/picker-limits.ts'
import type { Pick } from '../src/picking/piece-choice.ts'
import { BLOCK, World, geometryOf } from './picker-world.ts'

/** Fast enough for a piece of its own: 4 blocks in 20 s. */
const FAST = 1_000_000

function pieces(picks: readonly Pick[]): number[] {
  return [...new Set(picks.map((pick) => pick.piece))]
}

/** A world in which four pieces are had, so that random-first is over. */
function pastRandomFirst(pieceCount: number, blocks: number, seed: number): World {
  const world = new World(geometryOf(pieceCount + 4, blocks), seed)
  for (let piece = pieceCount; piece < pieceCount + 4; piece++) world.verify(piece)
  return world
}

describe('which piece is begun', () => {
  test('the rarest, by what connected peers have', () => {
    const world = pastRandomFirst(6, 4, 1)
    world.join('a', [0, 1, 2, 3, 4, 5])
    world.join('b', [0, 1, 2, 4, 5])
    world.join('c', [0, 1, 2, 5])
    world.join('d', [0, 1])
    const order = pieces(world.pick('a', 24))
    expect(order.map((piece) => world.availability(piece))).toEqual([1, 2, 3, 3, 4, 4])
    expect(order.slice(0, 2)).toEqual([3, 4])
  })

  test('equally rare ones by chance: another client picks another piece', () => {
    const first = new Set<number>()
    for (let seed = 0; seed < 64; seed++) {
      const world = pastRandomFirst(16, 1, seed)
      world.seed('a')
      first.add((world.pick('a', 1)[0] as Pick).piece)
    }
    expect(first.size).toBeGreaterThan(8)
  })

  test('any of the first four pieces, rare or not; from the fifth on the rarest', () => {
    const begun = { rare: 0, any: 0 }
    for (let seed = 0; seed < 100; seed++) {
      const world = new World(geometryOf(20, 1), seed)
      world.seed('a')
      world.join('b', range(1, 20))
      if ((world.pick('a', 1)[0] as Pick).piece === 0) begun.rare++
      else begun.any++
      for (let piece = 15; piece < 19; piece++) world.verify(piece)
      const next = (world.pick('a', 2).at(-1) as Pick).piece
      expect(world.had.has(next)).toBe(false)
    }
    expect(begun.any).toBeGreaterThan(80)
    const late = pastRandomFirst(20, 1, 7)
    late.seed('a')
    late.join('b', range(1, 20))
    expect(pieces(late.pick('a', 1))).toEqual([0])
  })

  test('[E12] a piece is rare or not by who is connected: what a peer claimed is gone when it leaves', () => {
    const world = pastRandomFirst(3, 1, 1)
    world.join('honest', [0, 1, 2])
    world.join('other', [0])
    for (const liar of ['l1', 'l2', 'l3']) world.join(liar, [1, 2])
    expect(world.picker.availabilityOf(1)).toBe(4)
    expect(pieces(world.pick('honest', 1))).toEqual([0])
    for (const liar of ['l1', 'l2', 'l3']) world.leave(liar)
    expect([0, 1, 2].map((piece) => world.picker.availabilityOf(piece))).toEqual([2, 1, 1])
    expect(pieces(world.pick('honest', 1))).not.toEqual([0])
  })

  test('the higher priority, before rarity and before pieces already begun; 0 is never asked for', () => {
    const world = pastRandomFirst(4, 4, 1)
    world.seed('a')
    world.join('b', [2])
    expect(pieces(world.pick('a', 1))).not.toEqual([2])
    world.priorities.splice(0, 4, 0, 4, 7, 0)
    world.picker.setPriorities((piece) => world.priorities[piece] ?? 4)
    expect(pieces(world.pick('a', 4))).toEqual([2])
    expect(new Set(pieces(world.pick('a', 100)))).toEqual(new Set([1]))
    expect(world.picker.wantedLeft).toBe(2)
  })

  test('in order of index when sequential', () => {
    const world = pastRandomFirst(8, 2, 3)
    world.picker.setSequential(true)
    world.seed('a')
    world.join('b', [7])
    expect(pieces(world.pick('a', 16))).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })

  test("the policy's rank before rarity, or among equally rare pieces", () => {
    for (const within of ['before-rarity', 'same-rarity'] as const) {
      const world = pastRandomFirst(4, 1, 5)
      world.seed('a')
      world.join('b', [1, 2, 3])
      world.picker.setPrefer({ within, rank: (piece) => (piece === 2 ? 0 : 5) })
      const order = pieces(world.pick('a', 4))
      if (within === 'before-rarity') expect(order.slice(0, 2)).toEqual([2, 0])
      else expect(order.slice(0, 2)).toEqual([0, 2])
    }
  })

  test('ranks below 0 count as 0, those beyond the last as the last', () => {
    const world = pastRandomFirst(3, 1, 5)
    world.seed('a')
    const ranks = [RANKS_MAX * 10, RANKS_MAX - 2, -7]
    world.picker.setPrefer({ within: 'before-rarity', rank: (piece) => ranks[piece] ?? 0 })
    expect(pieces(world.pick('a', 3))).toEqual([2, 1, 0])
  })
})

describe('pieces already begun', () => {
  test('are filled before another is begun by a slow peer', () => {
    const world = pastRandomFirst(8, 8, 1)
    world.seed('slow')
    world.seed('slower')
    const [piece] = pieces(world.pick('slow', 3))
    const next = world.pick('slower', 5)
    expect(pieces(next)).toEqual([piece])
    expect(next.map(({ begin }) => begin / BLOCK)).toEqual([3, 4, 5, 6, 7])
  })

  test('are left to the fast peer that began them; another fast one begins its own', () => {
    const world = pastRandomFirst(8, 8, 1)
    world.seed('fast', FAST)
    world.seed('faster', FAST)
    const [first] = pieces(world.pick('fast', 3))
    const [second] = pieces(world.pick('faster', 3))
    expect(second).not.toBe(first)
    expect(pieces(world.pick('fast', 3))).toEqual([first])
  })

  test('are not mixed by a fast peer with what slow ones hold', () => {
    const world = pastRandomFirst(8, 8, 1)
    world.seed('slow')
    world.seed('fast', FAST)
    const [shared] = pieces(world.pick('slow', 2))
    expect(pieces(world.pick('fast', 4))).not.toContain(shared)
  })

  test('are shared by fast peers too once there are many', () => {
    const limits = { partialsMin: 3, partialsPerPeer: 0 }
    const world = new World(geometryOf(40, 8), 1, limits)
    for (let peer = 0; peer < 6; peer++) {
      world.seed(`slow${peer}`)
      world.picker.setScope(`slow${peer}`, { had: oneOf(40, peer), reason: 'test' })
      world.pick(`slow${peer}`, 1)
    }
    expect(world.picker.partialCount).toBe(6)
    world.seed('fast', FAST)
    expect(pieces(world.pick('fast', 14)).every((piece) => piece < 6)).toBe(true)
    expect(world.picker.partialCount).toBe(6)
  })

  test('of others are filled when there is nothing else to begin', () => {
    const world = new World(geometryOf(1, 8), 1)
    world.seed('fast', FAST)
    world.seed('other', FAST)
    world.pick('fast', 3)
    expect(
      world
        .pick('other', 8)
        .slice(0, 5)
        .map(({ begin }) => begin / BLOCK),
    ).toEqual([3, 4, 5, 6, 7])
  })

  test('are not asked for while their hash is computed', () => {
    const world = new World(geometryOf(1, 2), 1)
    world.seed('a')
    world.seed('b')
    for (const { piece, begin } of world.pick('a', 2)) world.picker.arrived('a', piece, begin)
    world.picker.checking(0)
    expect(world.pick('b', 4)).toEqual([])
    world.picker.corrupt(0)
    expect(world.pick('b', 4)).toHaveLength(2)
  })

  test('lose only their wrong blocks when these are known', () => {
    const world = new World(geometryOf(1, 4), 1)
    world.seed('a')
    for (const { piece, begin } of world.pick('a', 4)) world.picker.arrived('a', piece, begin)
    world.picker.checking(0)
    world.picker.corrupt(0, [2])
    expect(world.picker.receivedBytes).toBe(3 * BLOCK)
    expect(world.pick('a', 4)).toEqual([{ piece: 0, begin: 2 * BLOCK, length: BLOCK, soft: false }])
  })
})

describe('memory', () => {
  test('a piece without memory is not begun; when some is free again, it is', () => {
    const world = new World(geometryOf(4, 2), 1)
    world.capacity = 1
    world.seed('a')
    expect(pieces(world.pick('a', 8))).toHaveLength(1)
    const asks = [...world.peer('a').asks.keys()]
    expect(world.pick('a', 8)).toEqual([])
    for (const key of asks) {
      const [piece, begin] = key.split(':').map(Number) as [number, number]
      world.deliver('a', piece, begin)
    }
    expect(pieces(world.pick('a', 8))).toHaveLength(1)
  })

  test('a piece that nobody connected has makes room for one that somebody has', () => {
    const world = new World(geometryOf(2, 4), 1)
    world.capacity = 1
    world.join('gone', [0])
    world.pick('gone', 4)
    world.leave('gone')
    world.join('here', [1])
    expect(pieces(world.pick('here', 4))).toEqual([1])
    expect(world.discarded).toEqual([0])
  })

  test('a piece that has stood still for a minute makes room, not before', () => {
    const world = new World(geometryOf(2, 4), 1)
    world.capacity = 1
    world.join('choking', [0])
    for (const { piece, begin } of world.pick('choking', 4)) {
      world.picker.ended('choking', piece, begin, 'choked', 0)
    }
    world.join('other', [1])
    world.now = PICKER_LIMITS.deadMs - 1
    expect(world.pick('other', 4)).toEqual([])
    world.now = PICKER_LIMITS.deadMs
    world.picker.memoryFreed()
    expect(pieces(world.pick('other', 4))).toEqual([1])
  })
})

describe('blocks', () => {
  test('hundreds come in one pick, each once, in order inside a piece', () => {
    const world = new World(geometryOf(40, 64), 1)
    world.seed('a', 50_000_000)
    const picks = world.pick('a', 500)
    expect(picks).toHaveLength(500)
    expect(new Set(picks.map(({ piece, begin }) => `${piece}:${begin}`)).size).toBe(500)
    expect(picks.slice(0, 64).map(({ begin }) => begin / BLOCK)).toEqual(range(0, 64))
  })

  test('the last one is as short as the torrent makes it', () => {
    const world = new World(geometryOf(2, 2, BLOCK + 5), 1)
    world.seed('a')
    const last = world.pick('a', 4).filter(({ piece }) => piece === 1)
    expect(last.map(({ length }) => length)).toEqual([BLOCK, 5])
  })

  test('never span files in v2, where each file begins a piece', () => {
    const geometry = new PieceGeometry({
      pieceLength: 2 * BLOCK,
      files: [{ length: BLOCK + 1 }, { length: 3 }, { length: 2 * BLOCK }],
      aligned: true,
    })
    const world = new World(geometry, 1)
    world.seed('a')
    const lengths = world.pick('a', 10).map(({ piece, begin, length }) => [piece, begin, length])
    expect(
      lengths.toSorted(
        (x, y) => (x[0] as number) - (y[0] as number) || (x[1] as number) - (y[1] as number),
      ),
    ).toEqual([
      [0, 0, BLOCK],
      [0, BLOCK, 1],
      [1, 0, 3],
      [2, 0, BLOCK],
      [2, BLOCK, BLOCK],
    ])
  })

  test('are whole pieces where the geometry says so', () => {
    const pieceLength = 1_000_000
    const geometry = new PieceGeometry({
      pieceLength,
      files: [{ length: 2_500_000 }],
      blockLength: pieceLength,
    })
    const world = new World(geometry, 1)
    world.seed('a')
    expect(
      world
        .pick('a', 9)
        .map(({ length }) => length)
        .toSorted((x, y) => x - y),
    ).toEqual([500_000, 1_000_000, 1_000_000])
  })

  test('that come twice, or were given up since, are told apart', () => {
    const world = new World(geometryOf(2, 2), 1)
    world.seed('a')
    world.seed('b')
    const [first] = world.pick('a', 1) as [Pick]
    world.picker.ended('a', first.piece, first.begin, 'cancelled', 0)
    expect(world.picker.arrived('a', first.piece, first.begin).kind).toBe('fresh')
    expect(world.picker.arrived('b', first.piece, first.begin).kind).toBe('duplicate')
    world.picker.forgotten(first.piece)
    expect(world.picker.arrived('a', first.piece, first.begin).kind).toBe('unwanted')
    world.picker.verified(first.piece)
    expect(world.picker.arrived('a', first.piece, first.begin).kind).toBe('duplicate')
  })
})

describe('what a peer may be asked for', () => {
  test('while it chokes us: allowed-fast pieces that it has, nothing else', () => {
    const world = new World(geometryOf(8, 2), 1)
    world.join('a', [1, 2, 3])
    for (const piece of [2, 5]) world.picker.allowedFast('a', piece)
    expect(pieces(world.pick('a', 8, true))).toEqual([2])
    expect(world.pick('a', 8, true)).toEqual([])
    expect(world.pick('a', 8)).toHaveLength(4)
  })

  test('allowed-fast pieces beyond what anybody needs are not kept', () => {
    const world = new World(geometryOf(ALLOWED_FAST_MAX + 2, 1), 1)
    world.seed('a')
    for (const piece of world.every()) world.picker.allowedFast('a', piece)
    expect(world.pick('a', 1_000, true)).toHaveLength(ALLOWED_FAST_MAX)
  })

  test('a scope narrows what it has; what it promised is asked for softly and stays free for others', () => {
    const world = new World(geometryOf(3, 1), 1)
    world.join('a', [0, 1])
    world.join('b', [0, 1, 2])
    world.picker.setScope('a', { had: oneOf(3, 1), promised: oneOf(3, 2), reason: 'test' })
    world.peer('a').scope = { had: oneOf(3, 1), promised: oneOf(3, 2), reason: 'test' }
    const picks = world.pick('a', 9)
    expect(new Map(picks.map(({ piece, soft }) => [piece, soft]))).toEqual(
      new Map([
        [1, false],
        [2, true],
      ]),
    )
    expect(new Set(pieces(world.pick('b', 2)))).toEqual(new Set([0, 2]))
    world.picker.setScope('b', { had: 'none', reason: 'test' })
    expect(world.picker.interesting('b')).toBe(false)
  })

  test('where a scope says so, what was promised and asked for is asked of nobody else', () => {
    const world = new World(geometryOf(3, 1), 1)
    world.join('a', [0])
    world.join('b', [0, 1, 2])
    const scope = {
      had: 'none',
      promised: oneOf(3, 2),
      promisedBusy: true,
      reason: 'test',
    } as const
    world.picker.setScope('a', scope)
    world.peer('a').scope = scope
    const [pick] = world.pick('a', 9)
    expect([pick?.piece, pick?.soft]).toEqual([2, true])
    expect(new Set(pieces(world.pick('b', 9)))).toEqual(new Set([0, 1]))
  })

  test('a piece it rejected is asked of it again only half a minute later', () => {
    const world = new World(geometryOf(1, 1), 1)
    world.seed('a')
    const [{ piece, begin }] = world.pick('a', 1) as [Pick]
    world.picker.ended('a', piece, begin, 'rejected', 0)
    world.now = REFUSAL_MS - 1
    expect(world.pick('a', 1)).toEqual([])
    world.now = REFUSAL_MS
    expect(world.pick('a', 1)).toHaveLength(1)
  })

  test('a reject that crosses a choke says nothing about the piece, unless it was allowed fast', () => {
    const world = new World(geometryOf(1, 1), 1)
    world.seed('a')
    const [{ piece, begin }] = world.pick('a', 1) as [Pick]
    world.picker.ended('a', piece, begin, 'crossed', 0)
    expect(world.pick('a', 1)).toHaveLength(1)
    world.picker.allowedFast('a', piece)
    world.picker.ended('a', piece, begin, 'crossed', 0)
    expect(world.pick('a', 1)).toEqual([])
  })

  test('a peer that rejects everything takes no more memory than the limit', () => {
    const world = new World(geometryOf(REFUSALS_MAX + 10, 1), 1)
    world.seed('a')
    const asked = new Set<number>()
    for (let turn = 0; turn < 2 * REFUSALS_MAX; turn++) {
      const [pick] = world.pick('a', 1)
      if (pick === undefined) break
      asked.add(pick.piece)
      world.picker.ended('a', pick.piece, pick.begin, 'rejected', turn)
    }
    // Past the limit the oldest refusal is forgotten, and that piece is asked for again before a new one is begun.
    expect(asked.size).toBe(REFUSALS_MAX + 1)
  })

  test('a suspect gets pieces to itself, which nobody joins', () => {
    const world = pastRandomFirst(4, 4, 1)
    world.seed('honest')
    world.seed('suspect')
    world.picker.setParole('suspect', true)
    const [mixed] = pieces(world.pick('honest', 1))
    const [own] = pieces(world.pick('suspect', 2))
    expect(own).not.toBe(mixed)
    expect(pieces(world.pick('honest', 11))).not.toContain(own)
    expect(pieces(world.pick('suspect', 2))).toEqual([own])
  })

  test('interest follows what it has and what we need', () => {
    const world = new World(geometryOf(2, 1), 1)
    world.join('a', [])
    expect(world.picker.takeInterestChanges()).toEqual([])
    world.picker.gained('a', 0)
    expect(world.picker.takeInterestChanges()).toEqual(['a'])
    expect(world.picker.interesting('a')).toBe(true)
    world.verify(0)
    expect(world.picker.takeInterestChanges()).toEqual(['a'])
    expect(world.picker.interesting('a')).toBe(false)
    world.picker.gained('a', 1)
    world.picker.lost('a', 1)
    expect(world.picker.takeInterestChanges()).toEqual([])
    world.picker.gained('a', 1)
    world.picker.setPriorities(() => 0)
    expect(world.picker.takeInterestChanges()).toEqual([])
  })
})

describe('the end', () => {
  test('[E06] a missing block that is late is asked of a second peer, and cancelled at the other when it comes', () => {
    const world = new World(geometryOf(2, 2), 1)
    for (const name of ['a', 'b', 'c', 'd']) world.seed(name)
    const all = world.pick('a', 4)
    expect(all).toHaveLength(4)
    expect(world.picker.endgame).toBe(true)
    world.now = 999
    expect(world.pick('b', 9)).toEqual([])
    world.now = 2_000
    expect(world.pick('b', 9)).toHaveLength(4)
    world.now = 11_000
    expect(world.pick('c', 9)).toEqual([])
    const [{ piece, begin }] = all as [Pick]
    expect(world.picker.arrived('b', piece, begin)).toEqual({ kind: 'fresh', cancel: ['a'] })
  })

  test('a block that is long is not taken for one that stands still', () => {
    const blockLength = 8 * BLOCK
    const files = [{ length: 2 * blockLength }]
    const world = new World(new PieceGeometry({ pieceLength: blockLength, blockLength, files }), 1)
    for (const name of ['a', 'b']) world.seed(name)
    world.pick('a', 2)
    world.now = 7_999
    expect(world.pick('b', 9)).toEqual([])
    world.now = 9_000
    expect(world.pick('b', 9)).toHaveLength(2)
  })

  test('[E06] a piece that stands still for ten seconds more is asked of a third peer, never of a fourth', () => {
    const world = new World(geometryOf(2, 2), 1)
    for (const name of ['a', 'b', 'c', 'd']) world.seed(name)
    world.pick('a', 4)
    world.now = 1_000
    world.pick('b', 9)
    world.now = 11_000
    expect(world.pick('c', 9)).toHaveLength(4)
    world.now = 30_000
    expect(world.pick('d', 9)).toEqual([])
  })

  test('a block of a slow peer is asked of one that is much faster at once, not the other way round', () => {
    const world = new World(geometryOf(1, 8), 1)
    world.seed('slow', 8_192)
    world.seed('fast', 1_000_000)
    expect(world.pick('slow', 4)).toHaveLength(4)
    expect(world.pick('fast', 4)).toHaveLength(4)
    expect(world.picker.endgame).toBe(true)
    expect(world.pick('slow', 9)).toEqual([])
    expect(world.pick('fast', 9)).toHaveLength(4)
  })

  test('blocks that are only late are asked twice up to a share of all, over the whole life', () => {
    const world = new World(geometryOf(1, 640), 1)
    world.seed('slow', 16_384)
    for (const name of ['a', 'b', 'c']) world.seed(name, 10_000_000)
    expect(world.pick('slow', 640)).toHaveLength(640)
    const { duplicatesPerPeerMax, lateShare } = PICKER_LIMITS
    expect(world.pick('a', 100)).toHaveLength(duplicatesPerPeerMax)
    expect(world.pick('b', 100)).toHaveLength(640 * lateShare - duplicatesPerPeerMax)
    expect(world.pick('c', 100)).toEqual([])
  })

  test('blocks with one asker are helped before those with two', () => {
    const world = new World(geometryOf(1, 4), 1)
    for (const name of ['a', 'b', 'c']) world.seed(name)
    world.pick('a', 4)
    world.now = 20_000
    const helped = world.pick('b', 2).map(({ begin }) => begin)
    world.now = 40_000
    const next = world.pick('c', 2).map(({ begin }) => begin)
    expect(helped).toHaveLength(2)
    expect(next).toHaveLength(2)
    expect(next.some((begin) => helped.includes(begin))).toBe(false)
  })

  test('one peer holds only so many duplicates', () => {
    const world = new World(geometryOf(1, 40), 1)
    world.seed('a')
    world.seed('b')
    world.pick('a', 40)
    world.now = 5_000
    expect(world.pick('b', 40)).toHaveLength(PICKER_LIMITS.duplicatesPerPeerMax)
    world.now = 10_000
    expect(world.pick('b', 40)).toEqual([])
  })

  test('does not begin while a connected peer could give something that nobody was asked for', () => {
    const world = new World(geometryOf(3, 1), 1)
    world.join('a', [0])
    world.join('b', [0])
    world.join('c', [1])
    world.pick('a', 1)
    expect(world.picker.endgame).toBe(false)
    expect(world.pick('b', 1)).toEqual([])
    world.pick('c', 1)
    // Nobody has the third piece: that does not hold up the end of the others.
    expect(world.picker.endgame).toBe(true)
    world.now = PICKER_LIMITS.idleMs
    expect(pieces(world.pick('b', 1))).toEqual([0])
  })

  test('[E05] what a silent peer was asked for is asked of others; what it sends after all still counts', () => {
    const world = pastRandomFirst(3, 2, 1)
    world.join('silent', [0, 1, 2])
    world.join('b', [0, 1, 2])
    const [{ piece, begin }] = world.pick('silent', 1) as [Pick]
    const picks = world.pick('b', 5).map((pick) => `${pick.piece}:${pick.begin}`)
    expect(picks).not.toContain(`${piece}:${begin}`)
    world.picker.doubt('silent')
    expect(world.pick('b', 5)).toEqual([{ piece, begin, length: BLOCK, soft: false }])
    expect(world.picker.arrived('silent', piece, begin)).toEqual({ kind: 'fresh', cancel: ['b'] })
  })

  test('a piece that stands still is helped after ten seconds even when others are open', () => {
    const world = new World(geometryOf(3, 1), 1)
    world.join('slow', [0])
    world.join('b', [0])
    world.join('choking', [1, 2])
    world.pick('slow', 1)
    expect(world.picker.endgame).toBe(false)
    world.now = 9_999
    expect(world.pick('b', 1)).toEqual([])
    world.now = 11_000
    expect(pieces(world.pick('b', 1))).toEqual([0])
  })

  test('[E06] a peer that leaves gives back its blocks: the last piece comes from whoever is left', () => {
    const world = new World(geometryOf(1, 4), 1)
    world.seed('seed')
    world.join('other', [0])
    world.pick('seed', 4)
    world.leave('seed')
    expect(world.pick('other', 9)).toHaveLength(4)
  })
})

test('what it costs to ask does not grow with what is asked in vain: an idle peer is answered from memory', () => {
  let asked = 0
  const geometry = geometryOf(1_000, 1)
  const picker = new Picker<string>({
    geometry,
    random: new Prng(1),
    have: new Bitfield(1_000),
    begin: () => true,
  })
  picker.joined('a')
  const had = new Bitfield(1_000)
  picker.pieces('a', had)
  picker.setScope('a', {
    had: {
      length: 1_000,
      count: 0,
      has: () => (asked++, false),
      toBytes: () => new Uint8Array(125),
    },
    reason: 'test',
  })
  picker.pieces('a', Bitfield.full(1_000))
  asked = 0
  const facts = { now: 0, bytesPerSecond: 0, choked: false }
  picker.pick('a', 5, facts)
  expect(asked).toBeGreaterThanOrEqual(1_000)
  asked = 0
  picker.pick('a', 5, facts)
  expect(asked).toBe(0)
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

function oneOf(length: number, piece: number): Bitfield {
  const bits = new Bitfield(length)
  bits.set(piece)
  return bits
}

test('a peer that alone sent a wrong piece is asked for it again later and later; others at once', () => {
  const world = new World(geometryOf(1, 1), 1)
  world.seed('liar')
  world.seed('other')
  for (const [times, pause] of [1, 2, 4, 8].entries()) {
    const picks = world.pick('liar', 1)
    expect(picks, `try ${times}`).toHaveLength(1)
    world.deliver('liar', 0, 0, false)
    world.picker.spoiledBy('liar', 0)
    world.now += pause * REFUSAL_MS - 1
    expect(world.pick('liar', 1)).toEqual([])
    world.now += 1
  }
  expect(world.pick('other', 1)).toHaveLength(1)
})
