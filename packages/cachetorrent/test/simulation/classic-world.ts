// The network of the published tables in small: sites of equal size, a flash crowd, the shipped tracker with the classic
// hook, and a count of what truly crossed, by the addresses of the network.
import { createMetainfo, type Metainfo, parseMetainfo } from '@bt/metainfo'
import { Prng } from '@bt/primitives'
import { type SimHost, SimNetwork, Simulation } from '@bt/simulator'
import { type PeerHandle, type PolicyFact, Session, type Swarm, type SwarmPolicy } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'
import { HttpFrontend, Tracker } from '@bt/tracker-server'
import {
  ClassicBase,
  classicHook,
  type ClassicHookOptions,
  ClassicPolicy,
} from '../../src/classic/index.ts'

export interface CrowdOptions extends Partial<Omit<ClassicHookOptions, 'leaderPercent'>> {
  readonly leaderPercent?: number | undefined
  readonly sites: number
  readonly hosts: number
  readonly pieces: number
  readonly seed: number
  /** Bytes per second of every peer, and of the seed. */
  readonly upload?: number
  readonly seedUpload?: number
}

export interface Member {
  readonly site: string
  readonly host: SimHost
  readonly swarm: Swarm
  readonly policy: ClassicPolicy | undefined
  /** Everybody it was ever connected with. */
  readonly met: Set<PeerHandle>
  /** Pieces of which it had something from another site. */
  readonly imported: Set<number>
}

export class ClassicWorld {
  readonly simulation: Simulation
  readonly members: Member[] = []
  readonly #network: SimNetwork
  readonly #siteOf = new Map<string, string>()
  readonly #metainfo: Metainfo
  readonly #data: Uint8Array
  readonly #options: CrowdOptions

  constructor(options: CrowdOptions) {
    this.#options = options
    this.simulation = new Simulation(options.seed)
    this.#network = new SimNetwork(this.simulation)
    this.#data = new Uint8Array(options.pieces * PIECE_LENGTH)
    new Prng('content').fill(this.#data)
    this.#metainfo = parseMetainfo(
      createMetainfo({
        name: 'content',
        layout: 'file',
        version: '1',
        pieceLength: PIECE_LENGTH,
        files: [{ path: ['content'], data: this.#data }],
      }),
    )
    const trackerHost = this.#network.addHost(this.#network.addSite('tracker', { latencyMs: 1 }))
    const { ports } = trackerHost
    const hook = classicHook({
      siteOf: this.siteOf,
      random: ports.random,
      joinersMin: options.sites * options.hosts,
      ...definedOf(options),
    })
    const tracker = new Tracker({ hooks: [hook] }, ports)
    const frontend = new HttpFrontend(tracker)
    trackerHost.serveHttp(80, ({ path, from }, answer) =>
      answer(frontend.answer(path, { host: from, port: 1 })),
    )
    for (let at = 0; at < options.hosts; at++) {
      for (let site = 0; site < options.sites; site++) {
        this.#join(`site ${site}`, trackerHost.address)
      }
    }
  }

  readonly siteOf = (host: string): string | undefined => this.#siteOf.get(host)

  get now(): number {
    return this.simulation.clock.now()
  }

  /** Runs until all have everything; answers the milliseconds. */
  complete(ms: number): number {
    const done = (): boolean => this.members.every(({ swarm }) => swarm.isComplete)
    this.simulation.runUntil(done, { timeMs: this.now + ms }, 'that everybody completes')
    return this.now
  }

  /** Payload that a member received from other sites. */
  crossedBytes({ site, met }: Member): number {
    let bytes = 0
    for (const peer of met) {
      if (this.siteOf(peer.endpoint.host) !== site) bytes += peer.receivedBytes
    }
    return bytes
  }

  /** R over the sites that began without a copy. */
  get redundancy(): number {
    let bytes = 0
    for (const member of this.members) {
      if (member.site !== 'site 0') bytes += this.crossedBytes(member)
    }
    return bytes / this.#data.length / (this.#options.sites - 1)
  }

  #join(site: string, tracker: string): void {
    const isSeed = this.members.length === 0
    const { upload = 200_000, seedUpload = upload, leaderPercent } = this.#options
    const rates = {
      uploadBytesPerSecond: isSeed ? seedUpload : upload,
      downloadBytesPerSecond: 3 * upload,
    }
    const host = this.#network.addHost(this.#network.addSite(site), rates)
    this.#siteOf.set(host.address, site)
    if (isSeed) host.disk.put('content', this.#data)
    const session = new Session(host.ports, { limits: { connectionsMax: 2000 } })
    session.listen({ port: 6881 }, (error) => {
      if (error !== undefined) throw error
    })
    this.simulation.runUntil(() => session.port !== 0, { timeMs: this.now + 1000 }, 'a listener')
    const options = { siteOf: this.siteOf, site, ...rates }
    const policy = leaderPercent === undefined ? undefined : new ClassicPolicy(options)
    const met = new Set<PeerHandle>()
    const imported = new Set<number>()
    const told = (fact: PolicyFact): void => {
      if (fact.type === 'opened') met.add(fact.peer)
      if (fact.type !== 'progress') return
      if (this.siteOf(fact.peer.endpoint.host) !== site) imported.add(fact.piece)
    }
    const url = `http://${tracker}/announce`
    const source = new TrackerClient([[url]], host.ports, { intervalMinSeconds: 1 })
    const swarm = session.start(this.#metainfo, {
      sources: [source],
      policy: watched(policy ?? new ClassicBase(), told),
      limits: { peersMax: 2000 },
      pex: false,
    })
    this.members.push({ site, host, swarm, policy, met, imported })
  }
}

const PIECE_LENGTH = 16_384

function definedOf({ leaderPercent, ...rest }: CrowdOptions): Partial<ClassicHookOptions> {
  return leaderPercent === undefined ? rest : { ...rest, leaderPercent }
}

/** The policy, and somebody who is told what it is told. */
function watched(policy: SwarmPolicy, told: (fact: PolicyFact) => void): SwarmPolicy {
  return new Proxy(policy, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target)
      if (typeof value !== 'function') return value
      if (key !== 'observe') return value.bind(target) as unknown
      return (fact: PolicyFact) => {
        told(fact)
        target.observe?.(fact)
      }
    },
  })
}
