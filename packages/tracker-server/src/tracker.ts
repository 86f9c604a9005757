// A tracker in one object: hooks, registry, sample, answer. Answers come from memory, within the call.
//
// A member is taken in before the answer is drawn, and the answer leaves the asker out. The address that counts is the
// one that the request came from, never one that it claims.

import type { Alarm, Clock, Random } from '@bt/ports'
import { type Endpoint, type InfoHash, packMapped } from '@bt/primitives'
import type {
  AnnouncedPeer,
  AnnounceRequest,
  AnnounceResponse,
  ScrapeCounts,
} from '@bt/tracker-protocol'
import { TrackerError } from './errors.ts'
import type { AnnounceHook, SwarmView } from './hooks.ts'
import {
  EXPIRY_INTERVALS,
  INTERVAL_SECONDS,
  MIN_INTERVAL_SECONDS,
  PEERS_DEFAULT,
  PEERS_MAX,
  SWEEP_MS,
} from './limits.ts'
import { MemberPeer } from './member-peer.ts'
import { keyOf, type Members } from './members.ts'
import { type Asker, samplePeers } from './peer-sample.ts'
import { SwarmRegistry } from './swarm-registry.ts'

export interface TrackerOptions {
  /** Seconds between announces of one peer; a tenth more at most by chance, so that peers do not come as one. */
  readonly intervalSeconds?: number
  /** Peers in one answer at most. */
  readonly peersMax?: number
  readonly swarmsMax?: number
  readonly peersPerSwarmMax?: number
  readonly hooks?: readonly AnnounceHook[]
}

/** What happened since the start; for metrics. */
export interface TrackerCounts {
  readonly announces: number
  readonly scrapes: number
  readonly refusals: number
  readonly swarms: number
  readonly peers: number
}

export class Tracker {
  readonly #clock: Clock
  readonly #random: Random
  readonly #hooks: readonly AnnounceHook[]
  readonly #registry: SwarmRegistry
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
    this.#hooks = options.hooks ?? []
    this.#intervalSeconds = options.intervalSeconds ?? INTERVAL_SECONDS
    this.#peersMax = options.peersMax ?? PEERS_MAX
    this.#registry = new SwarmRegistry(
      ports.random,
      (infoHash, peerId, endpoint, why) => {
        for (const hook of this.#hooks) hook.gone?.(infoHash, peerId, endpoint, why)
      },
      options,
    )
  }

  get counts(): TrackerCounts {
    return {
      announces: this.#announces,
      scrapes: this.#scrapes,
      refusals: this.#refusals,
      swarms: this.#registry.swarmCount,
      peers: this.#registry.peerCount,
    }
  }

  /** Forgets silent peers from now on, a part of the swarms each second, until `close`. */
  start(): void {
    this.#alarm?.cancel()
    this.#alarm = this.#clock.at(this.#clock.now() + SWEEP_MS, () => {
      this.expire()
      this.start()
    })
  }

  close(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  /** One sweep: members of a part of the swarms that were silent for two intervals are forgotten. */
  expire(): void {
    this.#registry.sweep(this.#seconds() - EXPIRY_INTERVALS * this.#intervalSeconds)
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
    const key = keyOf(address)
    let peers: readonly AnnouncedPeer[] = []
    if (request.event === 'stopped') this.#registry.remove(request.infoHash, key)
    else {
      const member = {
        address,
        peerId: request.peerId,
        isSeed: request.leftBytes === 0,
        isPaused: request.event === 'paused',
        group: this.#groupOf(from),
        seenSeconds: this.#seconds(),
      }
      const { members, slot } = this.#guarded(() =>
        this.#registry.upsert(request.infoHash, key, member, request.event === 'completed'),
      )
      const wanted = Math.min(request.numWant ?? PEERS_DEFAULT, this.#peersMax)
      const wantsSeeds = request.event === 'started'
      const asker = family === undefined ? { slot, wantsSeeds } : { slot, family, wantsSeeds }
      if (wanted > 0) peers = this.#peersFor(request, from, members, asker, wanted)
    }
    const now = this.#registry.swarm(request.infoHash)?.members
    let response: AnnounceResponse = {
      intervalSeconds:
        this.#intervalSeconds + this.#random.below(1 + Math.floor(this.#intervalSeconds / 10)),
      minIntervalSeconds: Math.min(MIN_INTERVAL_SECONDS, this.#intervalSeconds),
      complete: now?.seeds ?? 0,
      incomplete: now?.leeches ?? 0,
      downloaders: now?.downloaders ?? 0,
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
      const { seeds, leeches, downloaders } = swarm.members
      return { complete: seeds, incomplete: leeches, downloaded: swarm.completed, downloaders }
    })
  }

  #peersFor(
    request: AnnounceRequest,
    from: Endpoint,
    members: Members,
    asker: Asker,
    wanted: number,
  ): readonly AnnouncedPeer[] {
    let slots: readonly number[] | undefined
    for (const hook of this.#hooks) slots ??= hook.select?.(request, from, viewOf(members))
    slots ??= samplePeers(members, asker, wanted, this.#random)
    // Compact answers have no ids: copying them is worth it only where somebody may look.
    const isCompact = asker.family !== undefined || request.compact === true
    const withIds = !isCompact || this.#hooks.some((hook) => hook.shape !== undefined)
    return slots.map(
      (slot) =>
        new MemberPeer(members.packed(slot), withIds ? members.peerIdBytes(slot) : undefined),
    )
  }

  #groupOf(from: Endpoint): number {
    for (const hook of this.#hooks) {
      const group = hook.group?.(from)
      if (group !== undefined) return group
    }
    return 0
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
    return Math.floor(this.#clock.now() / 1000) + STARTED_SECONDS
  }
}

/** Added to the monotonic seconds, so that "two intervals ago" is never below zero. */
const STARTED_SECONDS = 1 << 20

function viewOf(members: Members): SwarmView {
  return {
    size: members.size,
    *members(group) {
      for (let slot = 0; slot < members.size; slot++)
        if (group === undefined || members.group(slot) === group) yield slot
    },
    endpoint: (slot) => members.endpoint(slot),
    isSeed: (slot) => members.isSeed(slot),
  }
}
