// The members of one swarm in flat arrays: slots 0 … size − 1 are always the living ones.
//
// Removal moves the last member into the gap, so slots are valid only until the next change. A member is its address
// and port. Beside the members lies an order of them that samples shuffle (see peer-sample.ts): fair, and O(wanted).

import {
  type Endpoint,
  idBytes,
  ipClass,
  type IpClass,
  type PeerId,
  parsePeerId,
  unpackEndpoint,
} from '@bt/primitives'

export interface Member {
  /** 18 bytes: 16 of address (IPv4 as mapped IPv6), 2 of port. */
  readonly address: Uint8Array
  readonly peerId: PeerId
  readonly isSeed: boolean
  /** A leech that wants nothing more (BEP 21). */
  readonly isPaused: boolean
  readonly group: number
  readonly seenSeconds: number
}

const SEED = 1
const PAUSED = 2
const COUNTED = 4
const IPV4 = 8
const CLASS_SHIFT = 4
const CLASSES: readonly IpClass[] = ['loopback', 'link-local', 'private', 'global', 'never']
const FIRST_CAPACITY = 4
const ADDRESS_LENGTH = 18
const ID_LENGTH = 20

export class Members {
  #size = 0
  #seeds = 0
  #paused = 0
  /** Members whose addresses are not global: who asks from outside must not hear of them. */
  #inside = 0
  #addresses = new Uint8Array(FIRST_CAPACITY * ADDRESS_LENGTH)
  #peerIds = new Uint8Array(FIRST_CAPACITY * ID_LENGTH)
  #seen = new Uint32Array(FIRST_CAPACITY)
  #groups = new Uint32Array(FIRST_CAPACITY)
  #flags = new Uint8Array(FIRST_CAPACITY)
  /** A permutation of the slots, and where each slot stands in it. */
  #order = new Uint32Array(FIRST_CAPACITY)
  #places = new Uint32Array(FIRST_CAPACITY)
  readonly #slots = new Map<string, number>()

  get size(): number {
    return this.#size
  }

  get seeds(): number {
    return this.#seeds
  }

  get leeches(): number {
    return this.#size - this.#seeds
  }

  /** Leeches that are not partial seeds (BEP 21). */
  get downloaders(): number {
    return this.#size - this.#seeds - this.#paused
  }

  get inside(): number {
    return this.#inside
  }

  /** The slot of an endpoint, by `keyOf` of it. */
  slotOf(key: string): number | undefined {
    return this.#slots.get(key)
  }

  /** Adds a member that is not there yet; answers its slot. */
  add(key: string, member: Member): number {
    if (this.#size === this.#seen.length) this.#grow()
    const slot = this.#size++
    this.#slots.set(key, slot)
    this.#order[slot] = slot
    this.#places[slot] = slot
    this.#addresses.set(member.address, slot * ADDRESS_LENGTH)
    const ofClass = CLASSES.indexOf(ipClass(member.address.subarray(0, 16)))
    this.#flags[slot] = (ofClass << CLASS_SHIFT) | (isMapped(member.address) ? IPV4 : 0)
    if (CLASSES[ofClass] !== 'global') this.#inside++
    this.update(slot, member)
    return slot
  }

  /** Takes over what the member said of itself now. */
  update(slot: number, member: Omit<Member, 'address'>): void {
    const before = this.#flags[slot] as number
    if ((before & SEED) !== 0) this.#seeds--
    if ((before & PAUSED) !== 0) this.#paused--
    const paused = member.isPaused && !member.isSeed
    this.#flags[slot] =
      (before & ~(SEED | PAUSED)) | (member.isSeed ? SEED : 0) | (paused ? PAUSED : 0)
    if (member.isSeed) this.#seeds++
    if (paused) this.#paused++
    this.#peerIds.set(idBytes(member.peerId), slot * ID_LENGTH)
    this.#seen[slot] = member.seenSeconds
    this.#groups[slot] = member.group
  }

  /** True the first time it is asked for this member: its completion counts once. */
  countCompletion(slot: number): boolean {
    const before = this.#flags[slot] as number
    this.#flags[slot] = before | COUNTED
    return (before & COUNTED) === 0
  }

  remove(slot: number): void {
    const flags = this.#flags[slot] as number
    if ((flags & SEED) !== 0) this.#seeds--
    if ((flags & PAUSED) !== 0) this.#paused--
    if (CLASSES[flags >> CLASS_SHIFT] !== 'global') this.#inside--
    this.#slots.delete(this.#keyAt(slot))
    const last = --this.#size
    // The order keeps its first `size` entries: the last of them takes the place of the one that leaves.
    this.shuffle(this.#places[slot] as number, last)
    if (slot === last) return
    this.#addresses.copyWithin(
      slot * ADDRESS_LENGTH,
      last * ADDRESS_LENGTH,
      (last + 1) * ADDRESS_LENGTH,
    )
    this.#peerIds.copyWithin(slot * ID_LENGTH, last * ID_LENGTH, (last + 1) * ID_LENGTH)
    this.#seen[slot] = this.#seen[last] as number
    this.#groups[slot] = this.#groups[last] as number
    this.#flags[slot] = this.#flags[last] as number
    this.#slots.set(this.#keyAt(slot), slot)
    const place = this.#places[last] as number
    this.#order[place] = slot
    this.#places[slot] = place
  }

  /** The slot that stands at a place of the order. */
  at(place: number): number {
    return this.#order[place] as number
  }

  /** Two places of the order change their slots. */
  shuffle(one: number, other: number): void {
    const first = this.#order[one] as number
    const second = this.#order[other] as number
    this.#order[one] = second
    this.#places[second] = one
    this.#order[other] = first
    this.#places[first] = other
  }

  endpoint(slot: number): Endpoint {
    return unpackEndpoint(this.#addresses, slot * ADDRESS_LENGTH, ADDRESS_LENGTH)
  }

  peerId(slot: number): PeerId {
    return parsePeerId(this.peerIdBytes(slot)) as PeerId
  }

  /** 20 bytes; a copy. */
  peerIdBytes(slot: number): Uint8Array {
    return this.#peerIds.slice(slot * ID_LENGTH, (slot + 1) * ID_LENGTH)
  }

  isSeed(slot: number): boolean {
    return ((this.#flags[slot] as number) & SEED) !== 0
  }

  classOf(slot: number): IpClass {
    return CLASSES[(this.#flags[slot] as number) >> CLASS_SHIFT] as IpClass
  }

  isIpv4(slot: number): boolean {
    return ((this.#flags[slot] as number) & IPV4) !== 0
  }

  /** 6 bytes of an IPv4 endpoint, 18 of an IPv6 one; a copy. */
  packed(slot: number): Uint8Array {
    const end = (slot + 1) * ADDRESS_LENGTH
    return this.#addresses.slice(this.isIpv4(slot) ? end - 6 : end - ADDRESS_LENGTH, end)
  }

  /** Whether a member counts as of the same address: one IPv4 address, or one IPv6 /64. */
  isNeighbour(slot: number, address: Uint8Array): boolean {
    const at = slot * ADDRESS_LENGTH
    for (let byte = 0; byte < 8; byte++)
      if (this.#addresses[at + byte] !== address[byte]) return false
    if (!this.isIpv4(slot)) return true
    for (let byte = 8; byte < 16; byte++)
      if (this.#addresses[at + byte] !== address[byte]) return false
    return true
  }

  group(slot: number): number {
    return this.#groups[slot] as number
  }

  seenSeconds(slot: number): number {
    return this.#seen[slot] as number
  }

  #keyAt(slot: number): string {
    return keyOfBytes(this.#addresses, slot * ADDRESS_LENGTH)
  }

  #grow(): void {
    const capacity = this.#seen.length + Math.max(FIRST_CAPACITY, this.#seen.length >> 1)
    this.#addresses = grown(this.#addresses, new Uint8Array(capacity * ADDRESS_LENGTH))
    this.#peerIds = grown(this.#peerIds, new Uint8Array(capacity * ID_LENGTH))
    this.#seen = grown(this.#seen, new Uint32Array(capacity))
    this.#groups = grown(this.#groups, new Uint32Array(capacity))
    this.#flags = grown(this.#flags, new Uint8Array(capacity))
    this.#order = grown(this.#order, new Uint32Array(capacity))
    this.#places = grown(this.#places, new Uint32Array(capacity))
  }
}

/** What tells members apart: the 18 bytes of address and port, as text. */
export function keyOf(address: Uint8Array): string {
  return keyOfBytes(address, 0)
}

/** Whether 16 bytes of IPv6 (more may follow) hold an IPv4 address. */
export function isMapped(address: Uint8Array): boolean {
  for (let byte = 0; byte < 10; byte++) if (address[byte] !== 0) return false
  return address[10] === 255 && address[11] === 255
}

function keyOfBytes(bytes: Uint8Array, at: number): string {
  let key = ''
  for (let byte = at; byte < at + ADDRESS_LENGTH; byte += 2)
    key += String.fromCharCode(((bytes[byte] as number) << 8) | (bytes[byte + 1] as number))
  return key
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
