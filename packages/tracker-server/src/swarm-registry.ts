// Who is in which swarm: members, counts, expiry. Everything in memory, bounded, and answered at once.

import type { Random } from '@bt/ports'
import { type Endpoint, type InfoHash, ipClass, type PeerId } from '@bt/primitives'
import { TrackerError } from './errors.ts'
import {
  CROWD_FROM,
  CROWD_SAMPLE,
  PEERS_PER_SWARM_MAX,
  SWARMS_MAX,
  SWEEPS_PER_ROUND,
} from './limits.ts'
import { type Member, Members } from './members.ts'

export interface RegisteredSwarm {
  readonly members: Members
  /** Downloads completed while we were told. */
  readonly completed: number
}

interface Swarm {
  readonly members: Members
  completed: number
}

export type Gone = (
  infoHash: InfoHash,
  peerId: PeerId,
  endpoint: Endpoint,
  why: 'stopped' | 'expired',
) => void

export class SwarmRegistry {
  readonly #swarms = new Map<InfoHash, Swarm>()
  readonly #random: Random
  readonly #gone: Gone
  readonly #swarmsMax: number
  readonly #peersPerSwarmMax: number
  #peers = 0
  /** What is left of the round of sweeps that is under way. */
  #sweep: Iterator<[InfoHash, Swarm]> | undefined
  /** Swarms of one sweep, fixed for a round: what is forgotten on the way must not slow it down. */
  #sweepSize = 0

  constructor(
    random: Random,
    gone: Gone,
    limits: { readonly swarmsMax?: number; readonly peersPerSwarmMax?: number } = {},
  ) {
    this.#random = random
    this.#gone = gone
    this.#swarmsMax = limits.swarmsMax ?? SWARMS_MAX
    this.#peersPerSwarmMax = limits.peersPerSwarmMax ?? PEERS_PER_SWARM_MAX
  }

  get swarmCount(): number {
    return this.#swarms.size
  }

  get peerCount(): number {
    return this.#peers
  }

  swarm(infoHash: InfoHash): RegisteredSwarm | undefined {
    return this.#swarms.get(infoHash)
  }

  /**
   * Adds a member or takes over what it says now; `completed` counts once for each member.
   * @throws {TrackerError} 'FULL' when it is the first of one swarm too many
   */
  upsert(
    infoHash: InfoHash,
    key: string,
    member: Member,
    completed: boolean,
  ): { readonly members: Members; readonly slot: number } {
    let swarm = this.#swarms.get(infoHash)
    if (swarm === undefined) {
      if (this.#swarms.size >= this.#swarmsMax)
        throw new TrackerError(
          'FULL',
          `this tracker holds ${this.#swarmsMax} swarms and takes no new one now`,
          30,
        )
      swarm = { members: new Members(), completed: 0 }
      this.#swarms.set(infoHash, swarm)
    }
    let slot = swarm.members.slotOf(key)
    if (slot === undefined) slot = this.#add(infoHash, swarm, key, member)
    else swarm.members.update(slot, member)
    if (completed && swarm.members.countCompletion(slot)) swarm.completed++
    return { members: swarm.members, slot }
  }

  remove(infoHash: InfoHash, key: string): void {
    const swarm = this.#swarms.get(infoHash)
    const slot = swarm?.members.slotOf(key)
    if (swarm !== undefined && slot !== undefined) this.#drop(infoHash, swarm, slot, 'stopped')
  }

  /** Forgets members of a part of the swarms that were last seen before; a round of calls covers all. */
  sweep(beforeSeconds: number): void {
    if (this.#sweep === undefined) {
      this.#sweep = this.#swarms.entries()
      this.#sweepSize = 1 + Math.ceil(this.#swarms.size / SWEEPS_PER_ROUND)
    }
    for (let left = this.#sweepSize; left > 0; left--) {
      const next = this.#sweep.next()
      if (next.done === true) {
        this.#sweep = undefined
        return
      }
      const [infoHash, swarm] = next.value
      for (let slot = swarm.members.size - 1; slot >= 0; slot--)
        if (swarm.members.seenSeconds(slot) < beforeSeconds)
          this.#drop(infoHash, swarm, slot, 'expired')
    }
  }

  #add(infoHash: InfoHash, swarm: Swarm, key: string, member: Member): number {
    const { members } = swarm
    const crowd = members.size >= CROWD_FROM ? this.#crowdOf(members, member.address) : undefined
    if (crowd !== undefined) this.#evict(infoHash, members, crowd, 'expired')
    else if (members.size >= this.#peersPerSwarmMax)
      this.#evict(infoHash, members, this.#random.below(members.size), 'expired')
    this.#peers++
    return members.add(key, member)
  }

  /** A member of the same address, when more than half of a sample has it: one address must not fill a swarm. */
  #crowdOf(members: Members, address: Uint8Array): number | undefined {
    // All the peers of one machine are there.
    if (ipClass(address.subarray(0, 16)) === 'loopback') return undefined
    let same = 0
    let last: number | undefined
    for (let drawn = 0; drawn < CROWD_SAMPLE; drawn++) {
      const slot = this.#random.below(members.size)
      if (!members.isNeighbour(slot, address)) continue
      same++
      last = slot
    }
    return same * 2 > CROWD_SAMPLE ? last : undefined
  }

  #drop(infoHash: InfoHash, swarm: Swarm, slot: number, why: 'stopped' | 'expired'): void {
    this.#evict(infoHash, swarm.members, slot, why)
    if (swarm.members.size === 0) this.#swarms.delete(infoHash)
  }

  #evict(infoHash: InfoHash, members: Members, slot: number, why: 'stopped' | 'expired'): void {
    const peerId = members.peerId(slot)
    const endpoint = members.endpoint(slot)
    members.remove(slot)
    this.#peers--
    this.#gone(infoHash, peerId, endpoint, why)
  }
}
