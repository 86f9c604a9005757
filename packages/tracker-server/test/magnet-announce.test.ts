import { type InfoHash, parseInfoHash, parsePeerId, type PeerId, Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { Tracker } from '../src/index.ts'

// aria2 1.36 announces `left=0&event=started` for a magnet whose size it does not know yet: it must hear of seeds.

const clock = { now: () => 0, wallSeconds: () => 0, at: () => ({ cancel: () => {} }) }
const infoHash = parseInfoHash('ab'.repeat(20)) as InfoHash

function announcePeers(tracker: Tracker, host: string, event?: 'started'): number {
  const peerId = parsePeerId('cd'.repeat(20)) as PeerId
  const counters = { uploadedBytes: 0, downloadedBytes: 0, leftBytes: 0 }
  const request = {
    infoHash,
    peerId,
    port: 6881,
    ...counters,
    ...(event === undefined ? {} : { event }),
  }
  return tracker.announce(request, { host, port: 1 }).peers.length
}

test('who starts with nothing left hears of seeds, who goes on seeding does not', () => {
  const tracker = new Tracker({}, { clock, random: new Prng(1) })
  expect(announcePeers(tracker, '192.0.2.1', 'started')).toBe(0)
  expect(announcePeers(tracker, '192.0.2.2', 'started')).toBe(1)
  expect(announcePeers(tracker, '192.0.2.2')).toBe(0)
})
