// Goal: the short way of a UDP announce is the long way, only shorter. Method: the same packets into two trackers of one
// seed, of which one has a hook that does nothing and so takes the long way; every byte of every reply is compared.
import type { DatagramBatch } from '@bt/ports'
import { Prng } from '@bt/primitives'
import { encodeConnectRequest, encodeUdpAnnounce } from '@bt/tracker-protocol'
import { expect, test } from 'vitest'
import { UdpFrontend } from '../src/index.ts'
import { addressOf, ANNOUNCE, hashOf, hostOf, trackerOf } from './world.ts'

const SLOTS = 16

function batchOf(capacity: number, stride: number): DatagramBatch {
  return {
    count: 0,
    capacity,
    stride,
    bytes: new Uint8Array(capacity * stride),
    lengths: new Uint16Array(capacity),
    addresses: new Uint8Array(capacity * 18),
  }
}

function put(batch: DatagramBatch, packet: Uint8Array, from: Uint8Array): void {
  const at = batch.count++
  batch.bytes.set(packet, at * batch.stride)
  batch.lengths[at] = packet.length
  batch.addresses.set(from, at * 18)
}

function frontendOf(hooks: readonly object[], swarmsMax: number) {
  const { clock, random, tracker } = trackerOf({ hooks, swarmsMax, peersPerSwarmMax: 400 }, 'flat')
  const frontend = new UdpFrontend(tracker, { clock, random })
  const replies = batchOf(SLOTS, 2048)
  return {
    clock,
    tracker,
    ask: (asked: DatagramBatch): Uint8Array => {
      replies.count = 0
      replies.bytes.fill(0)
      frontend.received(asked, replies)
      const lengths = Uint8Array.from(
        replies.lengths.subarray(0, replies.count),
        (one) => one & 255,
      )
      return Uint8Array.of(replies.count, ...lengths, ...replies.bytes, ...replies.addresses)
    },
    idFor: (from: Uint8Array): Uint8Array =>
      (frontend.answer(encodeConnectRequest(1), from) as Uint8Array).slice(8),
  }
}

const HOSTS = [
  hostOf,
  (at: number) => `2600:1:${at.toString(16)}::1`,
  (at: number) => `10.0.${at >> 8}.${at & 255}`,
  (at: number) => `127.0.${at >> 8}.${at & 255}`,
]

test.each([
  ['few swarms', 3, 10_000],
  ['more swarms than may be held', 40, 6000],
])('replies are equal byte for byte: %s', (_name, swarms, announces) => {
  const short = frontendOf([], 30)
  const long = frontendOf([{}], 30)
  const random = new Prng(`flat ${swarms}`)
  const asked = batchOf(SLOTS, 600)
  const events = [undefined, 'started', 'completed', 'stopped'] as const
  for (let step = 0; step < announces; step++) {
    const kind = random.below(20)
    const make = HOSTS[kind < 14 ? 0 : random.below(HOSTS.length)] as (at: number) => string
    const from = addressOf({ host: make(random.below(1000)), port: 1 + random.below(60_000) })
    const id = short.idFor(from)
    expect(long.idFor(from)).toEqual(id)
    if (random.below(50) === 0) id.fill(0)
    const event = events[random.below(8)]
    const packet = encodeUdpAnnounce(
      id,
      random.below(2 ** 32),
      {
        ...ANNOUNCE,
        infoHash: hashOf(random.below(swarms)),
        port: random.below(20) === 0 ? 0 : 1 + random.below(3),
        leftBytes: random.below(2) * 2 ** (random.below(40) as number),
        numWant: random.below(4) === 0 ? random.below(400) : 30,
        ...(event !== undefined && { event }),
      },
      random.below(10) === 0 ? '/announce?x=1' : '',
    )
    const isCut = random.below(50) === 0
    put(asked, isCut ? packet.subarray(0, random.below(98)) : packet, from)
    if (asked.count < SLOTS) continue
    const one = short.ask(asked)
    const other = long.ask(asked)
    if (!one.every((byte, at) => byte === other[at])) throw new Error(`step ${step} differs`)
    asked.count = 0
  }
  expect(short.tracker.counts).toEqual({ ...long.tracker.counts, memberBytes: expect.any(Number) })
  expect(short.tracker.counts.announces).toBeGreaterThan(announces / 2)
})

test('memory for replies that is odd, or too small for an announce, takes the long way', () => {
  for (const stride of [2047, 600]) {
    const { clock, random, tracker } = trackerOf()
    const frontend = new UdpFrontend(tracker, { clock, random })
    const from = addressOf({ host: '20.0.0.1', port: 1 })
    const id = (frontend.answer(encodeConnectRequest(1), from) as Uint8Array).slice(8)
    const asked = batchOf(2, 200)
    const replies = batchOf(2, stride)
    put(asked, encodeUdpAnnounce(id, 7, ANNOUNCE), from)
    put(asked, encodeUdpAnnounce(id, 8, { ...ANNOUNCE, port: 2 }), from)
    frontend.received(asked, replies)
    expect([...replies.lengths]).toEqual([20, 26])
    expect(replies.bytes[stride + 7]).toBe(8)
  }
})
