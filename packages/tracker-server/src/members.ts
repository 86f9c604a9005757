// Members of a swarm in one block of flat memory: those of one address family, or a part of them.
//
// A member keeps its slot until the block is rebuilt. The order is a permutation of the slots: its first `used` places
// hold the living and the dead that nobody has come across yet; samples shuffle it (the first steps of Fisher and
// Yates), so that every set is equally likely, whatever was drawn before, and the cost is what is wanted.

import { ipClass, type PeerId, parsePeerId } from '@bt/primitives'
import { Columns } from './columns.ts'
import { CLASSES, type Draw, mixed, scaled } from './draw.ts'
import {
  capacityFor,
  FIRST_CAPACITY,
  ID_LENGTH,
  layoutOf,
  nextCapacity,
  PART_SLOTS_MAX,
} from './member-layout.ts'
import type { MemberMeans, SwarmCounts } from './member-means.ts'
import type { PeerKey, Stride } from './peer-key.ts'
import type { Saying } from './saying.ts'

const SEED = 1
const PAUSED = 2
const COUNTED = 4
const LIVING = 8
const CLASS_SHIFT = 4
const GLOBAL = CLASSES.indexOf('global')

export class Members extends Columns {
  /** How many low bits of their hashes all members here have in common (see family.ts). */
  depth = 0
  readonly #means: MemberMeans
  readonly #counts: SwarmCounts
  #used = 0
  #dead = 0

  constructor(stride: Stride, means: MemberMeans, counts: SwarmCounts) {
    super(means.slabs, layoutOf(FIRST_CAPACITY, stride, means.keeping))
    this.#means = means
    this.#counts = counts
  }

  get size(): number {
    return this.#used - this.#dead
  }

  /** Slots are below it. */
  get capacity(): number {
    return this.layout.capacity
  }

  /** It is to be split first: an eighth stays idle, so that rebuilding pays each time. */
  get isFull(): boolean {
    return this.size >= PART_SLOTS_MAX - (PART_SLOTS_MAX >> 3)
  }

  /** The slot of an endpoint, or −1. */
  find(key: PeerKey): number {
    if (this.layout.cells > 0) return this.lookUp(key)
    for (let place = 0; place < this.#used; place++) {
      const slot = this.slotAt(place)
      if (this.isLiving(slot) && this.holds(slot, key)) return slot
    }
    return -1
  }

  /** Adds a member that is not there yet, where it is not full. Answers its slot. */
  add(saying: Saying): number {
    const { halves, hash, address } = saying.key
    const slot = this.#claim(halves, 0, hash)
    const ofClass = CLASSES.indexOf(ipClass(address))
    this.#setFlags(slot, LIVING | (ofClass << CLASS_SHIFT))
    if (ofClass !== GLOBAL) this.#counts.inside++
    this.#counts.size++
    this.update(slot, saying)
    return slot
  }

  /** Takes over what the member says of itself now. */
  update(slot: number, saying: Saying): void {
    const counts = this.#counts
    const before = this.#flags(slot)
    const after =
      (before & ~(SEED | PAUSED)) |
      (saying.isSeed ? SEED : 0) |
      (saying.isPaused && !saying.isSeed ? PAUSED : 0)
    if (after !== before) {
      this.#setFlags(slot, after)
      counts.seeds += (after & SEED) - (before & SEED)
      counts.paused += ((after & PAUSED) - (before & PAUSED)) >> 1
    }
    this.setSeen(slot, this.#stepOf(saying.seenSeconds))
    const { keeping } = this.#means
    if (keeping.peerIds) {
      const at = this.peerIdAt(slot)
      for (let byte = 0; byte < ID_LENGTH; byte++)
        this.bytes[at + byte] = saying.peerId[byte] as number
    }
    if (keeping.groups) this.setGroup(slot, saying.group)
  }

  /** Whether others should hear what is said: something changed, or `everySeconds` went by. */
  isNews(slot: number, saying: Saying, everySeconds: number): boolean {
    const flags = this.#flags(slot)
    if (((flags & SEED) !== 0) !== saying.isSeed || ((flags & PAUSED) !== 0) !== saying.isPaused)
      return true
    const every = Math.max(1, Math.floor(everySeconds / this.#means.seenStep))
    const before = Math.floor(this.seen(slot) / every)
    return before !== Math.floor(this.#stepOf(saying.seenSeconds) / every)
  }

  /** True the first time it is asked for this member: its completion counts once. */
  countCompletion(slot: number): boolean {
    const before = this.#flags(slot)
    this.#setFlags(slot, before | COUNTED)
    return (before & COUNTED) === 0
  }

  /** It is gone at once; its slot is used again when a draw comes across it, or for want of others. */
  remove(slot: number): void {
    const counts = this.#counts
    const flags = this.#flags(slot)
    if ((flags & SEED) !== 0) counts.seeds--
    if ((flags & PAUSED) !== 0) counts.paused--
    if (flags >> CLASS_SHIFT !== GLOBAL) counts.inside--
    counts.size--
    this.#kill(slot)
  }

  /**
   * Shuffles up to `wanted` members that may be told of to the front of the order, where `write` and `slotAt` find
   * them; answers how many. Looks at `draws` members at most.
   */
  pick(wanted: number, draws: number, draw: Draw): number {
    const { halves, bytes, order, flags: flagsAt } = this
    const { self, withoutSeeds, mayHear } = draw
    const isPlain = this.#dead === 0 && !withoutSeeds && this.#counts.inside === 0
    let state = draw.state
    let used = this.#used
    let chosen = 0
    for (let drawn = 0; drawn < used && drawn < draws && chosen < wanted; drawn++) {
      state = (state + 0x9e3779b9) | 0
      const place = order + drawn + scaled(mixed(state), used - drawn)
      const slot = halves[place] as number
      halves[place] = halves[order + drawn] as number
      halves[order + drawn] = slot
      if (slot === self) continue
      if (!isPlain) {
        const flags = bytes[flagsAt + slot] as number
        if ((flags & LIVING) === 0) {
          // The dead lie behind the used places, where they are free.
          used--
          halves[order + drawn] = halves[order + used] as number
          halves[order + used] = slot
          this.#dead--
          drawn--
          continue
        }
        if (withoutSeeds && (flags & SEED) !== 0) continue
        if (((mayHear >> (flags >> CLASS_SHIFT)) & 1) === 0) continue
      }
      if (chosen !== drawn) {
        halves[order + drawn] = halves[order + chosen] as number
        halves[order + chosen] = slot
      }
      chosen++
    }
    this.#used = used
    draw.state = state
    return chosen
  }

  /** Writes the endpoints of the first `count` of the order from half-word `at` of `into` on. */
  write(into: Uint16Array, at: number, count: number): void {
    if (this.stride === 18) return this.writeWide(into, at, count)
    const { halves, order } = this
    const first = this.endpointAt(0)
    let to = at
    for (let place = order; place < order + count; place++) {
      const from = first + 3 * (halves[place] as number)
      into[to] = halves[from] as number
      into[to + 1] = halves[from + 1] as number
      into[to + 2] = halves[from + 2] as number
      to += 3
    }
  }

  /** The slot at a place of the order. */
  slotAt(place: number): number {
    return this.halves[this.order + place] as number
  }

  /** A member, each equally likely; −1 where a dead slot was drawn, which is then free. */
  anySlot(draw: Draw): number {
    const { halves, order } = this
    const place = order + draw.below(this.#used)
    const slot = halves[place] as number
    if (this.isLiving(slot)) return slot
    this.#used--
    this.#dead--
    halves[place] = halves[order + this.#used] as number
    halves[order + this.#used] = slot
    return -1
  }

  isLiving(slot: number): boolean {
    return (this.#flags(slot) & LIVING) !== 0
  }

  /** The endpoint, as a key, and what its member said last. */
  recall(slot: number, saying: Saying): void {
    const flags = this.#flags(slot)
    const id = this.peerIdBytes(slot)
    saying.key.load(this.halves, this.endpointAt(slot), this.stride)
    if (id === undefined) saying.peerId.fill(0)
    else saying.peerId.set(id)
    saying.isSeed = (flags & SEED) !== 0
    saying.isPaused = (flags & PAUSED) !== 0
    saying.isStopped = saying.isCompleted = false
  }

  /** The first living slot from `from` on, below `end`, that was silent for more than `ageSeconds`; −1: none. */
  silentSlot(from: number, end: number, nowSeconds: number, ageSeconds: number): number {
    const now = this.#stepOf(nowSeconds)
    const age = Math.ceil(ageSeconds / this.#means.seenStep)
    for (let slot = from; slot < end; slot++)
      if (((now - this.seen(slot)) & 0xffff) > age && this.isLiving(slot)) return slot
    return -1
  }

  /** After some left: gives back what they leave. Slots change. */
  tidy(): void {
    const { capacity } = this
    const fitting = capacityFor(this.size + (this.size >> 3))
    if (fitting <= capacity >> 1) this.#rebuild(fitting)
    else if (this.#dead > capacity >> 3) this.#rebuild(capacity)
  }

  /** Moves the members whose hash has `bit` set to `other`, which is empty. Slots change. */
  splitTo(other: Members, bit: number): void {
    for (let place = 0; place < this.#used; place++) {
      const slot = this.slotAt(place)
      if (!this.isLiving(slot) || (this.hashAt(slot, this.#means.hasher) & bit) === 0) continue
      other.#adopt(this, slot)
      this.#kill(slot)
    }
    this.#rebuild(capacityFor(this.size))
  }

  /** 20 bytes, a copy; undefined where ids are not kept. */
  peerIdBytes(slot: number): Uint8Array | undefined {
    if (!this.#means.keeping.peerIds) return undefined
    const at = this.peerIdAt(slot)
    return this.bytes.slice(at, at + ID_LENGTH)
  }

  /** Zeros where ids are not kept. */
  peerId(slot: number): PeerId {
    return parsePeerId(this.peerIdBytes(slot) ?? new Uint8Array(ID_LENGTH)) as PeerId
  }

  isSeed(slot: number): boolean {
    return (this.#flags(slot) & SEED) !== 0
  }

  /** Place in `CLASSES`. */
  classOf(slot: number): number {
    return this.#flags(slot) >> CLASS_SHIFT
  }

  group(slot: number): number {
    return this.#means.keeping.groups ? this.groupAt(slot) : 0
  }

  /** Whether a member counts as of the same address as `key`: one IPv4 address, or one IPv6 /64. */
  isNeighbour(slot: number, key: PeerKey): boolean {
    if (key.stride !== this.stride) return false
    return this.begins(slot, key, this.stride === 6 ? 2 : 4)
  }

  #flags(slot: number): number {
    return this.bytes[this.flags + slot] as number
  }

  #setFlags(slot: number, flags: number): void {
    this.bytes[this.flags + slot] = flags
  }

  #stepOf(seconds: number): number {
    return Math.floor(seconds / this.#means.seenStep) & 0xffff
  }

  #kill(slot: number): void {
    this.unindex(slot, this.#means.hasher)
    this.#setFlags(slot, 0)
    this.#dead++
  }

  #claim(halves: Uint16Array, at: number, hash: number): number {
    if (this.#used === this.capacity) {
      const isSparse = this.#dead > this.capacity >> 3
      this.#rebuild(isSparse ? this.capacity : nextCapacity(this.capacity))
    }
    const slot = this.slotAt(this.#used++)
    this.claim(slot, halves, at, hash)
    return slot
  }

  #adopt(from: Columns, fromSlot: number): void {
    const hash = from.hashAt(fromSlot, this.#means.hasher)
    const slot = this.#claim(from.halves, from.endpointAt(fromSlot), hash)
    this.copyFrom(from, fromSlot, slot, this.#means.keeping)
  }

  #rebuild(capacity: number): void {
    const { slabs, keeping } = this.#means
    const before = new Columns(this)
    const used = this.#used
    this.renew(slabs, layoutOf(capacity, this.stride, keeping))
    this.#used = 0
    this.#dead = 0
    const { bytes, halves, order, flags } = before
    for (let place = 0; place < used; place++) {
      const slot = halves[order + place] as number
      if (((bytes[flags + slot] as number) & LIVING) !== 0) this.#adopt(before, slot)
    }
    before.free(slabs)
  }
}
