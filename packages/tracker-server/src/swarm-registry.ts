// Who is in which swarm: members, counts, expiry. Everything in memory, bounded, and answered at once.

import type { Random } from '@bt/ports'
import { type Endpoint, idBytes, type InfoHash, ipClass, type PeerId } from '@bt/primitives'
import { Draw } from './draw.ts'
import { TrackerError } from './errors.ts'
import { Hand } from './hand.ts'
import { CROWD_FROM, CROWD_SAMPLE, PEERS_PER_SWARM_MAX, SWARMS_MAX } from './limits.ts'
import type { Keeping } from './member-layout.ts'
import type { MemberMeans } from './member-means.ts'
import type { Members } from './members.ts'
import { Saying } from './saying.ts'
import { Slabs } from './slabs.ts'
import { Swarm } from './swarm.ts'
import { SwarmTable } from './swarm-table.ts'

export type Gone = (
  infoHash: InfoHash,
  peerId: PeerId,
  endpoint: Endpoint,
  why: 'stopped' | 'expired',
) => void

export interface RegistryOptions {
  readonly swarmsMax?: number
  readonly peersPerSwarmMax?: number
  readonly keeping: Keeping
  /** The longest silence that is to be told apart. */
  readonly ageSecondsMax: number
  /** Seconds after which a member that says nothing new is news; absent: nobody asks. */
  readonly newsSeconds?: number | undefined
}

/** Where an announce put its peer. */
export interface Place {
  swarm: Swarm
  part: Members
  slot: number
  /** Others should hear of it (where somebody asks). */
  isNews: boolean
}

/** Steps of `seen` that the longest silence has at least: a quarter of what a half-word counts. */
const SEEN_STEPS = 16_384

export class SwarmRegistry {
  /** What the announce under way says; filled by whoever brings it. */
  readonly saying: Saying
  readonly draw = new Draw()
  readonly hand = new Hand()
  readonly #table: SwarmTable
  readonly #means: MemberMeans
  readonly #gone: Gone | undefined
  readonly #swarmsMax: number
  readonly #peersPerSwarmMax: number
  readonly #newsSeconds: number | undefined
  readonly #place = {} as Place
  #peers = 0

  constructor(random: Random, gone: Gone | undefined, options: RegistryOptions) {
    this.saying = new Saying(random)
    this.#table = new SwarmTable(random)
    this.#gone = gone
    this.#newsSeconds = options.newsSeconds
    this.#swarmsMax = options.swarmsMax ?? SWARMS_MAX
    this.#peersPerSwarmMax = options.peersPerSwarmMax ?? PEERS_PER_SWARM_MAX
    this.#means = {
      slabs: new Slabs(),
      hasher: this.saying.key,
      keeping: options.keeping,
      seenStep: Math.max(1, Math.ceil(options.ageSecondsMax / SEEN_STEPS)),
    }
  }

  get swarmCount(): number {
    return this.#table.size
  }

  get peerCount(): number {
    return this.#peers
  }

  /** Bytes of flat memory held for members. */
  get heldBytes(): number {
    return this.#means.slabs.heldBytes
  }

  get table(): SwarmTable {
    return this.#table
  }

  /** The swarm of what is being said. */
  current(): Swarm | undefined {
    return this.#table.find(this.saying.infoHash)
  }

  swarm(infoHash: InfoHash): Swarm | undefined {
    this.saying.setInfoHash(idBytes(infoHash), 0)
    return this.current()
  }

  /**
   * Adds the member that speaks, or takes over what it says now; a completion counts once for each member.
   * The answer is valid until the next call.
   * @throws {TrackerError} 'FULL' when it is the first of one swarm too many
   */
  upsert(): Place {
    const { saying } = this
    const swarm = this.#table.find(saying.infoHash) ?? this.#newSwarm()
    let part = swarm.partOf(saying.key)
    let slot = part === undefined ? -1 : part.find(saying.key)
    let isNews = true
    if (part === undefined || slot < 0) {
      this.#makeRoom(swarm)
      part = swarm.roomyPartOf(saying.key)
      slot = part.add(saying, this.draw)
      this.#peers++
    } else {
      isNews =
        this.#newsSeconds !== undefined &&
        (saying.isCompleted || part.isNews(slot, saying, this.#newsSeconds))
      slot = part.update(slot, saying, this.draw)
    }
    if (saying.isCompleted && part.countCompletion(slot)) swarm.completed++
    const place = this.#place
    place.swarm = swarm
    place.part = part
    place.slot = slot
    place.isNews = isNews
    return place
  }

  /** Takes out the member that speaks. */
  remove(): void {
    const swarm = this.#table.find(this.saying.infoHash)
    const part = swarm?.partOf(this.saying.key)
    const slot = part?.find(this.saying.key) ?? -1
    if (swarm === undefined || part === undefined || slot < 0) return
    this.evict(swarm, part, slot, 'stopped')
    this.dropIfEmpty(swarm)
  }

  evict(swarm: Swarm, part: Members, slot: number, why: 'stopped' | 'expired'): void {
    this.#peers--
    if (this.#gone === undefined) {
      part.remove(slot)
      return
    }
    const peerId = part.peerId(slot)
    const endpoint = part.endpoint(slot)
    part.remove(slot)
    this.#gone(swarm.infoHash, peerId, endpoint, why)
  }

  dropIfEmpty(swarm: Swarm): void {
    if (swarm.size > 0) return
    this.#table.remove(swarm)
    swarm.free()
  }

  #newSwarm(): Swarm {
    if (this.#table.size >= this.#swarmsMax)
      throw new TrackerError(
        'FULL',
        `this tracker holds ${this.#swarmsMax} swarms and takes no new one now`,
        30,
      )
    const { infoHash } = this.saying
    return this.#table.add(infoHash, (id, words) => new Swarm(id, words, this.#means))
  }

  #makeRoom(swarm: Swarm): void {
    let leaving = swarm.size >= CROWD_FROM ? this.#crowdIn(swarm) : -1
    if (leaving < 0 && swarm.size >= this.#peersPerSwarmMax) leaving = swarm.any(this.draw)
    if (leaving < 0) return
    const { part, slot } = swarm.at(leaving)
    this.evict(swarm, part, slot, 'expired')
  }

  /**
   * The number of a member of the same address, when more than half of a sample has it: one address must not fill a
   * swarm. Else −1.
   */
  #crowdIn(swarm: Swarm): number {
    const { key } = this.saying
    // All the peers of one machine are there.
    if (ipClass(key.address) === 'loopback') return -1
    const parts = swarm.parts()
    let same = 0
    let last = -1
    for (let drawn = 0; drawn < CROWD_SAMPLE; drawn++) {
      const one = swarm.any(this.draw, parts)
      if (!swarm.isNeighbour(one, key, parts)) continue
      same++
      last = one
    }
    return same * 2 > CROWD_SAMPLE ? last : -1
  }
}
