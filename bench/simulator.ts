// What the simulated network costs without anybody on it: fake traffic of the shape of a large swarm.
//
//   node --expose-gc --import tsx --conditions=@bt/source bench/simulator.ts [peers] [pieces] [links] [sites] [model]
//
// Every peer has `links` connections and keeps five of them busy with pieces of 245,000 bytes, each connection for
// twenty pieces; who got a piece tells all its neighbours (9 bytes) and asks for the next (17 bytes). Uplinks are
// 2 Mb/s, downlinks 6. One line of JSON: seconds and nanoseconds are of CPU time.

import type { ByteChannel } from '@bt/ports'
import { SimNetwork, Simulation, twoLevel } from '@bt/simulator'
import type { NetworkOptions, SimHost } from '@bt/simulator'

const argument = (at: number, usual: number): number => Number(process.argv[at] ?? usual)
const peers = argument(2, 700)
const pieces = argument(3, 100)
const links = argument(4, 40)
const sites = argument(5, 14)
const rates = (process.argv[6] ?? 'fair') as NonNullable<NetworkOptions['rates']>

const PIECE_BYTES = 245_000
const SLOTS = 5
const PIECES_PER_TURN = 20
const PORT = 6881
const HAVE = { kind: 'have' }
const REQUEST = { kind: 'request' }
const PIECE = { kind: 'piece' }

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const heapBytes = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const simulation = new Simulation(7)
const random = simulation.random('traffic')
const network = new SimNetwork(
  simulation,
  {},
  { chunking: 'whole', rates, controlBytesMax: 2_048, windowBytes: 1e9 },
)
const ids = network.addTopology(twoLevel({ sites, latencyMs: 20 }))
let received = 0
let messages = 0

class Peer {
  readonly host: SimHost
  readonly channels: ByteChannel[] = []
  #next = 0

  constructor(host: SimHost) {
    this.host = host
    const accept = (channel: ByteChannel): void => this.add(channel)
    host.ports.transport.listen({ port: PORT }, accept, () => {})
  }

  add(channel: ByteChannel): void {
    this.channels.push(channel)
    channel.start({
      received: () => {},
      receivedObject: (value) => {
        if (value === PIECE) this.#got(channel)
        else messages++
      },
      drained: () => {},
      closed: () => {},
    })
  }

  upload(): void {
    for (let slot = 0; slot < SLOTS; slot++) this.#turn()
  }

  #turn(): void {
    const channel = this.channels[this.#next++ % this.channels.length]
    let left = PIECES_PER_TURN
    const next = (): void => {
      if (left-- > 0) channel?.sendObject?.(PIECE, PIECE_BYTES, next)
      else this.#turn()
    }
    next()
  }

  #got(channel: ByteChannel): void {
    received++
    for (const neighbour of this.channels) neighbour.sendObject?.(HAVE, 9)
    channel.sendObject?.(REQUEST, 17)
  }
}

const before = heapBytes()
const all = Array.from({ length: peers }, (_, index) => {
  const site = ids[index % sites] as (typeof ids)[number]
  const host = network.addHost(site, {
    uploadBytesPerSecond: 250_000,
    downloadBytesPerSecond: 750_000,
  })
  return new Peer(host)
})
simulation.run({ timeMs: 1 })
const hostsBytes = heapBytes() - before
let connections = 0
for (const peer of all)
  for (let dial = 0; dial < links / 2; dial++) {
    const { address } = (all[random.below(peers)] as Peer).host
    peer.host.ports.transport.dial({ host: address, port: PORT }, {}, (error, channel) => {
      if (error !== undefined) throw error
      connections++
      peer.add(channel)
    })
  }
simulation.run({ timeMs: 1_000 })
const channelsBytes = heapBytes() - before - hostsBytes

const began = cpuSeconds()
const firstEvents = simulation.events
for (const peer of all) peer.upload()
const wanted = peers * pieces
const { timeMs, events, traceHash } = simulation.run({ when: () => received >= wanted })
const seconds = cpuSeconds() - began
console.log(
  JSON.stringify({
    rates,
    peers,
    pieces,
    connections,
    seconds: Number(seconds.toFixed(2)),
    virtualSeconds: Math.round(timeMs / 1000),
    transfers: received,
    messages,
    nsPerMessage: Math.round((seconds * 1e9) / messages),
    usPerTransfer: Number(((seconds * 1e6) / received).toFixed(2)),
    events: events - firstEvents,
    kilobytesPerHost: Number((hostsBytes / peers / 1024).toFixed(1)),
    bytesPerConnection: Math.round(channelsBytes / connections),
    megabytesAtEnd: Math.round(heapBytes() / 1e6),
    traceHash,
  }),
)
