// The members of one swarm in flat arrays: slots 0 … size − 1 are always the living ones.
//
// Removal moves the last member into the gap, so slots are valid only until the next change. A member is its address
// and port; the order of slots is shuffled by every sample (see peer-sample.ts), which makes samples fair and O(wanted).

import {
  type Endpoint,
  idBytes,
  ipClass,
  type IpClass,
  packMapped,
  type PeerId,
  parsePeerId,
  unpackEndpoint,
} from '@bt/primitives'

export interface Member {
  readonly endpoint: Endpoint
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
    this.#addresses.set(packMapped(member.endpoint) as Uint8Array, slot * ADDRESS_LENGTH)
    const ofClass = CLASSES.indexOf(ipClass(member.endpoint.host))
    this.#flags[slot] = ofClass << CLASS_SHIFT
    if (CLASSES[ofClass] !== 'global') this.#inside++
    this.update(slot, member)
    return slot
  }

  /** Takes over what the member said of itself now. */
  update(slot: number, member: Omit<Member, 'endpoint'>): void {
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
    this.swap(slot, this.#size - 1)
    this.#size--
    this.#slots.delete(this.#keyAt(this.#size))
  }

  /** Two members change places. */
  swap(one: number, other: number): void {
    if (one === other) return
    this.#slots.set(this.#keyAt(one), other)
    this.#slots.set(this.#keyAt(other), one)
    swapRange(this.#addresses, one, other, ADDRESS_LENGTH)
    swapRange(this.#peerIds, one, other, ID_LENGTH)
    swapRange(this.#seen, one, other, 1)
    swapRange(this.#groups, one, other, 1)
    swapRange(this.#flags, one, other, 1)
  }

  endpoint(slot: number): Endpoint {
    return unpackEndpoint(this.#addresses, slot * ADDRESS_LENGTH, ADDRESS_LENGTH)
  }

  peerId(slot: number): PeerId {
    return parsePeerId(this.#peerIds.subarray(slot * ID_LENGTH, (slot + 1) * ID_LENGTH)) as PeerId
  }

  isSeed(slot: number): boolean {
    return ((this.#flags[slot] as number) & SEED) !== 0
  }

  classOf(slot: number): IpClass {
    return CLASSES[(this.#flags[slot] as number) >> CLASS_SHIFT] as IpClass
  }

  isIpv4(slot: number): boolean {
    const at = slot * ADDRESS_LENGTH
    for (let byte = 0; byte < 10; byte++) if (this.#addresses[at + byte] !== 0) return false
    return this.#addresses[at + 10] === 255 && this.#addresses[at + 11] === 255
  }

  /** Whether two members have one address, whatever their ports. */
  sameAddress(one: number, other: number): boolean {
    for (let byte = 0; byte < 16; byte++)
      if (
        this.#addresses[one * ADDRESS_LENGTH + byte] !==
        this.#addresses[other * ADDRESS_LENGTH + byte]
      )
        return false
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
  }
}

/** What tells members apart: address and port; undefined for a name. */
export function keyOf(endpoint: Endpoint): string | undefined {
  const packed = packMapped(endpoint)
  return packed === undefined ? undefined : keyOfBytes(packed, 0)
}

function keyOfBytes(bytes: Uint8Array, at: number): string {
  let key = ''
  for (let byte = at; byte < at + ADDRESS_LENGTH; byte += 2)
    key += String.fromCharCode(((bytes[byte] as number) << 8) | (bytes[byte + 1] as number))
  return key
}

function swapRange(
  array: Uint8Array | Uint32Array,
  one: number,
  other: number,
  length: number,
): void {
  for (let at = 0; at < length; at++) {
    const kept = array[one * length + at] as number
    array[one * length + at] = array[other * length + at] as number
    array[other * length + at] = kept
  }
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from)
  return to
}
