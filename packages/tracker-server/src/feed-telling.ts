// What one tracker tells others: what is new as it comes, and everything again when somebody asks for it.

import type { Alarm, Clock } from '@bt/ports'
import { idBytes, type InfoHash, parseInfoHash } from '@bt/primitives'
import { extraQuery } from '@bt/tracker-protocol'
import type { Members } from './members.ts'
import type { AnnounceHook } from './hooks.ts'
import { FEED_MS, REFILL_SLOTS_MAX } from './limits.ts'
import { Saying } from './saying.ts'
import { FeedWriter, type SwarmFeed } from './swarm-feed.ts'
import type { Swarm } from './swarm.ts'
import type { SwarmRegistry } from './swarm-registry.ts'

export class FeedTelling {
  readonly #writers: readonly FeedWriter[]
  readonly #hooks: readonly AnnounceHook[]
  readonly #registry: SwarmRegistry
  readonly #clock: Clock
  readonly #recalled: Saying
  #alarm: Alarm | undefined
  /** Where a refill goes on: the id of a swarm and its part; undefined: none is under way. */
  #refill: { id: number; part: number } | undefined

  constructor(
    feed: SwarmFeed,
    registry: SwarmRegistry,
    clock: Clock,
    hooks: readonly AnnounceHook[],
  ) {
    this.#writers = Array.from({ length: feed.lanes ?? 1 }, (_, lane) => new FeedWriter(feed, lane))
    this.#hooks = hooks
    this.#registry = registry
    this.#clock = clock
    // Its key is for telling only: the hash of it is nobody's.
    this.#recalled = new Saying({ below: () => 0, fill: () => {} })
    for (const hook of hooks) hook.joined?.((infoHash, word) => this.#word(infoHash, word))
  }

  tell(saying: Saying, extra: string): void {
    this.#writerOf(saying.infoHash).write(saying, extra)
  }

  /** Tells what was collected, from now on, five times a second. */
  start(): void {
    this.#alarm?.cancel()
    this.#alarm = this.#clock.at(this.#clock.now() + FEED_MS, () => {
      this.#refillStep()
      this.#flush()
      this.start()
    })
  }

  close(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
    this.#flush()
  }

  refill(): void {
    this.#refill = { id: 0, part: 0 }
  }

  /** About 50 batches a second: 10⁶ members in a minute, beside the announces. A part goes in one step: its members move. */
  #refillStep(): void {
    const at = this.#refill
    if (at === undefined) return
    const { table } = this.#registry
    for (let told = 0; told < REFILL_SLOTS_MAX; told++) {
      if (at.id >= table.idsEnd) {
        this.#refill = undefined
        return
      }
      const swarm = table.byId(at.id)
      const part = swarm?.parts()[at.part]
      if (swarm === undefined || part === undefined) {
        if (swarm !== undefined) this.#retell(swarm)
        at.id++
        at.part = 0
        continue
      }
      if (told > 0 && told + part.size > REFILL_SLOTS_MAX) return
      this.#recall(swarm, part)
      told += part.size
      at.part++
    }
  }

  #recall(swarm: Swarm, part: Members): void {
    const said = this.#recalled
    const writer = this.#writerOf(swarm.words)
    const hooks = this.#hooks.filter((hook) => hook.recall !== undefined)
    const infoHash = infoHashOf(swarm)
    for (let slot = 0; slot < part.size; slot++) {
      said.infoHash.set(swarm.words)
      part.recall(slot, said)
      let extra = ''
      for (const hook of hooks) {
        const what = hook.recall?.(infoHash, part.endpoint(slot))
        if (what !== undefined) extra = extraQuery(what)
      }
      writer.write(said, extra)
    }
  }

  /** Its members were told; what hooks have to say comes after them. */
  #retell(swarm: Swarm): void {
    for (const hook of this.#hooks) hook.retell?.(infoHashOf(swarm))
  }

  #word(infoHash: InfoHash, word: Uint8Array): void {
    this.#recalled.setInfoHash(idBytes(infoHash), 0)
    this.#writerOf(this.#recalled.infoHash).word(this.#recalled.infoHash, word)
  }

  #flush(): void {
    for (const writer of this.#writers) writer.flush()
  }

  /** A swarm's lane, by bits of its infohash: all trackers take the same. */
  #writerOf(words: ArrayLike<number>): FeedWriter {
    const lane = (words[0] as number) & (this.#writers.length - 1)
    return this.#writers[lane] as FeedWriter
  }
}

function infoHashOf({ words }: Swarm): InfoHash {
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < 5; at++) view.setInt32(4 * at, words[at] as number)
  return parseInfoHash(bytes) as InfoHash
}
