// How trackers that serve one set of swarms know of each other's peers: batches of records, told and heard.
//
// A tracker answers from its own memory alone; what it takes in becomes a record, and whoever carries the records (another
// thread, a store of many machines) may be slow, lose some, or be away for a while. Nothing is ever waited for. A peer
// that says nothing new is told of a few times an interval, so that the others do not forget it.

import { FEED_BATCH_LENGTH, FEED_RECORD_LENGTH_MAX } from './limits.ts'
import type { PeerKey } from './peer-key.ts'
import type { Saying } from './saying.ts'

/** What carries records to other trackers. */
export interface SwarmFeed {
  /** A power of two: in how many lanes it carries records, each in order. All of one swarm is in one of them. Default 1. */
  readonly lanes?: number
  /** Some records of one lane, whole; lent. Called now and then, and never waited for. */
  changed(batch: Uint8Array, lane: number): void
}

/** One record as it was read: a member, or what a hook has to say of a swarm. */
export type FeedRecord = MemberRecord | WordRecord

export interface WordRecord {
  readonly kind: 'word'
  /** 20 bytes, lent. */
  readonly infoHash: Uint8Array
  /** The hook's own, lent. */
  readonly word: Uint8Array
}

export interface MemberRecord {
  readonly kind: 'member'
  readonly isSeed: boolean
  readonly isPaused: boolean
  readonly isStopped: boolean
  readonly isCompleted: boolean
  /** 20 bytes each, lent. */
  readonly infoHash: Uint8Array
  readonly peerId: Uint8Array
  /** 6 or 18 bytes, lent. */
  readonly endpoint: Uint8Array
  /** What hooks want to know: parameters of extensions as in a query. */
  readonly extra: string
}

const SEED = 1
const PAUSED = 2
const STOPPED = 4
const COMPLETED = 8
const WIDE = 16
const MEMBER = 0
const WORD = 1
/** Length (2 bytes), flags, kind, infohash; of a member then peer id, endpoint and extra, of a word its bytes. */
const HEAD_LENGTH = 4
const WORD_AT = HEAD_LENGTH + 20
const ENDPOINT_AT = WORD_AT + 20

/** Collects records of one lane; full batches go out at once, others when `flush` says so. */
export class FeedWriter {
  readonly #feed: SwarmFeed
  readonly #lane: number
  readonly #bytes = new Uint8Array(FEED_BATCH_LENGTH)
  #length = 0

  constructor(feed: SwarmFeed, lane: number) {
    this.#feed = feed
    this.#lane = lane
  }

  write(saying: Saying, extra: string): void {
    const { infoHash, peerId, key } = saying
    const flags =
      (saying.isSeed ? SEED : 0) |
      (saying.isPaused ? PAUSED : 0) |
      (saying.isStopped ? STOPPED : 0) |
      (saying.isCompleted ? COMPLETED : 0)
    this.put(infoHash, peerId, key, flags, extra)
  }

  put(
    infoHash: ArrayLike<number>,
    peerId: Uint8Array,
    key: PeerKey,
    flags: number,
    extra = '',
  ): void {
    const said = Math.min(extra.length, FEED_RECORD_LENGTH_MAX - ENDPOINT_AT - 18)
    const wide = key.stride === 18 ? WIDE : 0
    const at = this.#begin(ENDPOINT_AT + key.stride + said, flags | wide, MEMBER, infoHash)
    const bytes = this.#bytes
    for (let byte = 0; byte < 20; byte++) bytes[at + WORD_AT + byte] = peerId[byte] as number
    for (let byte = 0; byte < key.stride; byte++)
      bytes[at + ENDPOINT_AT + byte] = key.bytes[byte] as number
    for (let byte = 0; byte < said; byte++)
      bytes[at + ENDPOINT_AT + key.stride + byte] = extra.charCodeAt(byte)
  }

  /** A word that is too long is not said. */
  word(infoHash: ArrayLike<number>, word: Uint8Array): void {
    const length = WORD_AT + word.length
    if (length > FEED_RECORD_LENGTH_MAX) return
    this.#bytes.set(word, WORD_AT + this.#begin(length, 0, WORD, infoHash))
  }

  /** Room for a record with its head; where it begins. */
  #begin(length: number, flags: number, kind: number, infoHash: ArrayLike<number>): number {
    if (this.#length + length > this.#bytes.length) this.flush()
    const bytes = this.#bytes
    const at = this.#length
    bytes[at] = length >> 8
    bytes[at + 1] = length
    bytes[at + 2] = flags
    bytes[at + 3] = kind
    for (let word = 0; word < 5; word++) {
      const value = infoHash[word] as number
      const to = at + HEAD_LENGTH + 4 * word
      bytes[to] = value >>> 24
      bytes[to + 1] = value >>> 16
      bytes[to + 2] = value >>> 8
      bytes[to + 3] = value
    }
    this.#length = at + length
    return at
  }

  flush(): void {
    if (this.#length === 0) return
    const batch = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    this.#feed.changed(batch, this.#lane)
  }
}

/** Reads a batch; what is cut off, or no record, ends it: the rest of the batch is as lost. */
export function* readFeed(batch: Uint8Array): Iterable<FeedRecord> {
  for (let at = 0; at + WORD_AT <= batch.length; ) {
    const length = ((batch[at] as number) << 8) | (batch[at + 1] as number)
    if (length < WORD_AT || length > FEED_RECORD_LENGTH_MAX || at + length > batch.length) return
    const bytes = batch.subarray(at, at + length)
    const record = bytes[3] === WORD ? wordIn(bytes) : memberIn(bytes)
    if (record === undefined) return
    yield record
    at += length
  }
}

function wordIn(bytes: Uint8Array): WordRecord {
  return {
    kind: 'word',
    infoHash: bytes.subarray(HEAD_LENGTH, WORD_AT),
    word: bytes.subarray(WORD_AT),
  }
}

function memberIn(bytes: Uint8Array): MemberRecord | undefined {
  const flags = bytes[2] as number
  const endpointEnd = ENDPOINT_AT + ((flags & WIDE) === 0 ? 6 : 18)
  if (bytes.length < endpointEnd || bytes[3] !== MEMBER) return undefined
  let extra = ''
  for (let byte = endpointEnd; byte < bytes.length; byte++)
    extra += String.fromCharCode(bytes[byte] as number)
  return {
    kind: 'member',
    isSeed: (flags & SEED) !== 0,
    isPaused: (flags & PAUSED) !== 0,
    isStopped: (flags & STOPPED) !== 0,
    isCompleted: (flags & COMPLETED) !== 0,
    infoHash: bytes.subarray(HEAD_LENGTH, WORD_AT),
    peerId: bytes.subarray(WORD_AT, ENDPOINT_AT),
    endpoint: bytes.subarray(ENDPOINT_AT, endpointEnd),
    extra,
  }
}
