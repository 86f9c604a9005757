// A tracker in one object: hooks, registry, draw, answer. Answers come from memory, within the call.
//
// A member is taken in before the answer is drawn, and the answer leaves the asker out. The address that counts is the
// one that the request came from, never one that it claims. There are two ways in, to the same core: `announce` with
// values, which hooks may bend, and `serve` with flat bytes, which allocates nothing.

import type { Alarm, Clock, Random } from '@bt/ports'
import { type Endpoint, idBytes, type InfoHash, packMapped } from '@bt/primitives'
import {
  type AnnouncedPeer,
  type AnnounceRequest,
  type AnnounceResponse,
  extraQuery,
  type ScrapeCounts,
} from '@bt/tracker-protocol'
import type { Columns } from './columns.ts'
import { TrackerError } from './errors.ts'
import type { Hand } from './hand.ts'
import { type AnnounceHook, groupOf } from './hooks.ts'
import {
  EXPIRY_INTERVALS,
  FEED_PER_INTERVAL,
  INTERVAL_SECONDS,
  MIN_INTERVAL_SECONDS,
  PEERS_DEFAULT,
  PEERS_MAX,
  SWEEP_MS,
  SWEEP_STEP_MS,
} from './limits.ts'
import { hearFeed } from './feed-hearing.ts'
import { FeedTelling } from './feed-telling.ts'
import { MemberPeer } from './member-peer.ts'
import type { Saying } from './saying.ts'
import type { Swarm } from './swarm.ts'
import { type Place, SwarmRegistry } from './swarm-registry.ts'
import { viewOf } from './swarm-view.ts'
import { Sweeper } from './sweeper.ts'
import type { TrackerCounts, TrackerOptions } from './tracker-options.ts'

export class Tracker {
  readonly #clock: Clock
  readonly #random: Random
  readonly #hooks: readonly AnnounceHook[]
  readonly #registry: SwarmRegistry
  readonly #sweeper: Sweeper
  readonly #telling: FeedTelling | undefined
  readonly #intervalSeconds: number
  readonly #peersMax: number
  #alarm: Alarm | undefined
  #announces = 0
  #scrapes = 0
  #refusals = 0

  /** Nothing runs by itself until `start`. */
  constructor(options: TrackerOptions, ports: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = ports.clock
    this.#random = ports.random
    const hooks = options.hooks ?? []
    this.#hooks = hooks
    this.#intervalSeconds = options.intervalSeconds ?? INTERVAL_SECONDS
    this.#peersMax = options.peersMax ?? PEERS_MAX
    const isMissed = hooks.some((hook) => hook.gone !== undefined)
    this.#registry = new SwarmRegistry(
      ports.random,
      isMissed
        ? (infoHash, peerId, endpoint, why) => {
            for (const hook of hooks) hook.gone?.(infoHash, peerId, endpoint, why)
          }
        : undefined,
      {
        ...options,
        ageSecondsMax: EXPIRY_INTERVALS * this.#intervalSeconds,
        newsSeconds:
          options.feed === undefined ? undefined : this.#intervalSeconds / FEED_PER_INTERVAL,
        keeping: {
          peerIds: (options.keepPeerIds ?? true) || isMissed,
          groups: hooks.some((hook) => hook.group !== undefined),
        },
      },
    )
    this.#sweeper = new Sweeper(this.#registry)
    if (options.feed !== undefined)
      this.#telling = new FeedTelling(options.feed, this.#registry, ports.clock, hooks)
  }

  get counts(): TrackerCounts {
    return {
      announces: this.#announces,
      scrapes: this.#scrapes,
      refusals: this.#refusals,
      swarms: this.#registry.swarmCount,
      peers: this.#registry.peerCount,
      memberBytes: this.#registry.heldBytes,
    }
  }

  /** Nobody bends announces here: they may be served from flat bytes. */
  get isPlain(): boolean {
    return this.#hooks.length === 0
  }

  get minIntervalSeconds(): number {
    return Math.min(MIN_INTERVAL_SECONDS, this.#intervalSeconds)
  }

  /** Filled before `serve`. */
  get saying(): Saying {
    return this.#registry.saying
  }

  /** Forgets silent peers from now on, a part of the swarms each second, until `close`. */
  start(): void {
    this.#telling?.start()
    this.#alarm?.cancel()
    this.#alarm = this.#clock.at(this.#clock.now() + SWEEP_MS, () => {
      this.#sweeper.begin()
      this.#sweep(this.#clock.now() + SWEEP_MS)
    })
  }

  close(): void {
    this.#telling?.close()
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  /** One second's sweep at once: members of a part of the swarms that were silent for two intervals are forgotten. */
  expire(): void {
    this.#sweeper.begin()
    while (this.#sweepStep());
  }

  /** Takes in what another tracker of the same swarms told. @throws what a hook throws that is no refusal */
  heard(batch: Uint8Array): void {
    const { saying } = this.#registry
    const takeIn = (): void => void this.#takeIn()
    hearFeed(batch, this.#seconds(), { saying, hooks: this.#hooks, takeIn })
  }

  /** Tells everything again, in small steps: to somebody new, or to a store that forgot. */
  refill(): void {
    this.#telling?.refill()
  }

  /** A number of peers wanted as it is served. */
  wantedOf(numWant: number | undefined): number {
    return Math.min(numWant ?? PEERS_DEFAULT, this.#peersMax)
  }

  /**
   * Takes in what `saying` says, and draws whom to tell of; undefined when its swarm is not here (any more). For
   * trackers without hooks. `now` is that of the tracker's own clock, for who has asked it already. What it answers, and `hand`, are valid until the next call.
   * @throws {TrackerError} a refusal that the client may read; nothing is stored then
   */
  serve(now = this.#clock.now()): Swarm | undefined {
    this.#announces++
    const place = this.#take('', now)
    if (place === undefined) return this.#registry.current()
    const { saying, draw, hand } = this.#registry
    place.swarm.deal(saying, place.part, place.slot, draw, hand)
    return place.swarm
  }

  /** What `serve` drew. */
  get hand(): Hand {
    return this.#registry.hand
  }

  /** Seconds until the next announce; to be asked once for each announce, after it. */
  nextIntervalSeconds(): number {
    const spread = 1 + Math.floor(this.#intervalSeconds / 10)
    return this.#intervalSeconds + this.#registry.draw.below(spread)
  }

  /**
   * Takes a peer in and answers who else is there. `family` limits the answer to what its form can carry.
   * @throws {TrackerError} a refusal that the client may read; nothing is stored then
   */
  announce(request: AnnounceRequest, from: Endpoint, family?: 4 | 6): AnnounceResponse {
    this.#announces++
    const address = packMapped({ host: from.host, port: request.port })
    if (address === undefined) throw this.#refusal('REFUSED', `${from.host} is not an address`)
    for (const hook of this.#hooks) this.#guarded(() => hook.before?.(request, from))
    this.#say(request, address, family ?? 0)
    this.saying.group = groupOf(this.#hooks, from)
    const extra = this.#telling === undefined ? '' : extraQuery(request.extra ?? NONE)
    const place = this.#take(extra, this.#clock.now())
    let peers: readonly AnnouncedPeer[] = []
    if (place !== undefined && this.saying.wanted > 0) peers = this.#peersFor(request, from, place)
    const swarm = place?.swarm ?? this.#registry.swarm(request.infoHash)
    let response: AnnounceResponse = {
      intervalSeconds: this.nextIntervalSeconds(),
      minIntervalSeconds: this.minIntervalSeconds,
      complete: swarm?.seeds ?? 0,
      incomplete: swarm?.leeches ?? 0,
      downloaders: swarm?.downloaders ?? 0,
      peers,
      externalAddress: from.host,
    }
    for (const hook of this.#hooks) response = hook.shape?.(request, response, from) ?? response
    return response
  }

  /** Counts of each swarm, zeros for one that is not here, in the order asked. */
  scrape(infoHashes: readonly InfoHash[]): readonly ScrapeCounts[] {
    this.#scrapes++
    return infoHashes.map((hash) => {
      const swarm = this.#registry.swarm(hash)
      if (swarm === undefined) return { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 }
      const { seeds, leeches, downloaders, completed } = swarm
      return { complete: seeds, incomplete: leeches, downloaded: completed, downloaders }
    })
  }

  /** Where what is said was put; undefined when it says that it is gone. */
  #take(extra: string, now: number): Place | undefined {
    const { draw, saying } = this.#registry
    if (this.#announces % DRAWS_SEEDED === 1) draw.state = this.#random.below(2 ** 32) | 0
    saying.seenSeconds = Math.floor(now / 1000)
    const place = this.#takeIn()
    if (this.#telling !== undefined && (place === undefined || place.isNews || extra !== ''))
      this.#telling.tell(saying, extra)
    return place
  }

  #takeIn(): Place | undefined {
    if (this.#registry.saying.isStopped) {
      this.#registry.remove()
      this.#registry.hand.clear()
      return undefined
    }
    try {
      return this.#registry.upsert()
    } catch (error) {
      if (error instanceof TrackerError) this.#refusals++
      throw error
    }
  }

  #say(request: AnnounceRequest, address: Uint8Array, family: 0 | 4 | 6): void {
    const { saying } = this.#registry
    const { event } = request
    saying.setInfoHash(idBytes(request.infoHash), 0)
    saying.peerId.set(idBytes(request.peerId))
    saying.key.set(address, 0, request.port)
    saying.isSeed = request.leftBytes === 0
    saying.isPaused = event === 'paused'
    saying.isStopped = event === 'stopped'
    saying.isCompleted = event === 'completed'
    saying.wantsSeeds = event === 'started'
    saying.wanted = this.wantedOf(request.numWant)
    saying.family = family
  }

  #peersFor(request: AnnounceRequest, from: Endpoint, place: Place): readonly AnnouncedPeer[] {
    const { saying, draw, hand } = this.#registry
    const { swarm, part, slot } = place
    // Compact answers have no ids: copying them is worth it only where somebody may look.
    const isCompact = saying.family > 0 || request.compact === true
    const withIds = !isCompact || this.#hooks.some((hook) => hook.shape !== undefined)
    const peerOf = (members: Columns, at: number): MemberPeer =>
      new MemberPeer(members.packed(at), withIds ? members.peerIdBytes(at) : undefined)
    for (const hook of this.#hooks) {
      const numbers = hook.select?.(request, from, viewOf(swarm))
      if (numbers === undefined) continue
      return numbers.map((number) => {
        const chosen = swarm.at(number)
        return peerOf(chosen.part, chosen.slot)
      })
    }
    swarm.deal(saying, part, slot, draw, hand)
    const peers: AnnouncedPeer[] = []
    hand.visit((members, at) => peers.push(peerOf(members, at)))
    return peers
  }

  #sweep(next: number): void {
    const isBehind = this.#sweepStep()
    const now = this.#clock.now()
    const at = isBehind ? now + SWEEP_STEP_MS : Math.max(now, next)
    this.#alarm = this.#clock.at(at, () => {
      if (at < next) return this.#sweep(next)
      this.#sweeper.begin()
      this.#sweep(this.#clock.now() + SWEEP_MS)
    })
  }

  #sweepStep(): boolean {
    return this.#sweeper.step(this.#seconds(), EXPIRY_INTERVALS * this.#intervalSeconds)
  }

  #guarded<T>(run: () => T): T {
    try {
      return run()
    } catch (error) {
      if (error instanceof TrackerError) this.#refusals++
      throw error
    }
  }

  #refusal(code: 'REFUSED', sentence: string): TrackerError {
    this.#refusals++
    return new TrackerError(code, sentence)
  }

  /** Monotonic: a wall clock that jumps must not expire everybody. */
  #seconds(): number {
    return Math.floor(this.#clock.now() / 1000)
  }
}

const NONE: ReadonlyMap<string, string> = new Map()
/** Announces whose draws come from one number of the Random port. */
const DRAWS_SEEDED = 64
