// The picker against a naive model of the same swarm: random histories, every answer checked by full scans.
import { Bitfield, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { BLOCK, World, type WorldPeer, geometryOf } from './picker-world.ts'

const SEEDS = process.env['SEED'] === undefined ? range(120) : [Number(process.env['SEED'])]
const STEPS = 400

function range(length: number): number[] {
  return Array.from({ length }, (_, at) => at + 1)
}

function check(world: World, condition: boolean, what: string): void {
  if (!condition) throw new Error(`at ${world.now} ms: ${what}`)
}

/** Everything a pick must be, and must not leave undone. */
function checkedPick(world: World, peer: WorldPeer, count: number): void {
  const begunBefore = new Set(world.begun)
  const hereAndAsked = new Map([...peer.asks.keys()].map((key) => [key, true]))
  const taken = new Map<string, boolean>()
  for (const piece of world.every()) {
    for (const { begin } of world.geometry.blocks(world.geometry.piece(piece))) {
      taken.set(`${piece}:${begin}`, world.isTaken(`${piece}:${begin}`))
    }
  }
  const touchedBefore = new Map(world.touched)
  const endgameBefore = world.picker.endgame
  const picks = world.pick(peer.name, count)
  check(world, picks.length <= count, `${picks.length} picks of ${count}`)
  for (const { piece, begin, length, soft } of picks) {
    const key = `${piece}:${begin}`
    const what = `${key} for ${peer.name}`
    const block = world.geometry.blockAt(world.geometry.piece(piece), begin / BLOCK)
    check(world, block.length === length, `${what} has length ${length}`)
    check(world, world.needed(piece) && !world.checking.has(piece), `${what} is not needed`)
    check(world, world.begun.has(piece), `${what} has no memory`)
    check(world, !world.here.has(key), `${what} is here`)
    check(world, !hereAndAsked.has(key), `${what} was asked of it before`)
    hereAndAsked.set(key, true)
    const offer = world.offers(peer, piece)
    check(world, offer === (soft ? 'soft' : 'firm'), `${what} is offered ${offer}, soft ${soft}`)
    check(world, !peer.refused.has(piece), `${what} was refused`)
    if (taken.get(key) === true) {
      const still = world.now - (touchedBefore.get(piece) ?? 0) >= 10_000
      check(world, endgameBefore || world.picker.endgame || still, `${what} twice, no endgame`)
      let askers = 0
      for (const other of world.peers.values()) {
        if (other.asks.get(key)?.soft === false) askers++
      }
      check(world, askers <= 3, `${what} is asked of ${askers}`)
    }
    if (begunBefore.has(piece) || world.had.size < 4 || soft) continue
    for (const other of world.every()) {
      if (begunBefore.has(other) || world.begun.has(other) || !world.needed(other)) continue
      if (world.offers(peer, other) === undefined || peer.refused.has(other)) continue
      const [its, best] = [world.priorities[piece], world.priorities[other]] as [number, number]
      check(world, best <= its, `${what} begun, ${other} has priority ${best}`)
      if (best < its) continue
      const rarer = world.availability(other) < world.availability(piece)
      check(world, !rarer, `${what} begun, ${other} is rarer`)
    }
  }
  if (picks.length < count && !peer.parole) {
    const left = world.askable(peer).filter((key) => {
      const piece = Number(key.split(':')[0])
      return ![...world.peers.values()].some((other) => other.parole && touches(other, piece))
    })
    check(world, left.length === 0, `${peer.name} was left idle beside ${left.join(' ')}`)
  }
}

function touches(peer: WorldPeer, piece: number): boolean {
  return [...peer.asks.keys()].some((key) => key.startsWith(`${piece}:`))
}

function checkBooks(world: World): void {
  for (const piece of world.every()) {
    const naive = world.availability(piece)
    const its = world.picker.availabilityOf(piece)
    check(world, its === naive, `availability of ${piece} is ${its}, not ${naive}`)
  }
  let wanted = 0
  for (const piece of world.every()) if (world.needed(piece)) wanted++
  check(world, world.picker.wantedLeft === wanted, `wantedLeft ${world.picker.wantedLeft}`)
  for (const peer of world.peers.values()) {
    const naive = [...world.every()].some(
      (piece) => world.needed(piece) && world.offers(peer, piece) !== undefined,
    )
    const its = world.picker.interesting(peer.name)
    check(world, its === naive, `${peer.name} is interesting: ${its}`)
  }
  let bytes = 0
  for (const key of world.here) {
    const [piece, begin] = key.split(':').map(Number) as [number, number]
    bytes += world.geometry.blockAt(world.geometry.piece(piece), begin / BLOCK).length
  }
  check(world, world.picker.receivedBytes === bytes, `receivedBytes ${world.picker.receivedBytes}`)
}

/** One random thing that may happen in a swarm. */
function step(world: World, random: Prng, interested: Map<string, boolean>, names: number): number {
  const pieceCount = world.geometry.pieceCount
  const peers = [...world.peers.values()]
  const peer = peers.length === 0 ? undefined : peers[random.below(peers.length)]
  const asks = peer === undefined ? [] : [...peer.asks.keys()]
  const [piece, begin] = (asks[random.below(Math.max(1, asks.length))] ?? '0:0')
    .split(':')
    .map(Number) as [number, number]
  world.now += random.below(random.below(20) === 0 ? 15_000 : 200)
  for (const other of peers) {
    for (const [refused, until] of other.refused) {
      if (until <= world.now) other.refused.delete(refused)
    }
  }
  const what = random.below(100)
  if (peer === undefined || what < 4) {
    const has = [...world.every()].filter(() => random.below(3) > 0)
    if (peers.length < 12) {
      world.join(`p${names}`, random.below(4) === 0 ? world.every() : has)
      interested.set(`p${names}`, false)
      return names + 1
    }
  } else if (what < 7) {
    world.leave(peer.name)
    interested.delete(peer.name)
  } else if (what < 14) {
    const gained = random.below(pieceCount)
    peer.has.add(gained)
    world.picker.gained(peer.name, gained)
  } else if (what < 16) {
    const lost = random.below(pieceCount)
    peer.has.delete(lost)
    world.picker.lost(peer.name, lost)
  } else if (what < 50) {
    peer.rate = random.below(3) * 200_000
    checkedPick(world, peer, 1 + random.below(12))
  } else if (what < 80) {
    if (asks.length > 0) world.deliver(peer.name, piece, begin, random.below(8) > 0)
  } else if (what < 84) {
    if (asks.length > 0) {
      peer.asks.delete(`${piece}:${begin}`)
      peer.refused.delete(piece)
      peer.refused.set(piece, world.now + 30_000)
      world.picker.ended(peer.name, piece, begin, 'rejected', world.now)
    }
  } else if (what < 88) {
    for (const key of asks) {
      const [its, at] = key.split(':').map(Number) as [number, number]
      peer.asks.delete(key)
      world.picker.ended(peer.name, its, at, 'choked', world.now)
    }
  } else if (what < 90) {
    peer.doubted = true
    for (const ask of peer.asks.values()) ask.doubted = true
    world.picker.doubt(peer.name)
  } else if (what < 92) {
    peer.parole = random.below(2) === 0
    world.picker.setParole(peer.name, peer.parole)
  } else if (what < 95) {
    const promised = new Bitfield(pieceCount)
    const had = new Bitfield(pieceCount)
    for (let at = 0; at < pieceCount; at++) {
      if (random.below(4) === 0) promised.set(at)
      if (random.below(2) === 0) had.set(at)
    }
    const scopes = [
      undefined,
      { had: 'none' as const, reason: 'test' },
      { had, reason: 'test' },
      { had: 'all' as const, promised, reason: 'test' },
    ]
    peer.scope = scopes[random.below(scopes.length)]
    world.picker.setScope(peer.name, peer.scope)
  } else if (what < 96) {
    for (let at = 0; at < pieceCount; at++)
      world.priorities[at] = [0, 4, 4, 4, 7][random.below(5)] as number
    world.picker.setPriorities((at) => world.priorities[at] as number)
  } else if (what < 97) {
    const had = [...world.had]
    const gone = had[random.below(Math.max(1, had.length))]
    if (gone !== undefined) {
      world.had.delete(gone)
      world.picker.forgotten(gone)
    }
  }
  for (const name of world.picker.takeInterestChanges()) {
    interested.set(name, !(interested.get(name) ?? false))
  }
  for (const [name, is] of interested) {
    check(world, is === world.picker.interesting(name), `${name} was told of its interest`)
  }
  return names
}

describe('the picker against a naive model', () => {
  test.each(SEEDS)('answers as the model allows, and finishes (seed %i)', (seed) => {
    const random = new Prng(`model ${seed}`)
    const pieces = 1 + random.below(14)
    const world = new World(geometryOf(pieces, 1 + random.below(5), 5_000), seed)
    if (random.below(2) === 0) world.capacity = 1 + random.below(4)
    const interested = new Map<string, boolean>()
    let names = 0
    for (let at = 0; at < STEPS; at++) {
      names = step(world, random, interested, names)
      if (at % 8 === 0) checkBooks(world)
    }
    checkBooks(world)
    // A seed that answers is enough to finish, whatever is in everybody's books.
    world.picker.setPriorities(() => 4)
    world.priorities.fill(4)
    for (const name of world.peers.keys()) world.picker.doubt(name)
    world.seed('saviour')
    for (let turn = 0; turn < 400 && world.picker.wantedLeft > 0; turn++) {
      world.now += 2_000
      world.pick('saviour', 8)
      for (const key of world.peer('saviour').asks.keys()) {
        const [piece, begin] = key.split(':').map(Number) as [number, number]
        world.deliver('saviour', piece, begin)
      }
    }
    expect(world.picker.wantedLeft).toBe(0)
    checkBooks(world)
  })
})
