// What one tracker tells others: what is new as it comes, and everything again when somebody asks for it.

import type { Alarm, Clock } from '@bt/ports'
import { parseInfoHash, parsePeerId, type InfoHash, type PeerId } from '@bt/primitives'
import { type AnnounceRequest, parseExtraQuery } from '@bt/tracker-protocol'
import { FEED_MS, REFILL_SLOTS_MAX } from './limits.ts'
import { Saying } from './saying.ts'
import { type FeedRecord, FeedWriter, type SwarmFeed } from './swarm-feed.ts'
import type { SwarmRegistry } from './swarm-registry.ts'

export class FeedTelling {
  readonly #writer: FeedWriter
  readonly #registry: SwarmRegistry
  readonly #clock: Clock
  readonly #recalled: Saying
  #alarm: Alarm | undefined
  /** Where a refill goes on: the id of a swarm and its part; undefined: none is under way. */
  #refill: { id: number; part: number } | undefined

  constructor(feed: SwarmFeed, registry: SwarmRegistry, clock: Clock) {
    this.#writer = new FeedWriter(feed)
    this.#registry = registry
    this.#clock = clock
    // Its key is for telling only: the hash of it is nobody's.
    this.#recalled = new Saying({ below: () => 0, fill: () => {} })
  }

  tell(saying: Saying, extra: string): void {
    this.#writer.write(saying, extra)
  }

  /** Tells what was collected, from now on, five times a second. */
  start(): void {
    this.#alarm?.cancel()
    this.#alarm = this.#clock.at(this.#clock.now() + FEED_MS, () => {
      this.#refillStep()
      this.#writer.flush()
      this.start()
    })
  }

  close(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
    this.#writer.flush()
  }

  refill(): void {
    this.#refill = { id: 0, part: 0 }
  }

  /** About 50 batches a second: 10⁶ members in a minute, beside the announces. A part goes in one step: its members move. */
  #refillStep(): void {
    const at = this.#refill
    if (at === undefined) return
    const { table } = this.#registry
    const said = this.#recalled
    for (let told = 0; told < REFILL_SLOTS_MAX; told++) {
      if (at.id >= table.idsEnd) {
        this.#refill = undefined
        return
      }
      const swarm = table.byId(at.id)
      const part = swarm?.parts()[at.part]
      if (swarm === undefined || part === undefined) {
        at.id++
        at.part = 0
        continue
      }
      if (told > 0 && told + part.size > REFILL_SLOTS_MAX) return
      for (let slot = 0; slot < part.size; slot++) {
        said.infoHash.set(swarm.words)
        part.recall(slot, said)
        this.#writer.write(said, '')
      }
      told += part.size
      at.part++
    }
  }
}

/** What a record says, into `saying`; the time is left. */
export function takeRecord(saying: Saying, record: FeedRecord): void {
  saying.setInfoHash(record.infoHash, 0)
  saying.peerId.set(record.peerId)
  saying.key.setPacked(record.endpoint)
  saying.isSeed = record.isSeed
  saying.isPaused = record.isPaused
  saying.isStopped = record.isStopped
  saying.isCompleted = record.isCompleted
  saying.wanted = 0
}

/** A record as the announce that it came from, as far as it is known. */
export function requestOf(record: FeedRecord): AnnounceRequest {
  const { endpoint, extra } = record
  const end = endpoint.length
  const event = record.isStopped
    ? 'stopped'
    : record.isPaused
      ? 'paused'
      : record.isCompleted
        ? 'completed'
        : undefined
  return {
    infoHash: parseInfoHash(record.infoHash) as InfoHash,
    peerId: parsePeerId(record.peerId) as PeerId,
    port: ((endpoint[end - 2] as number) << 8) | (endpoint[end - 1] as number),
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: record.isSeed ? 0 : 1,
    ...(event !== undefined && { event }),
    ...(extra !== '' && { extra: parseExtraQuery(extra) }),
  }
}
