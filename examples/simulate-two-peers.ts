// A download between two hosts in virtual time: the engine of production, no socket, no disk, no waiting.
// The same seed gives the same run, to the last event; the trace hash proves it.
// Run: npx tsx --conditions=@bt/source examples/simulate-two-peers.ts
import assert from 'node:assert/strict'
import { createMetainfo, parseMetainfo } from '@bt/metainfo'
import { SimNetwork, Simulation } from '@bt/simulator'
import { Session } from '@bt/swarm'

const data = new Uint8Array(3_000_000).map((_, at) => (at * 7919) >> 3)
const files = [{ path: ['film.bin'], data }]
const metainfo = parseMetainfo(
  createMetainfo({ name: 'film.bin', layout: 'file', version: '1', pieceLength: 65_536, files }),
)

function run(seed: number): string {
  const simulation = new Simulation(seed)
  const network = new SimNetwork(simulation)
  const site = network.addSite('lab', { latencyMs: 10 })
  const there = network.addHost(site, { uploadBytesPerSecond: 1_000_000 })
  const here = network.addHost(site)

  there.disk.put('film.bin', data)
  const session = new Session(there.ports)
  session.listen({ port: 6881 }, () => session.start(metainfo))

  const swarm = new Session(here.ports).start(metainfo)
  swarm.addPeers([{ host: there.address, port: 6881 }])
  simulation.at(2000, () => network.partition([there], [here])) // the link dies …
  simulation.at(9000, () => network.heal()) // … and comes back
  simulation.runUntil(() => swarm.isComplete, { timeMs: 300_000 }, 'the download')

  assert.deepEqual(here.disk.contents('film.bin'), data)
  const seconds = (simulation.clock.now() / 1000).toFixed(2)
  const { downloadedBytes } = swarm.stats
  console.log(`seed ${seed}: ${downloadedBytes} bytes in ${seconds} s of virtual time`)
  return simulation.traceHash
}

const trace = run(7)
assert.equal(run(7), trace)
assert.notEqual(run(8), trace)
console.log('the same seed, the same run')
