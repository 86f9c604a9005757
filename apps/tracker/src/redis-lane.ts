// One lane of the feed through Redis: a stream to which batches are appended, and from which those of others are read.

import type { Cluster, Redis } from 'ioredis'

/** Batches read at a time: at most 4 MB. */
const READ_MAX = 64
/** Batches that wait for Redis: at most 2 MB a lane. */
export const WAITING_MAX = 32
const START = '0-0'

export class RedisLane {
  readonly #redis: Redis | Cluster
  readonly #stream: string
  /** Names this process in what it appends: its own batches are not for itself. */
  readonly #name: string
  /** Milliseconds for which a batch is kept. */
  readonly #keepMs: number
  readonly #heard: (batch: Uint8Array) => void
  readonly #waiting: Buffer[] = []
  /** The last entry read. */
  #read = START

  constructor(
    redis: Redis | Cluster,
    lane: number,
    of: {
      readonly name: string
      readonly keepMs: number
      readonly heard: (batch: Uint8Array) => void
    },
  ) {
    this.#redis = redis
    // The braces are what a cluster chooses the node by.
    this.#stream = `bt:{${lane}}:feed`
    this.#name = of.name
    this.#keepMs = of.keepMs
    this.#heard = of.heard
  }

  /** False: the oldest that waited is dropped for it. */
  push(batch: Uint8Array): boolean {
    const isRoom = this.#waiting.length < WAITING_MAX
    if (!isRoom) this.#waiting.shift()
    this.#waiting.push(Buffer.from(batch))
    return isRoom
  }

  /** Appends what waits. @throws when Redis is away: what was not appended waits on */
  async send(): Promise<void> {
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      const oldest = String(Date.now() - this.#keepMs)
      await this.#redis.xadd(this.#stream, 'MINID', '~', oldest, '*', this.#name, batch)
      if (this.#waiting[0] === batch) this.#waiting.shift()
    }
  }

  /** Hears what others appended; true: there is more. @throws when Redis is away */
  async look(): Promise<boolean> {
    const got = await this.#redis.xreadBuffer(
      'COUNT',
      READ_MAX,
      'STREAMS',
      this.#stream,
      this.#read,
    )
    const entries = (got?.[0]?.[1] ?? []) as [Buffer, Buffer[]][]
    for (const [id, [name, batch]] of entries) {
      this.#read = id.toString()
      if (name !== undefined && batch !== undefined && name.toString() !== this.#name)
        this.#heard(batch)
    }
    return entries.length === READ_MAX
  }

  /**
   * Redis is back: goes on after the last entry read, or from the beginning where the stream ends before it, because it
   * was forgotten. Old entries are not heard twice where that can be helped: they would undo what came since.
   */
  async resume(): Promise<void> {
    const [last] = await this.#redis.xrevrange(this.#stream, '+', '-', 'COUNT', 1)
    if (last === undefined || isBefore(last[0], this.#read)) this.#read = START
  }
}

/** Entries are MILLISECONDS-NUMBER. */
function isBefore(one: string, other: string): boolean {
  const [time = 0, number = 0] = one.split('-').map(Number)
  const [otherTime = 0, otherNumber = 0] = other.split('-').map(Number)
  return time < otherTime || (time === otherTime && number < otherNumber)
}
