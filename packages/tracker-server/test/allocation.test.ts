// Goal: an announce from flat bytes leaves next to nothing for the garbage collector, known peers and new ones alike.
// Method: growth of the heap over many announces after warm-up, counted and not timed; the median of many windows,
// because a collection may fall into one. A view of bytes or a small object for each announce costs 50 bytes and more.
import { getHeapStatistics } from 'node:v8'
import type { DatagramBatch } from '@bt/ports'
import { packMapped, Prng } from '@bt/primitives'
import { encodeConnectRequest } from '@bt/tracker-protocol'
import { expect, test } from 'vitest'
import { Tracker, UdpFrontend } from '../src/index.ts'

const SLOTS = 64
const WINDOWS = 21
/** Announces of a window. */
const WINDOW = 64 * SLOTS

function batchOf(): DatagramBatch {
  return {
    count: 0,
    capacity: SLOTS,
    stride: 2048,
    bytes: new Uint8Array(SLOTS * 2048),
    lengths: new Uint16Array(SLOTS),
    addresses: new Uint8Array(SLOTS * 18),
  }
}

/** Bytes of the heap that an announce leaves; `peerOf` says which peer the nth announce comes from. */
function bytesAnAnnounce(swarms: number, peerOf: (nth: number) => number): number {
  let now = 0
  const clock = { now: () => now, wallSeconds: () => 0, at: () => ({ cancel: () => {} }) }
  const random = new Prng('allocation')
  const tracker = new Tracker({}, { clock, random })
  const frontend = new UdpFrontend(tracker, { clock, random })
  const from = packMapped({ host: '20.0.0.1', port: 5000 }) as Uint8Array
  const id = (frontend.answer(encodeConnectRequest(1), from) as Uint8Array).slice(8)
  const asked = batchOf()
  const replies = batchOf()
  const view = new DataView(asked.bytes.buffer)
  for (let at = 0; at < SLOTS; at++) {
    asked.lengths[at] = 98
    asked.addresses.set(from, at * 18)
    asked.bytes.set(id, at * asked.stride)
    view.setUint32(at * asked.stride + 8, 1)
    view.setInt32(at * asked.stride + 92, 50)
  }
  let nth = 0
  const announce = (): void => {
    for (let at = 0; at < SLOTS; at++, nth++) {
      const to = at * asked.stride
      const swarm = nth % swarms
      for (let word = 0; word < 5; word++)
        view.setInt32(to + 16 + 4 * word, Math.imul(swarm + 1, 0x9e3779b1 + word))
      view.setUint16(to + 96, 1 + peerOf(nth))
    }
    now += 0.01
    asked.count = SLOTS
    replies.count = 0
    frontend.received(asked, replies)
    if (replies.count !== SLOTS) throw new Error(`${replies.count} answers`)
  }
  for (let made = 0; made < 20 * WINDOW; made += SLOTS) announce()
  const grown: number[] = []
  for (let window = 0; window < WINDOWS; window++) {
    const before = getHeapStatistics().used_heap_size
    for (let made = 0; made < WINDOW; made += SLOTS) announce()
    grown.push((getHeapStatistics().used_heap_size - before) / WINDOW)
  }
  return grown.toSorted((one, other) => one - other)[WINDOWS >> 1] as number
}

test('[speed] an announce of a known peer leaves at most 8 bytes', () => {
  const bytes = bytesAnAnnounce(1000, (nth) => Math.floor(nth / 1000) % 60)
  expect(bytes).toBeGreaterThan(0)
  expect(bytes).toBeLessThan(8)
})

test.each([
  ['small', 4000],
  ['large', 40],
])('[speed] an announce of a new peer of a %s swarm leaves at most 48 bytes', (_name, swarms) => {
  const bytes = bytesAnAnnounce(swarms, (nth) => Math.floor(nth / swarms))
  expect(bytes).toBeGreaterThan(0)
  // 40.5 was seen; one small object more for each would be 50 more
  expect(bytes).toBeLessThan(48)
})
