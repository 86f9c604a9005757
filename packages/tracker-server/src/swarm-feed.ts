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
  /** Some records, whole; lent. Called now and then, and never waited for. */
  changed(batch: Uint8Array): void
}

/** One record as it was read. */
export interface FeedRecord {
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
/** Length (2 bytes), flags, and one byte for later; infohash and peer id; then endpoint and extra. */
const HEAD_LENGTH = 4
const ENDPOINT_AT = HEAD_LENGTH + 20 + 20

/** Collects records; full batches go out at once, others when `flush` says so. */
export class FeedWriter {
  readonly #feed: SwarmFeed
  readonly #bytes = new Uint8Array(FEED_BATCH_LENGTH)
  #length = 0

  constructor(feed: SwarmFeed) {
    this.#feed = feed
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
    const length = ENDPOINT_AT + key.stride + said
    if (this.#length + length > this.#bytes.length) this.flush()
    const bytes = this.#bytes
    const at = this.#length
    bytes[at] = length >> 8
    bytes[at + 1] = length
    bytes[at + 2] = flags | (key.stride === 18 ? WIDE : 0)
    bytes[at + 3] = 0
    for (let word = 0; word < 5; word++) {
      const value = infoHash[word] as number
      const to = at + HEAD_LENGTH + 4 * word
      bytes[to] = value >>> 24
      bytes[to + 1] = value >>> 16
      bytes[to + 2] = value >>> 8
      bytes[to + 3] = value
    }
    for (let byte = 0; byte < 20; byte++)
      bytes[at + HEAD_LENGTH + 20 + byte] = peerId[byte] as number
    for (let byte = 0; byte < key.stride; byte++)
      bytes[at + ENDPOINT_AT + byte] = key.bytes[byte] as number
    for (let byte = 0; byte < said; byte++)
      bytes[at + ENDPOINT_AT + key.stride + byte] = extra.charCodeAt(byte)
    this.#length = at + length
  }

  flush(): void {
    if (this.#length === 0) return
    const batch = this.#bytes.subarray(0, this.#length)
    this.#length = 0
    this.#feed.changed(batch)
  }
}

/** Reads a batch; what is cut off, or no record, ends it: the rest of the batch is as lost. */
export function* readFeed(batch: Uint8Array): Iterable<FeedRecord> {
  for (let at = 0; at + ENDPOINT_AT + 6 <= batch.length; ) {
    const length = ((batch[at] as number) << 8) | (batch[at + 1] as number)
    const flags = batch[at + 2] as number
    const stride = (flags & WIDE) === 0 ? 6 : 18
    const endpointEnd = at + ENDPOINT_AT + stride
    if (length < ENDPOINT_AT + stride || length > FEED_RECORD_LENGTH_MAX) return
    if (at + length > batch.length) return
    let extra = ''
    for (let byte = endpointEnd; byte < at + length; byte++)
      extra += String.fromCharCode(batch[byte] as number)
    yield {
      isSeed: (flags & SEED) !== 0,
      isPaused: (flags & PAUSED) !== 0,
      isStopped: (flags & STOPPED) !== 0,
      isCompleted: (flags & COMPLETED) !== 0,
      infoHash: batch.subarray(at + HEAD_LENGTH, at + HEAD_LENGTH + 20),
      peerId: batch.subarray(at + HEAD_LENGTH + 20, at + ENDPOINT_AT),
      endpoint: batch.subarray(at + ENDPOINT_AT, endpointEnd),
      extra,
    }
    at += length
  }
}
