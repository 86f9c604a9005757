// What moves, counted and limited: the budgets, rates and counters of one torrent.

import type { Hub } from '../hub.ts'
import { SWARM_LIMITS, type SwarmLimits } from '../options.ts'
import { MovingRate } from '../peers/moving-rate.ts'
import { Counters, type SwarmCounts, type SwarmStats } from '../stats.ts'
import { TokenBucket } from './byte-budget.ts'

export class Meters {
  readonly counters = new Counters()
  readonly uploadBudget: TokenBucket
  readonly downloadBudget: TokenBucket
  readonly #uploadRate: MovingRate
  readonly #downloadRate: MovingRate
  #limits: SwarmLimits

  /** The budgets are children of the session's. */
  constructor(hub: Hub, limits: Partial<SwarmLimits>) {
    const now = hub.ports.clock.now()
    this.#limits = { ...SWARM_LIMITS, ...hub.swarmLimits, ...limits }
    const { uploadBytesPerSecond, downloadBytesPerSecond } = this.#limits
    this.uploadBudget = new TokenBucket(uploadBytesPerSecond, now, hub.uploadBudget)
    this.downloadBudget = new TokenBucket(downloadBytesPerSecond, now, hub.downloadBudget)
    this.#uploadRate = new MovingRate(now)
    this.#downloadRate = new MovingRate(now)
  }

  get limits(): SwarmLimits {
    return this.#limits
  }

  setLimits(limits: Partial<SwarmLimits>, now: number): void {
    this.#limits = { ...this.#limits, ...limits }
    this.uploadBudget.setRate(this.#limits.uploadBytesPerSecond, now)
    this.downloadBudget.setRate(this.#limits.downloadBytesPerSecond, now)
  }

  /** Payload came; whether it is of use is seen later. */
  received(bytes: number, now: number): void {
    this.counters.downloadedBytes += bytes
    this.#downloadRate.add(bytes, now)
  }

  /** Payload was handed to a channel. */
  served(bytes: number, now: number): void {
    this.counters.uploadedBytes += bytes
    this.#uploadRate.add(bytes, now)
  }

  counts(peersConnected: number): SwarmCounts {
    const { downloadedBytes, uploadedBytes, wastedBytes, verifiedBytes, pendingBytes } =
      this.counters
    return {
      downloadedBytes,
      uploadedBytes,
      wastedBytes,
      verifiedBytes,
      pendingBytes,
      peersConnected,
    }
  }

  /** A picture of now; the caller adds what it alone knows. */
  picture(
    now: number,
    more: Omit<SwarmStats, 'downloadBytesPerSecond' | 'uploadBytesPerSecond'>,
  ): SwarmStats {
    return {
      downloadBytesPerSecond: this.#downloadRate.bytesPerSecond(now),
      uploadBytesPerSecond: this.#uploadRate.bytesPerSecond(now),
      ...more,
    }
  }
}
