// A whole tracker under mutation: what it answers to the unproven is weighed, and what it stores is bounded.
import { packMapped, Prng } from '@bt/primitives'
import {
  announceUrl,
  encodeConnectRequest,
  encodeUdpAnnounce,
  encodeUdpScrape,
  scrapeRequestUrl,
} from '@bt/tracker-protocol'
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import { HttpFrontend, Tracker, UdpFrontend } from '../src/index.ts'
import { ANNOUNCE, HASH, HandClock } from './world.ts'

const clock = new HandClock()
const random = new Prng('fuzz')
const tracker = new Tracker({ swarmsMax: 1000, peersPerSwarmMax: 1000 }, { clock, random })
const http = new HttpFrontend(tracker)
const udp = new UdpFrontend(tracker, { clock, random })
const SENDER = packMapped({ host: '20.0.0.1', port: 5000 }) as Uint8Array
const PROVEN = (udp.answer(encodeConnectRequest(1), SENDER) as Uint8Array).slice(8)
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0))

export const targets: Record<string, FuzzTarget> = {
  'a tracker over UDP': {
    seeds: [
      encodeConnectRequest(7),
      encodeUdpAnnounce(PROVEN, 7, ANNOUNCE, '/announce?ct=1'),
      encodeUdpAnnounce(new Uint8Array(8), 7, ANNOUNCE),
      encodeUdpScrape(PROVEN, 7, [HASH, HASH]),
    ],
    expects: [],
    run(bytes) {
      const { announces, scrapes } = tracker.counts
      const length = udp.answer(bytes, SENDER)?.length ?? 0
      const isProven = tracker.counts.announces + tracker.counts.scrapes > announces + scrapes
      if (!isProven && length > bytes.length)
        throw new RangeError(`${length} bytes for ${bytes.length}`)
      if (length > 1232) throw new RangeError(`an answer of ${length} bytes`)
    },
  },
  'a tracker over HTTP': {
    seeds: [
      ascii(announceUrl('/announce', ANNOUNCE)),
      ascii(announceUrl('/key/announce', { ...ANNOUNCE, compact: false, numWant: 7 })),
      ascii(scrapeRequestUrl('/scrape', [HASH, HASH])),
    ],
    expects: [],
    run(bytes) {
      const { status } = http.answer(String.fromCharCode(...bytes), { host: '20.0.0.1', port: 1 })
      if (status !== 200 && status !== 404) throw new RangeError(`status ${status}`)
    },
  },
}
