// A feed through Redis or Valkey: trackers on several machines serve one set of swarms.
//
// Batches of records lie in a few streams, kept for as long as a silent peer lives; each tracker appends what is new with
// it and reads what the others appended, a few times a second. Answers never wait for any of it. A tracker that starts
// reads the streams from their beginning; when Redis comes back from a restart or a failover, which may have forgotten
// everything, each tells again what it holds. What cannot be sent waits, within bounds; beyond them the oldest is dropped
// and everything is told again once Redis is back.

import { randomBytes } from 'node:crypto'
import { Cluster, Redis } from 'ioredis'
import type { SwarmFeed } from '@bt/tracker-server'

/** Streams, so that a cluster spreads them. */
const STREAMS = 8
/** Milliseconds between two looks at what others said. */
const POLL_MS = 250
/** Batches read from one stream at a time: at most 4 MB. */
const READ_MAX = 64
/** Batches that wait for Redis: at most 16 MB. */
const WAITING_MAX = 256
/** Milliseconds for one command. */
const COMMAND_MS = 2000
/** Milliseconds between two attempts to connect at most. */
const RETRY_MS = 1000

export interface RedisFeedOptions {
  /** redis://… or rediss://… of one server, redis+cluster://HOST:PORT of any node of a cluster. */
  readonly url: string
  /** Milliseconds for which a batch is kept. */
  readonly keepMs: number
  readonly heard: (batch: Uint8Array) => void
  /** Redis may have forgotten: everything is to be told again. */
  readonly refill: () => void
  readonly log: (event: 'connected' | 'lost' | 'failed', error?: unknown) => void
}

export class RedisFeed implements SwarmFeed {
  readonly #options: RedisFeedOptions
  readonly #redis: Redis | Cluster
  /** Names this process in what it appends: its own batches are not for itself. */
  readonly #name = randomBytes(8).toString('hex')
  readonly #waiting: Buffer[] = []
  /** The last entry read of each stream. */
  readonly #read = Array.from({ length: STREAMS }, () => '0-0')
  #next = 0
  #isSending = false
  #hasDropped = false
  #isDown = false
  #poll: NodeJS.Timeout | undefined

  /** Connects in the background. */
  constructor(options: RedisFeedOptions) {
    this.#options = options
    this.#redis = connect(options.url)
    this.#redis.on('ready', () => this.#ready())
    this.#redis.on('close', () => {
      if (!this.#isDown) options.log('lost')
      this.#isDown = true
    })
    this.#redis.on('error', (error) => {
      if (!this.#isDown) options.log('failed', error)
    })
  }

  changed(batch: Uint8Array): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#waiting.shift()
      this.#hasDropped = true
    }
    this.#waiting.push(Buffer.from(batch))
    void this.#send()
  }

  /** Sends what waits, if that is soon, and ends. */
  async close(): Promise<void> {
    clearTimeout(this.#poll)
    await this.#send()
    this.#redis.disconnect()
  }

  #ready(): void {
    this.#isDown = false
    this.#options.log('connected')
    this.#read.fill('0-0')
    this.#options.refill()
    clearTimeout(this.#poll)
    void this.#look()
    void this.#send()
  }

  async #send(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
        this.#next = (this.#next + 1) % STREAMS
        const oldest = String(Date.now() - this.#options.keepMs)
        await this.#redis.xadd(streamOf(this.#next), 'MINID', '~', oldest, '*', this.#name, batch)
        if (this.#waiting[0] === batch) this.#waiting.shift()
      }
      if (this.#hasDropped) {
        this.#hasDropped = false
        this.#options.refill()
      }
    } catch {
      // Away: it waits for 'ready', which sends it.
    } finally {
      this.#isSending = false
    }
  }

  async #look(): Promise<void> {
    let isMore = false
    try {
      for (let stream = 0; stream < STREAMS; stream++) {
        const from = this.#read[stream] as string
        const got = await this.#redis.xreadBuffer(
          'COUNT',
          READ_MAX,
          'STREAMS',
          streamOf(stream),
          from,
        )
        const entries = (got?.[0]?.[1] ?? []) as [Buffer, Buffer[]][]
        for (const [id, [name, batch]] of entries) {
          this.#read[stream] = id.toString()
          if (name !== undefined && batch !== undefined && name.toString() !== this.#name)
            this.#options.heard(batch)
        }
        isMore ||= entries.length === READ_MAX
      }
    } catch {
      // Away: 'ready' begins again.
      return
    }
    this.#poll = setTimeout(() => void this.#look(), isMore ? 1 : POLL_MS)
  }
}

/** The braces are what a cluster chooses the node by. */
function streamOf(number: number): string {
  return `bt:{${number}}:feed`
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
  return new Cluster([url.replace('redis+cluster', 'redis')], {
    clusterRetryStrategy: retry,
    enableOfflineQueue: false,
    redisOptions: options,
  })
}
