// A feed through Redis or Valkey: trackers on several machines serve one set of swarms.
//
// Batches of records lie in eight streams, one for each lane of the feed, kept for as long as a silent peer lives; each
// tracker appends what is new with it and reads what the others appended, a few times a second. All that concerns one
// swarm is in one stream, so everybody hears it in the same order. Answers never wait for any of it. A tracker that
// starts reads the streams from their beginning; when Redis was away and is back, it may have forgotten something, and
// each tells again what it holds. What cannot be sent waits, within bounds; beyond them the oldest is dropped and
// everything is told again. In a cluster, each lane fails and comes back by itself.

import { randomBytes } from 'node:crypto'
import type { SwarmFeed } from '@bt/tracker-server'
import { Cluster, Redis } from 'ioredis'
import { RedisLane } from './redis-lane.ts'

/** Streams, so that a cluster spreads them; a power of two. */
const LANES = 8
/** Milliseconds between two turns of a lane. */
const TURN_MS = 250
/** Milliseconds for one command. */
const COMMAND_MS = 2000
/** Milliseconds between two attempts to connect at most. */
const RETRY_MS = 1000
/** Milliseconds after a lane is back until everything is told again: the others are back by then, too. */
const REFILL_MS = 1000

export interface RedisFeedOptions {
  /** redis://… or rediss://… of one server, redis+cluster://HOST:PORT of any node of a cluster. */
  readonly url: string
  /** Milliseconds for which a batch is kept. */
  readonly keepMs: number
  readonly heard: (batch: Uint8Array) => void
  /** Redis may have forgotten: everything is to be told again. */
  readonly refill: () => void
  /** `lost`: no lane works any more, or one of them, which `error` says. */
  readonly log: (event: 'connected' | 'lost' | 'failed', error?: unknown) => void
}

export class RedisFeed implements SwarmFeed {
  readonly lanes = LANES
  /** What others had said when we started was heard, or there is no Redis to hear it from. */
  readonly caughtUp: Promise<void>
  readonly #options: RedisFeedOptions
  readonly #redis: Redis | Cluster
  readonly #lanes: readonly RedisLane[]
  /** Lanes that do not work; at first, all. */
  readonly #away = new Set<RedisLane>()
  /** Lanes whose beginning is not heard yet. */
  readonly #behind = new Set<RedisLane>()
  readonly #turns = new Map<RedisLane, NodeJS.Timeout>()
  #refill: NodeJS.Timeout | undefined
  #isConnected = false
  #isClosed = false
  #lastError = ''
  #hasCaughtUp: () => void = () => {}

  /** Connects in the background. */
  constructor(options: RedisFeedOptions) {
    this.#options = options
    this.#redis = connect(options.url)
    this.#redis.on('error', (error) => this.#failed(error))
    const of = { ...options, name: randomBytes(8).toString('hex') }
    this.#lanes = Array.from({ length: LANES }, (_, lane) => new RedisLane(this.#redis, lane, of))
    this.caughtUp = new Promise((resolve) => {
      this.#hasCaughtUp = resolve
    })
    for (const lane of this.#lanes) {
      this.#away.add(lane)
      this.#behind.add(lane)
      void this.#turn(lane)
    }
  }

  changed(batch: Uint8Array, lane: number): void {
    if (this.#lanes[lane]?.push(batch) === false && this.#isConnected) this.#refillSoon()
  }

  /** Sends what waits, if that is soon, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#refill)
    for (const turn of this.#turns.values()) clearTimeout(turn)
    await Promise.allSettled(this.#lanes.map((lane) => lane.send()))
    this.#redis.disconnect()
  }

  async #turn(lane: RedisLane): Promise<void> {
    let isMore = false
    try {
      if (this.#away.has(lane)) await lane.resume()
      await lane.send()
      isMore = await lane.look()
      this.#works(lane, isMore)
    } catch (error) {
      this.#breaks(lane, error)
    }
    if (this.#isClosed) return
    this.#turns.set(
      lane,
      setTimeout(() => void this.#turn(lane), isMore ? 1 : TURN_MS),
    )
  }

  #works(lane: RedisLane, isMore: boolean): void {
    if (!isMore && this.#behind.delete(lane) && this.#behind.size === 0) this.#hasCaughtUp()
    if (!this.#away.delete(lane)) return
    this.#refillSoon()
    if (this.#away.size > 0) return
    this.#isConnected = true
    this.#lastError = ''
    this.#options.log('connected')
  }

  #breaks(lane: RedisLane, error: unknown): void {
    if (this.#isClosed) return
    this.#away.add(lane)
    if (this.#isConnected) {
      this.#isConnected = false
      this.#options.log('lost', error)
    }
    // What ioredis says of its own, without a word from Redis, says 'error' better.
    if ((error as Error).name === 'ReplyError') this.#failed(error)
  }

  /** The same once. */
  #failed(error: unknown): void {
    this.#hasCaughtUp()
    const cause = (error as { lastNodeError?: Error }).lastNodeError ?? (error as Error)
    const message = explained(cause.message)
    if (message === this.#lastError || this.#isClosed) return
    this.#lastError = message
    this.#options.log('failed', new Error(message, { cause }))
  }

  #refillSoon(): void {
    clearTimeout(this.#refill)
    this.#refill = setTimeout(() => this.#options.refill(), REFILL_MS)
  }
}

/** With what to do, where Redis says only what is wrong. */
function explained(message: string): string {
  if (message.startsWith('MOVED '))
    return `${message}: this is a cluster, give it as redis+cluster://`
  if (message.includes('cluster support disabled'))
    return `${message}: this is no cluster, give it as redis://`
  return message
}

function connect(url: string): Redis | Cluster {
  const retry = (times: number): number => Math.min(RETRY_MS, 50 * times)
  const options = {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_MS,
    retryStrategy: retry,
  }
  if (!url.startsWith('redis+cluster://')) return new Redis(url, options)
  const { hostname, port, username, password } = new URL(url.replace('redis+cluster', 'redis'))
  return new Cluster([{ host: hostname, port: Number(port || 6379) }], {
    clusterRetryStrategy: retry,
    enableOfflineQueue: false,
    // Nodes that the first one names are asked with the same password.
    redisOptions: {
      ...options,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
    },
  })
}
