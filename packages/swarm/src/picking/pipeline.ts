// How many requests may be in flight to one peer.
//
// Slow start: one more per block that comes, until the rate stops growing; then what the peer sends in two seconds
// and one latency, so that it never runs dry between two of our answers. A peer that is silent with requests open is
// stalled (others may be asked) and later snubbed (it is not unchoked by rank). Some clients send nothing for the first
// ten seconds: nothing here ends sooner. BEP 3 "pipelining", "anti-snubbing"; BEP 10 `reqq`.

import { MovingRate } from '../peers/moving-rate.ts'
import { ServiceRate } from './service-rate.ts'

export interface PipelineLimits {
  /** Always allowed, so that one answer can travel while the next request does. */
  readonly requestsMin: number
  /** At the start of slow start. */
  readonly requestsAtStart: number
  readonly requestsMax: number
  /** Where the peer did not say its `reqq`. */
  readonly requestsUnsaid: number
  /** How many milliseconds of its sending are asked for ahead, beside the latency. */
  readonly queueMs: number
  /** Silence with requests open after which others are asked. */
  readonly stallMs: number
  /** Silence after which it is snubbed. */
  readonly snubMs: number
  /** A peer slower than this is as good as silent: long blocks get this much more time. */
  readonly slowestBytesPerSecond: number
}

export const PIPELINE_LIMITS: PipelineLimits = {
  requestsMin: 2, // one on its way out, one on its way in
  requestsAtStart: 4, // libtorrent and mainline begin with about five
  requestsMax: 500, // 8 MiB of 16 KiB blocks: 80 MiB/s at 100 ms
  requestsUnsaid: 250, // libtorrent's documented default
  queueMs: 2_000, // covers a choke round's jitter without holding pieces hostage
  stallMs: 30_000, // three times the longest silence of a healthy client (Transmission: 10 s)
  snubMs: 60_000, // BEP 3
  slowestBytesPerSecond: 16_384, // 16 KiB blocks get one second more, blocks of 1 MiB 64 s
}

/** The rate is measured over so many milliseconds: shorter than choking's, to follow a line that changes. */
const RATE_MS = 5_000
/** How often slow start asks whether the rate still grows, and by how much it must. */
const GROWTH_MS = 1_000
const GROWTH = 1.1

export class Pipeline {
  readonly service = new ServiceRate()
  readonly #limits: PipelineLimits
  readonly #blockLength: number
  readonly #rate: MovingRate
  #reqq: number
  #open = 0
  #slowStart = true
  #window: number
  #growthAt: number
  #growthBytes = 0
  #growthRate = 0
  /** Least time from a request into an empty pipeline to its block; Infinity: not seen yet. */
  #latencyMs = Number.POSITIVE_INFINITY
  #emptyAskAt: number | undefined
  /** Silence with requests open: what has added up, and since when it counts on (undefined: it does not). */
  #silentMs = 0
  #silentSince: number | undefined
  #unchoked = false

  constructor(blockLength: number, now: number, limits: PipelineLimits = PIPELINE_LIMITS) {
    this.#limits = limits
    this.#blockLength = blockLength
    this.#rate = new MovingRate(now, RATE_MS)
    this.#reqq = this.#limits.requestsUnsaid
    this.#window = this.#limits.requestsAtStart
    this.#growthAt = now
  }

  /** Its `reqq`; a number that makes no sense is not believed. */
  requestsMaxOfPeer(reqq: number): void {
    if (Number.isSafeInteger(reqq) && reqq >= 1) this.#reqq = reqq
  }

  /** Silence counts from here. */
  unchoked(now: number): void {
    this.#unchoked = true
    this.#silentMs = 0
    this.#silentSince = this.#open > 0 ? now : undefined
    this.#growthAt = now
  }

  choked(now: number): void {
    this.#unchoked = false
    this.#hush(now)
  }

  requested(count: number, now: number): void {
    if (count <= 0) return
    if (this.#open === 0) {
      this.#emptyAskAt = now
      this.#silentSince = now
      this.service.asked(true, now)
    }
    this.#open += count
  }

  /** Blocks came that were asked for and not given up. */
  arrived(bytes: number, now: number, blocks = 1): void {
    this.#rate.add(bytes, now)
    this.service.came(bytes, now)
    if (this.#emptyAskAt !== undefined) {
      this.#latencyMs = Math.min(this.#latencyMs, now - this.#emptyAskAt)
      this.#emptyAskAt = undefined
    }
    this.#open = Math.max(0, this.#open - blocks)
    if (this.#open === 0) this.service.asked(false, now)
    this.#silentMs = 0
    this.#silentSince = this.#open > 0 ? now : undefined
    if (this.#slowStart) this.#grow(bytes, now, blocks)
  }

  /** Requests that ended without data: rejected, cancelled, expired, choked away. */
  ended(count: number, now: number): void {
    this.#open = Math.max(0, this.#open - count)
    this.#emptyAskAt = undefined
    if (this.#open > 0) return
    this.#hush(now)
    this.service.asked(false, now)
  }

  /** Of the last seconds. */
  bytesPerSecond(now: number): number {
    return this.#rate.bytesPerSecond(now)
  }

  /** How many requests may be in flight now, in blocks. */
  size(now: number): number {
    const { requestsMin, requestsMax, queueMs } = this.#limits
    if (this.stalled(now)) return 1
    const most = Math.min(requestsMax, this.#reqq)
    if (this.#slowStart) return Math.min(most, this.#window)
    const latencyMs = Number.isFinite(this.#latencyMs) ? this.#latencyMs : 0
    const bytes = (this.#rate.bytesPerSecond(now) * (queueMs + latencyMs)) / 1000
    return Math.min(most, Math.max(requestsMin, Math.ceil(bytes / this.#blockLength) + 1))
  }

  /** Silent for long with requests open. */
  stalled(now: number): boolean {
    return this.#silence(now) >= this.#patience(this.#limits.stallMs)
  }

  /** Unchoked us, was asked, and sent nothing for a minute. */
  snubbed(now: number): boolean {
    return this.#unchoked && this.#silence(now) >= this.#patience(this.#limits.snubMs)
  }

  /** When `stalled` or `snubbed` turns true if nothing comes; Infinity: never. */
  deadline(now: number): number {
    if (this.#silentSince === undefined) return Number.POSITIVE_INFINITY
    const silence = this.#silence(now)
    for (const limit of [this.#limits.stallMs, this.#limits.snubMs]) {
      const left = this.#patience(limit) - silence
      if (left > 0) return now + left
    }
    return Number.POSITIVE_INFINITY
  }

  #silence(now: number): number {
    return this.#silentMs + (this.#silentSince === undefined ? 0 : now - this.#silentSince)
  }

  #patience(ms: number): number {
    return ms + (this.#blockLength * 1000) / this.#limits.slowestBytesPerSecond
  }

  /** Nothing is open: silence stops adding up, but is not forgotten. */
  #hush(now: number): void {
    this.#silentMs = this.#silence(now)
    this.#silentSince = undefined
  }

  #grow(bytes: number, now: number, blocks: number): void {
    this.#window += blocks
    this.#growthBytes += bytes
    if (now - this.#growthAt < GROWTH_MS) return
    const rate = this.#growthBytes / (now - this.#growthAt)
    if (rate < this.#growthRate * GROWTH) this.#slowStart = false
    this.#growthRate = rate
    this.#growthBytes = 0
    this.#growthAt = now
  }
}
