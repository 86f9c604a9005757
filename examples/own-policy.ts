// A policy of one's own: peers of the office come first when slots are given away, and the counts say whether it helped.
// Runs in the simulator: one seed with one upload slot, one peer in its office, three elsewhere. A policy answers
// questions and is asked again only when it says that an answer changed; the engine does the rest.
// Run: npx tsx --conditions=@bt/source examples/own-policy.ts
import { createMetainfo, parseMetainfo } from '@bt/metainfo'
import { SimNetwork, Simulation } from '@bt/simulator'
import { Session, type SwarmPolicy, type UnchokeRound } from '@bt/swarm'

class OfficeFirst implements SwarmPolicy {
  readonly #isNear: (host: string) => boolean

  constructor(isNear: (host: string) => boolean) {
    this.#isNear = isNear
  }

  /** Everybody of the office, and whom the engine would serve when nobody of the office wants anything. */
  unchoke({ interested, proposed }: UnchokeRound) {
    const near = interested.filter(({ endpoint }) => this.#isNear(endpoint.host))
    return near.length > 0 ? near : proposed
  }
}

const data = new Uint8Array(2_000_000).map((_, at) => (at * 7919) >> 3)
const files = [{ path: ['film.bin'], data }]
const metainfo = parseMetainfo(
  createMetainfo({ name: 'film.bin', layout: 'file', version: '1', pieceLength: 32_768, files }),
)
const simulation = new Simulation('office')
const network = new SimNetwork(simulation)
const office = network.addSite('office', { latencyMs: 1 })
const elsewhere = network.addSite('elsewhere', { latencyMs: 40 })

const seedHost = network.addHost(office, { uploadBytesPerSecond: 250_000 })
seedHost.disk.put('film.bin', data)
const near = network.addHost(office)
const hosts = [near, ...[1, 2, 3].map(() => network.addHost(elsewhere))]
const seed = new Session(seedHost.ports)
seed.listen({ port: 6881 }, () => {
  seed.start(metainfo, { policy: new OfficeFirst((host) => host === near.address) })
})
let left = hosts.length
simulation.at(1000, () => {
  for (const [number, host] of hosts.entries()) {
    const swarm = new Session(host.ports).start(metainfo, { pex: false })
    swarm.addPeers([{ host: seedHost.address, port: 6881 }])
    swarm.on('complete', () => {
      const seconds = (simulation.clock.now() / 1000).toFixed(1)
      console.log(`${host === near ? 'office' : 'elsewhere'}: peer ${number} after ${seconds} s`)
      left--
    })
  }
})
simulation.runUntil(() => left === 0, { timeMs: 600_000 }, 'everybody')
