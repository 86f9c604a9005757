// What an announce costs in the tracker itself, without sockets: nanoseconds and allocated bytes, over UDP in batches of
// flat memory and over HTTP by hand. 1,000 swarms of 100 peers, 50 peers in each answer.
//
//   npm run bench -- announce [seconds]
//
// Node's heap counters see every allocation: the count is exact and the same on any machine; the time is not.
import { performance } from 'node:perf_hooks'
import type { DatagramBatch } from '@bt/ports'
import { packMapped, Prng } from '@bt/primitives'
import { encodeConnectRequest, percentEncode } from '@bt/tracker-protocol'
import { HttpConnection, HttpFrontend, HttpOutput, Tracker, UdpFrontend } from '@bt/tracker-server'

const SWARMS = 1000
const PEERS = 100
const SLOTS = 64
const seconds = Number(process.argv[2] ?? 2)

const clock = {
  now: () => performance.now(),
  wallSeconds: () => 0,
  at: () => ({ cancel: () => {} }),
}
const random = new Prng('announce cost')

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

function udp(): () => number {
  const tracker = new Tracker({}, { clock, random })
  const frontend = new UdpFrontend(tracker, { clock, random })
  const from = packMapped({ host: '20.0.0.1', port: 5000 }) as Uint8Array
  const id = (frontend.answer(encodeConnectRequest(1), from) as Uint8Array).slice(8)
  const asked = batchOf(SLOTS, 2048)
  const replies = batchOf(SLOTS, 2048)
  const view = new DataView(asked.bytes.buffer)
  const ask = (swarm: (at: number) => number, peer: (at: number) => number, want: number): void => {
    for (let at = 0; at < SLOTS; at++) {
      const to = at * asked.stride
      asked.lengths[at] = 98
      asked.addresses.set(from, at * 18)
      asked.bytes.set(id, to)
      view.setUint32(to + 8, 1)
      view.setUint32(to + 12, at)
      for (let word = 0; word < 5; word++)
        view.setUint32(to + 16 + 4 * word, Math.imul(swarm(at) + 1, 0x9e3779b1 + word))
      view.setUint32(to + 68, peer(at) & 1)
      view.setInt32(to + 92, want)
      view.setUint16(to + 96, 1024 + peer(at))
    }
    asked.count = SLOTS
    replies.count = 0
    frontend.received(asked, replies)
  }
  for (let peer = 0; peer < PEERS; peer++)
    for (let swarm = 0; swarm < SWARMS; swarm += SLOTS)
      ask(
        (at) => (swarm + at) % SWARMS,
        () => peer,
        0,
      )
  const places = Uint16Array.from({ length: 65_536 }, () => random.below(SWARMS))
  let turn = 0
  return () => {
    for (let at = 0; at < SLOTS; at++) {
      const to = at * asked.stride
      const place = places[(turn * 7 + at * 13) & 0xffff] as number
      for (let word = 0; word < 5; word++)
        view.setUint32(to + 16 + 4 * word, Math.imul(place + 1, 0x9e3779b1 + word))
      view.setInt32(to + 92, 50)
      view.setUint16(to + 96, 1024 + ((turn + at) % PEERS))
    }
    turn++
    asked.count = SLOTS
    replies.count = 0
    frontend.received(asked, replies)
    if (replies.lengths[5] !== 320) throw new Error(`${replies.lengths[5]} bytes instead of 320`)
    return SLOTS
  }
}

function http(): () => number {
  const tracker = new Tracker({}, { clock, random })
  const frontend = new HttpFrontend(tracker)
  const out = new HttpOutput(200)
  const serving = { tracker, frontend, out, isTrustedProxy: () => false, failed: () => {} }
  const requestOf = (swarm: number, peer: number, want: number): Uint8Array => {
    const hash = new Uint8Array(20).fill(swarm & 255)
    hash[0] = swarm >> 8
    return new TextEncoder().encode(
      `GET /announce?info_hash=${percentEncode(hash)}&peer_id=-BN0001-000000000000&port=${1024 + peer}&uploaded=0&downloaded=0&left=${peer & 1}&compact=1&numwant=${want} HTTP/1.1\r\nHost: 127.0.0.1:6969\r\nUser-Agent: bench\r\nConnection: keep-alive\r\n\r\n`,
    )
  }
  const address = packMapped({ host: '20.0.0.1', port: 5 }) as Uint8Array
  const connect = (): HttpConnection => new HttpConnection(serving, address, clock.now())
  let connection = connect()
  for (let swarm = 0; swarm < SWARMS; swarm++)
    for (let peer = 0; peer < PEERS; peer++) {
      if (connection.received(requestOf(swarm, peer, 0), 0) !== 'go on') connection = connect()
      out.clear()
    }
  const requests = Array.from({ length: 4096 }, () =>
    requestOf(random.below(SWARMS), random.below(PEERS), 50),
  )
  let turn = 0
  return () => {
    for (let at = 0; at < SLOTS; at++) {
      const request = requests[turn++ & 4095] as Uint8Array
      if (connection.received(request, 0) !== 'go on') connection = connect()
      out.clear()
    }
    return SLOTS
  }
}

/** What another tracker of the same swarms told: one step takes in a batch of records. */
function heard(): () => number {
  const batches: Uint8Array[] = []
  const feed = { changed: (batch: Uint8Array) => void batches.push(batch.slice()) }
  const teller = new Tracker({ feed }, { clock, random })
  const { saying } = teller
  for (let peer = 0; peer < PEERS; peer++)
    for (let swarm = 0; swarm < SWARMS; swarm++) {
      for (let word = 0; word < 5; word++) saying.infoHash[word] = Math.imul(swarm + 1, 77 + word)
      saying.key.set(packMapped({ host: '20.0.0.1', port: 1 }) as Uint8Array, 0, 1024 + peer)
      teller.serve(0)
    }
  const listener = new Tracker({}, { clock, random })
  const records = (SWARMS * PEERS) / batches.length
  let turn = 0
  return () => {
    listener.heard(batches[turn++ % batches.length] as Uint8Array)
    return records
  }
}

for (const [name, make] of [
  ['UDP', udp],
  ['HTTP', http],
  ['heard from another tracker', heard],
] as const) {
  const step = make()
  for (const until = performance.now() + 500; performance.now() < until; ) step()
  let announces = 0
  let allocated = 0
  const cpu = process.cpuUsage()
  for (const until = performance.now() + 1000 * seconds; performance.now() < until; ) {
    const before = process.memoryUsage().heapUsed
    let made = 0
    for (let turn = 0; turn < 100; turn++) made += step()
    announces += made
    const grown = process.memoryUsage().heapUsed - before
    // A collection in between hides what was allocated; the others count.
    if (grown > 0) allocated = Math.max(allocated, grown / made)
  }
  const { user, system } = process.cpuUsage(cpu)
  const nanoseconds = (1000 * (user + system)) / announces
  console.log(
    `${name}: ${nanoseconds.toFixed(0)} ns CPU and ${allocated.toFixed(1)} bytes an announce`,
  )
}
