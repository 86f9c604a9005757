// Members of a swarm in one block of flat memory: those of one address family, or a part of them.
//
// Slots 0 … size − 1 are members, leeches before seeds, in the order in which they are told: an answer is a run of
// neighbours from a random place on, so that everybody is told equally often. Whoever announces changes places with
// another one at random, so that neighbours do not stay neighbours. Slots hold until the swarm changes.

import { ipClass, type PeerId, parsePeerId } from '@bt/primitives'
import { Columns } from './columns.ts'
import { CLASSES, type Draw, isAudible } from './draw.ts'
import type { Hand } from './hand.ts'
import {
  capacityFor,
  FIRST_CAPACITY,
  FLAGS_AT,
  ID_AT,
  ID_HALVES,
  ID_LENGTH,
  layoutOf,
  nextCapacity,
  PART_SLOTS_MAX,
  SEEN_AT,
} from './member-layout.ts'
import type { MemberMeans, SwarmCounts } from './member-means.ts'
import type { PeerKey, Stride } from './peer-key.ts'
import type { Saying } from './saying.ts'

/** Announces of which one moves its member: half of all change places in an interval, and it costs a tenth of an announce. */
const MOVED_ONE_IN = 4

const SEED = 1
const PAUSED = 2
const COUNTED = 4
const CLASS_SHIFT = 4
const GLOBAL = CLASSES.indexOf('global')
const NEVER = CLASSES.indexOf('never')

export class Members extends Columns {
  /** How many low bits of their hashes all members here have in common (see family.ts). */
  depth = 0
  readonly #means: MemberMeans
  readonly #counts: SwarmCounts
  #size = 0
  /** The first slot of a seed. */
  #leeches = 0

  constructor(stride: Stride, means: MemberMeans, counts: SwarmCounts) {
    super(means.slabs, layoutOf(FIRST_CAPACITY, stride, means.keeping))
    this.#means = means
    this.#counts = counts
  }

  /** Slots are below it. */
  get size(): number {
    return this.#size
  }

  /** It is to be split first. */
  get isFull(): boolean {
    return this.#size === PART_SLOTS_MAX
  }

  /** The slot of an endpoint, or −1. */
  find(key: PeerKey): number {
    if (this.layout.cells > 0) return this.lookUp(key)
    for (let slot = 0; slot < this.#size; slot++) if (this.holds(slot, key)) return slot
    return -1
  }

  /** Adds a member that is not there yet, where it is not full. Answers its slot; others may move. */
  add(saying: Saying, draw: Draw): number {
    if (this.#size === this.layout.capacity) this.#rebuild(nextCapacity(this.layout.capacity))
    const { halves, hash, address } = saying.key
    const slot = this.#size++
    this.claim(slot, halves, 0, hash)
    const ofClass = CLASSES.indexOf(ipClass(address))
    const counts = this.#counts
    counts.size++
    counts.seeds++
    if (ofClass < GLOBAL) counts.inside++
    if (ofClass === NEVER) counts.nowhere++
    this.setFlags(slot, SEED | (ofClass << CLASS_SHIFT))
    return this.update(slot, saying, draw)
  }

  /** Takes over what the member says of itself now. Answers its slot, which is another one; others may move. */
  update(before: number, saying: Saying, draw: Draw): number {
    const { halves } = this
    let at = this.restAt(before)
    const flags = halves[at + FLAGS_AT] as number
    const isSeed = saying.isSeed
    const counts = this.#counts
    const paused = saying.isPaused && !isSeed ? PAUSED : 0
    const after = (flags & ~(SEED | PAUSED)) | (isSeed ? SEED : 0) | paused
    let slot = before
    if (after !== flags) {
      halves[at + FLAGS_AT] = after
      counts.paused += (paused - (flags & PAUSED)) >> 1
      if (((after ^ flags) & SEED) !== 0) {
        counts.seeds += isSeed ? 1 : -1
        const border = isSeed ? --this.#leeches : this.#leeches++
        this.swap(slot, border, this.#means.hasher)
        slot = border
      }
    }
    if (draw.below(MOVED_ONE_IN) === 0) {
      const first = isSeed ? this.#leeches : 0
      const other = first + draw.below((isSeed ? this.#size : this.#leeches) - first)
      this.swap(slot, other, this.#means.hasher)
      slot = other
    }
    at = this.restAt(slot)
    halves[at + SEEN_AT] = this.#stepOf(saying.seenSeconds)
    const { keeping } = this.#means
    if (keeping.peerIds)
      for (let half = 0; half < ID_HALVES; half++)
        halves[at + ID_AT + half] = saying.peerIdHalves[half] as number
    if (keeping.groups) this.setGroup(slot, saying.group)
    return slot
  }

  /** Whether others should hear what is said: something changed, or `everySeconds` went by. */
  isNews(slot: number, saying: Saying, everySeconds: number): boolean {
    const flags = this.flags(slot)
    if (((flags & SEED) !== 0) !== saying.isSeed || ((flags & PAUSED) !== 0) !== saying.isPaused)
      return true
    const every = Math.max(1, Math.floor(everySeconds / this.#means.seenStep))
    const before = Math.floor(this.seen(slot) / every)
    return before !== Math.floor(this.#stepOf(saying.seenSeconds) / every)
  }

  /** True the first time it is asked for this member: its completion counts once. */
  countCompletion(slot: number): boolean {
    const before = this.flags(slot)
    this.setFlags(slot, before | COUNTED)
    return (before & COUNTED) === 0
  }

  /** Members behind it come to its slot and to others behind it, never to one before. */
  remove(slot: number): void {
    const counts = this.#counts
    const flags = this.flags(slot)
    if ((flags & SEED) !== 0) counts.seeds--
    if ((flags & PAUSED) !== 0) counts.paused--
    const ofClass = flags >> CLASS_SHIFT
    if (ofClass < GLOBAL) counts.inside--
    if (ofClass === NEVER) counts.nowhere--
    counts.size--
    this.#close(slot)
  }

  /** How many a draw is from, the asker among them. */
  toldOf(withoutSeeds: boolean): number {
    return withoutSeeds ? this.#leeches : this.#size
  }

  /** Draws up to `wanted` members that may be told of into `hand`, and looks at `looks` members at most; how many. */
  pick(wanted: number, looks: number, draw: Draw, hand: Hand): number {
    const end = draw.withoutSeeds ? this.#leeches : this.#size
    const isAmong = draw.self >= 0 && draw.self < end
    const others = isAmong ? end - 1 : end
    if (others === 0) return 0
    const { inside, nowhere } = this.#counts
    if ((inside > 0 || nowhere > 0) && !isAudible(draw.mayHear, inside, nowhere))
      return this.#search(end, wanted, looks, draw, hand)
    const count = Math.min(wanted, others)
    const start = draw.below(others)
    const skip = isAmong && start >= draw.self ? 1 : 0
    hand.addRun(this, count, start + skip, end, isAmong ? draw.self : end)
    return count
  }

  /** The endpoint, as a key, and what its member said last. */
  recall(slot: number, saying: Saying): void {
    const flags = this.flags(slot)
    const id = this.peerIdBytes(slot)
    saying.key.load(this.halves, this.endpointAt(slot), this.stride)
    if (id === undefined) saying.peerId.fill(0)
    else saying.peerId.set(id)
    saying.isSeed = (flags & SEED) !== 0
    saying.isPaused = (flags & PAUSED) !== 0
    saying.isStopped = saying.isCompleted = false
  }

  /** The first slot from `from` on, below `end`, that was silent for more than `ageSeconds`; −1: none. */
  silentSlot(from: number, end: number, nowSeconds: number, ageSeconds: number): number {
    const now = this.#stepOf(nowSeconds)
    const age = Math.ceil(ageSeconds / this.#means.seenStep)
    for (let slot = from; slot < end; slot++)
      if (((now - this.seen(slot)) & 0xffff) > age) return slot
    return -1
  }

  /** After some left: gives back what they leave. */
  tidy(): void {
    const fitting = capacityFor(this.#size + (this.#size >> 3))
    if (fitting <= this.layout.capacity >> 1) this.#rebuild(fitting)
  }

  /** Moves the members whose hash has `bit` set to `other`, which is empty. Slots change. */
  splitTo(other: Members, bit: number): void {
    const { hasher } = this.#means
    other.#rebuild(capacityFor(this.#size >> 1))
    // Backwards: who comes to a slot that is left was looked at before.
    for (let slot = this.#size - 1; slot >= 0; slot--) {
      const hash = this.hashAt(slot, hasher)
      if ((hash & bit) === 0) continue
      other.#adopt(this, slot, hash)
      this.#close(slot)
    }
    this.#rebuild(capacityFor(this.#size))
  }

  /** Zeros where ids are not kept. */
  peerId(slot: number): PeerId {
    return parsePeerId(this.peerIdBytes(slot) ?? new Uint8Array(ID_LENGTH)) as PeerId
  }

  isSeed(slot: number): boolean {
    return (this.flags(slot) & SEED) !== 0
  }

  /** Place in `CLASSES`. */
  classOf(slot: number): number {
    return this.flags(slot) >> CLASS_SHIFT
  }

  /** Whether a member counts as of the same address as `key`: one IPv4 address, or one IPv6 /64. */
  isNeighbour(slot: number, key: PeerKey): boolean {
    if (key.stride !== this.stride) return false
    return this.begins(slot, key, this.stride === 6 ? 2 : 4)
  }

  /** Looks one by one, a random step apart: whoever follows many that may not be told of is told no oftener for it. */
  #search(end: number, wanted: number, looks: number, draw: Draw, hand: Hand): number {
    const slots = hand.addList(this)
    let slot = draw.below(end)
    const step = draw.stepOf(end)
    for (let look = 0; look < end && look < looks && slots.length < wanted; look++) {
      slot = (slot + step) % end
      if (slot === draw.self) continue
      if (((draw.mayHear >> this.classOf(slot)) & 1) !== 0) slots.push(slot)
    }
    return slots.length
  }

  #stepOf(seconds: number): number {
    return Math.floor(seconds / this.#means.seenStep) & 0xffff
  }

  /** Takes a member out and closes the gap: the last leech comes there, and the last seed to where that was. */
  #close(slot: number): void {
    const { hasher } = this.#means
    this.unindex(slot, hasher)
    let gap = slot
    if (slot < this.#leeches) {
      const last = --this.#leeches
      if (last !== gap) this.move(last, gap, hasher)
      gap = last
    }
    const last = --this.#size
    if (last !== gap) this.move(last, gap, hasher)
  }

  #adopt(from: Members, fromSlot: number, hash: number): void {
    if (this.#size === this.layout.capacity) this.#rebuild(nextCapacity(this.layout.capacity))
    const slot = this.#size++
    this.copyFrom(from, fromSlot, slot)
    this.index(slot, hash)
    if (this.isSeed(slot)) return
    this.swap(slot, this.#leeches++, this.#means.hasher)
  }

  #rebuild(capacity: number): void {
    const { slabs, keeping, hasher } = this.#means
    const before = new Columns(this)
    this.renew(slabs, layoutOf(capacity, this.stride, keeping))
    for (let slot = 0; slot < this.#size; slot++) {
      this.copyFrom(before, slot, slot)
      this.index(slot, this.hashAt(slot, hasher))
    }
    before.free(slabs)
  }
}
