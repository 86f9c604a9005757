// What these tests begin with: a tracker on a clock that the test turns, and peers by number.
import type { Alarm, Clock } from '@bt/ports'
import {
  type Endpoint,
  type InfoHash,
  packMapped,
  parseInfoHash,
  type PeerId,
  parsePeerId,
  Prng,
} from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'
import { Tracker, type TrackerOptions } from '../src/index.ts'

/** Monotonic time stands until the test turns it; the wall clock is nobody's business. */
export class HandClock implements Clock {
  timeMs = 0
  readonly alarms: { timeMs: number; run: () => void }[] = []

  now(): number {
    return this.timeMs
  }

  wallSeconds(): number {
    throw new Error('a tracker asks for the wall clock')
  }

  at(timeMs: number, run: () => void): Alarm {
    const alarm = { timeMs, run }
    this.alarms.push(alarm)
    return { cancel: () => void this.alarms.splice(this.alarms.indexOf(alarm) >>> 0, 1) }
  }

  /** Runs what is due on the way. */
  pass(ms: number): void {
    const end = this.timeMs + ms
    for (;;) {
      const due = this.alarms
        .filter(({ timeMs }) => timeMs <= end)
        .toSorted((a, b) => a.timeMs - b.timeMs)[0]
      if (due === undefined) break
      this.alarms.splice(this.alarms.indexOf(due), 1)
      this.timeMs = Math.max(this.timeMs, due.timeMs)
      due.run()
    }
    this.timeMs = end
  }
}

export interface TestTracker {
  readonly clock: HandClock
  readonly random: Prng
  readonly tracker: Tracker
  /** The peer at `host`, with what it says beside. */
  readonly announce: (host: string, more?: Partial<AnnounceRequest>) => AnnounceResponse
}

export function trackerOf(options: TrackerOptions = {}, seed: number | string = 1): TestTracker {
  const clock = new HandClock()
  const random = new Prng(seed)
  const tracker = new Tracker(options, { clock, random })
  return {
    clock,
    random,
    tracker,
    announce: (host, more = {}) => tracker.announce({ ...ANNOUNCE, ...more }, { host, port: 1 }),
  }
}

export const HASH = parseInfoHash('aa'.repeat(20)) as InfoHash
export const PEER_ID = parsePeerId('2d5858303030312d303132333435363738396162') as PeerId
export const ANNOUNCE: AnnounceRequest = {
  infoHash: HASH,
  peerId: PEER_ID,
  port: 6881,
  uploadedBytes: 0,
  downloadedBytes: 0,
  leftBytes: 1,
}

export function hashOf(number: number): InfoHash {
  return parseInfoHash(number.toString(16).padStart(40, '0')) as InfoHash
}

/** A global address for each number below 2^20. */
export function hostOf(number: number): string {
  return `20.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
}

export function addressOf(endpoint: Endpoint): Uint8Array {
  return packMapped(endpoint) as Uint8Array
}
