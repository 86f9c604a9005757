// When a change of interest is worth a round of choking before its time.
import { Bitfield, Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { Choker } from '../src/choking/choker.ts'
import { ChokeRounds } from '../src/choking/choke-rounds.ts'
import { QUIET_ROUND_MS, Slots, type SlotsParts } from '../src/choking/slots.ts'
import type { Peer } from '../src/peers/peer.ts'
import { Turn } from '../src/peers/turn.ts'

class World {
  now = 0
  rounds = 0
  seeding = true
  quiet = false
  /** How often a round asked whether a peer may be served, and for its rate. */
  looked = 0
  measured = 0
  readonly peers: Peer[] = []
  readonly turn: Turn
  readonly slots: Slots
  #alarms: { readonly at: number; readonly run: () => void }[] = []

  constructor(policy?: SlotsParts['seat']['policy']) {
    const clock = {
      now: () => this.now,
      wallSeconds: () => 0,
      at: (at: number, run: () => void) => {
        const alarm = { at, run }
        this.#alarms.push(alarm)
        return {
          cancel: () => {
            this.#alarms = this.#alarms.filter((other) => other !== alarm)
          },
        }
      },
    }
    this.turn = new Turn(clock)
    const seat = {
      policy,
      mayServe: () => true,
      unchoke: ({ proposed }: { readonly proposed: readonly Peer[] }) => proposed,
    }
    this.slots = new Slots({
      choker: new Choker(new Prng(1), { slots: 1, optimisticSlots: 1 }),
      rounds: new ChokeRounds(0),
      seat: seat as unknown as SlotsParts['seat'],
      clock,
      turn: this.turn,
      have: Bitfield.full(1),
      isSeeding: () => {
        this.rounds++
        return this.seeding
      },
      isQuiet: () => this.quiet,
      wantsNothing: () => {
        this.looked++
        return false
      },
      snubbed: () => false,
      receivedPerSecond: () => {
        this.measured++
        return 0
      },
      choked: () => {},
      pulse: () => {},
    })
    this.pass(1_000)
  }

  peer(): Peer {
    const session = {
      amChoking: true,
      peerInterested: false,
      peerChoking: true,
      unchoke: () => {
        session.amChoking = false
      },
      choke: () => {
        session.amChoking = true
      },
    }
    const peer = { session, address: undefined, openedAt: 0, sentBytes: 0, touch: () => {} }
    this.peers.push(peer as unknown as Peer)
    return peer as unknown as Peer
  }

  /** Its interest is this from now on; half a second later. Answers how many rounds that caused. */
  change(peer: Peer, interested: boolean): number {
    const before = this.rounds
    const session = peer.session as unknown as { peerInterested: boolean }
    session.peerInterested = interested
    this.slots.interestChanged(peer)
    this.turn.end()
    this.pass(500)
    return this.rounds - before
  }

  pass(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.#alarms.toSorted((one, other) => one.at - other.at)[0]
      if (next === undefined || next.at > end) break
      this.#alarms = this.#alarms.filter((other) => other !== next)
      this.now = Math.max(this.now, next.at)
      next.run()
    }
    this.now = end
  }
}

describe('a change of interest', () => {
  test('gives a free slot at once, and none of two that are taken', () => {
    const world = new World()
    const [one, two, three] = [world.peer(), world.peer(), world.peer()]
    expect(world.change(one, true)).toBe(1)
    expect(world.change(two, true)).toBe(1)
    expect(world.change(three, true)).toBe(0)
    expect(world.change(three, false)).toBe(0)
    expect(world.peers.map(({ session }) => session.amChoking)).toEqual([false, false, true])
  })

  test('of a peer that has a slot frees it for another', () => {
    const world = new World()
    const [one, two, three] = [world.peer(), world.peer(), world.peer()]
    for (const peer of [one, two, three]) world.change(peer, true)
    expect(world.change(one, false)).toBe(1)
    expect(world.peers.map(({ session }) => session.amChoking)).toEqual([true, false, false])
  })

  test('frees the slot of a peer that left, too', () => {
    const world = new World()
    const [one, two, three] = [world.peer(), world.peer(), world.peer()]
    for (const peer of [one, two, three]) world.change(peer, true)
    world.peers.splice(world.peers.indexOf(one), 1)
    world.slots.left(one)
    world.turn.end()
    world.pass(500)
    expect(world.peers.map(({ session }) => session.amChoking)).toEqual([false, false])
    const four = world.peer()
    expect(world.change(four, true)).toBe(0)
  })

  test('is always told to a policy that decides who is unchoked', () => {
    const world = new World({ unchoke: ({ proposed }) => proposed })
    const [one, two, three] = [world.peer(), world.peer(), world.peer()]
    expect([one, two, three].map((peer) => world.change(peer, true))).toEqual([1, 1, 1])
  })
})

describe('[speed] a round', () => {
  function crowd(): World {
    const world = new World()
    world.seeding = false
    for (let count = 0; count < 40; count++) world.change(world.peer(), true)
    world.looked = 0
    world.measured = 0
    return world
  }

  test('looks at the peers that it may choose, however many are interested', () => {
    const world = crowd()
    const before = world.rounds
    world.pass(10_000)
    expect(world.rounds).toBe(before + 1)
    expect(world.looked).toBeLessThan(10)
  })

  test('asks for the rates of those that give, until they have given nothing for long', () => {
    const world = crowd()
    world.pass(10_000)
    expect(world.measured).toBe(0)
    for (const peer of world.peers.slice(0, 2)) world.slots.gave(peer)
    world.pass(10_000)
    expect(world.measured).toBe(2)
    world.pass(10_000)
    expect(world.measured).toBe(2)
  })
})

describe('[speed] a torrent that wants nothing and has nobody connected', () => {
  test('has a round a minute; with the first who comes they are on the beat again, none made up for', () => {
    const world = new World()
    world.quiet = true
    world.pass(10_000) // the round that was set before
    const before = world.rounds
    world.pass(10 * QUIET_ROUND_MS)
    expect(world.rounds - before).toBe(10)
    world.pass(25_000)
    world.quiet = false
    const peer = world.peer()
    const atCome = world.rounds
    world.slots.joined(peer)
    world.turn.end()
    expect(world.rounds).toBe(atCome)
    // nothing delays its slot: no round was made for its coming
    expect(world.change(peer, true)).toBe(1)
    expect(peer.session.amChoking).toBe(false)
    const onTheBeat = world.rounds
    world.pass(30_000)
    expect(world.rounds - onTheBeat).toBe(3)
  })

  test('that comes to want something is on the beat again', () => {
    const world = new World()
    world.quiet = true
    world.pass(100_000)
    world.quiet = false
    const before = world.rounds
    world.slots.wake()
    world.pass(20_000)
    expect(world.rounds - before).toBe(2)
  })
})
