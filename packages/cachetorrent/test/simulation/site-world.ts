// Sites of hosts behind simulated links, a shipped tracker with the election hook, and a witness at every host who counts
// what truly crossed: by the addresses of the network, not by what anybody says.
import { createMetainfo, type Metainfo, parseMetainfo } from '@bt/metainfo'
import type { ByteChannel, PeerSource, Ports } from '@bt/ports'
import { bytesEqual, type InfoHash, Prng } from '@bt/primitives'
import { type NetworkOptions, type SimHost, SimNetwork, Simulation } from '@bt/simulator'
import {
  type PeerHandle,
  type PieceScope,
  type PolicyFact,
  Session,
  type Swarm,
  type SwarmPolicy,
} from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'
import { HttpFrontend, Tracker } from '@bt/tracker-server'
import { expect } from 'vitest'
import { CachePolicy, type ElectionOptions, electionHook } from '../../src/index.ts'

type Site = ReturnType<SimNetwork['addSite']>

export interface MemberOptions {
  readonly seed?: boolean
  /** Speaks no CacheTorrent. */
  readonly stock?: boolean
  /** What it calls its site. */
  readonly label?: string
  readonly upload?: number
  /** What it declares; absent: what it has. */
  readonly declares?: number
  /** Shows everything, claims like all others, and never sends a block: 'choking' everybody, or taking requests. */
  readonly withholds?: 'choking' | 'taking'
  /** Claims like all others, and fetches nothing from other sites. */
  readonly stalls?: true
  readonly neverLeads?: true
  /** A bit of every block that it sends is wrong. */
  readonly spoils?: true
}

export interface Member {
  readonly site: number
  readonly host: SimHost
  readonly session: Session
  readonly swarm: Swarm
  readonly policy: CachePolicy | undefined
  readonly witness: Witness
}

/** Stands before a policy, or alone, and writes down what came from where. */
export class Witness implements SwarmPolicy {
  readonly pieceBytes = new Map<number, number>()
  readonly #siteOf: (host: string) => number
  readonly #site: number
  readonly #peers = new Set<PeerHandle>()
  readonly #inner: CachePolicy | undefined

  constructor(site: number, siteOf: (host: string) => number, inner: CachePolicy | undefined) {
    this.#site = site
    this.#siteOf = siteOf
    this.#inner = inner
  }

  /** Payload received from other sites. */
  get crossedBytes(): number {
    let bytes = 0
    for (const peer of this.#peers) if (this.#isOutside(peer)) bytes += peer.receivedBytes
    return bytes
  }

  observe(fact: PolicyFact): void {
    if (fact.type === 'opened') this.#peers.add(fact.peer)
    if (fact.type === 'progress' && this.#isOutside(fact.peer)) {
      const before = this.pieceBytes.get(fact.piece) ?? 0
      this.pieceBytes.set(fact.piece, before + fact.bytes)
    }
    this.#inner?.observe(fact)
  }

  /** The policy to hand to a swarm: the inner one, watched. */
  get watched(): SwarmPolicy {
    const inner = this.#inner
    if (inner === undefined) return { observe: (fact) => this.observe(fact) }
    return {
      extensions: inner.extensions,
      attach: (host) => inner.attach(host),
      leave: (done) => inner.leave(done),
      detach: () => inner.detach(),
      observe: (fact) => this.observe(fact),
      glance: (peer, piece) => inner.glance(peer, piece),
      promptHaves: (peer, piece) => inner.promptHaves(peer, piece),
      dial: (endpoint, origin) => inner.dial(endpoint, origin),
      scope: (peer) => inner.scope(peer),
      unchoke: (round) => inner.unchoke(round),
      get serve() {
        return inner.serve
      },
      get reveal() {
        return inner.reveal
      },
      announce: () => inner.announce(),
      announced: (reply) => inner.announced(reply),
    }
  }

  #isOutside(peer: PeerHandle): boolean {
    return this.#siteOf(peer.endpoint.host) !== this.#site
  }
}

/** The same policy, but nothing is sent: nobody is unchoked, or there is never a byte to spend. */
function withholding(policy: SwarmPolicy, how: 'choking' | 'taking' | undefined): SwarmPolicy {
  if (how === 'choking') return { ...policy, unchoke: () => [] }
  if (how === 'taking') {
    const never = { take: () => false, availableAt: () => Number.POSITIVE_INFINITY }
    return { ...policy, budget: () => never }
  }
  return policy
}

function stalling(policy: SwarmPolicy): SwarmPolicy {
  const scope = (peer: PeerHandle): PieceScope | undefined => {
    const own = policy.scope?.(peer)
    return own?.reason === 'claim' ? { had: 'none', reason: 'claim' } : own
  }
  return { ...policy, scope }
}

/** Bytes of a chunk from which on it is taken for a block. */
const BLOCK_MIN = 1024

function spoiling(ports: Ports): Ports {
  const spoilt = (chunk: Uint8Array): Uint8Array => {
    if (chunk.length < BLOCK_MIN) return chunk
    const wrong = chunk.slice()
    wrong[100] = (wrong[100] as number) ^ 1
    return wrong
  }
  const liar = (inner: ByteChannel): ByteChannel => ({
    remote: inner.remote,
    carriers: inner.carriers,
    start: (reader) => inner.start(reader),
    send: (chunks, sent) => inner.send(chunks.map(spoilt), sent),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: (reason) => inner.abort(reason),
    get queuedBytes() {
      return inner.queuedBytes
    },
  })
  const { transport } = ports
  return {
    ...ports,
    transport: {
      dial: (remote, options, done) =>
        transport.dial(remote, options, (error, channel) => {
          if (error === undefined) done(undefined, liar(channel))
          else done(error, undefined as never)
        }),
      listen: (options, accept, done) =>
        transport.listen(options, (channel) => accept(liar(channel)), done),
    },
  }
}

export class SiteWorld {
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly metainfo: Metainfo
  readonly data: Uint8Array
  readonly members: Member[] = []
  readonly trackerHost: SimHost
  readonly tracker: Tracker
  readonly #sites: Site[] = []
  readonly #siteOfHost = new Map<string, number>()

  constructor(
    seed: number | string,
    sites: number,
    pieces: number,
    pieceLength = 32_768,
    network: NetworkOptions = {},
    election: Pick<ElectionOptions, 'leaderPercent'> = {},
  ) {
    this.simulation = new Simulation(seed)
    this.network = new SimNetwork(this.simulation, {}, network)
    this.data = new Uint8Array(pieces * pieceLength - 100)
    new Prng('content').fill(this.data)
    this.metainfo = parseMetainfo(
      createMetainfo({
        name: 'content',
        layout: 'file',
        version: '1',
        pieceLength,
        files: [{ path: ['content'], data: this.data }],
      }),
    )
    const middle = this.network.addSite('tracker', { latencyMs: 5 })
    this.trackerHost = this.network.addHost(middle)
    for (let at = 0; at < sites; at++) {
      this.#sites.push(this.network.addSite(`site ${at}`, { latencyMs: 10 + 5 * at }))
    }
    const { ports } = this.trackerHost
    const hook = electionHook({
      siteOf: (host) => {
        const site = this.#siteOfHost.get(host)
        return site === undefined ? undefined : `site ${site}`
      },
      clock: ports.clock,
      random: ports.random,
      ...election,
    })
    this.tracker = new Tracker({ hooks: [hook] }, ports)
    const frontend = new HttpFrontend(this.tracker)
    this.trackerHost.serveHttp(80, ({ path, from }, answer) =>
      answer(frontend.answer(path, { host: from, port: 1 })),
    )
    this.tracker.start()
  }

  get infoHash(): InfoHash {
    return this.metainfo.infoHashV1 as InfoHash
  }

  siteOf = (host: string): number => this.#siteOfHost.get(host) ?? -1

  /** Starts a member, at most `withinMs` from now. */
  join(site: number, options: MemberOptions = {}): Member {
    const upload = options.upload ?? 400_000
    const host = this.network.addHost(this.#sites[site] as Site, {
      uploadBytesPerSecond: upload,
      downloadBytesPerSecond: 4 * upload,
    })
    this.#siteOfHost.set(host.address, site)
    if (options.seed === true) host.disk.put('content', this.data)
    const ports = options.spoils === true ? spoiling(host.ports) : host.ports
    const session = new Session(ports)
    session.listen({ port: 6881 }, (error) => {
      if (error !== undefined) throw error
    })
    this.simulation.runUntil(() => session.port !== 0, { timeMs: this.now + 1000 }, 'a listener')
    const policy =
      options.stock === true
        ? undefined
        : new CachePolicy({
            infoHash: this.infoHash,
            uploadBytesPerSecond: options.declares ?? upload,
            ...(options.neverLeads === true ? { neverLeads: true } : {}),
            ...(options.label === undefined ? {} : { site: options.label }),
          })
    const witness = new Witness(site, this.siteOf, policy)
    const url = `http://${this.trackerHost.address}/announce`
    const source: PeerSource = new TrackerClient([[url]], host.ports)
    const swarm = session.start(this.metainfo, {
      sources: [source],
      policy:
        options.stalls === true
          ? stalling(witness.watched)
          : withholding(witness.watched, options.withholds),
    })
    const member = { site, host, session, swarm, policy, witness }
    this.members.push(member)
    return member
  }

  /** A flash crowd: the seed in site 0, then everybody in turn, within a second or two. */
  crowd(
    hostsPerSite: number,
    options: (site: number, at: number) => MemberOptions = () => ({}),
  ): void {
    this.join(0, { seed: true })
    this.run(500)
    for (let at = 0; at < hostsPerSite; at++) {
      for (let site = 0; site < this.#sites.length; site++) {
        if (site === 0 && at === 0) continue
        this.join(site, options(site, at))
        this.run(50)
      }
    }
  }

  get hasStock(): boolean {
    return this.members.some(({ policy }) => policy === undefined)
  }

  get siteCount(): number {
    return this.#sites.length
  }

  /** Members of a site disagreed on its leaders: a split view is a reason, until the views meet. */
  sawSeveralTerms(site: number): boolean {
    const terms = new Set<number>()
    for (const member of this.members) {
      if (member.site === site && member.policy !== undefined) terms.add(member.policy.status.term)
    }
    return terms.size > 1
  }

  /** Alive, of that site, and with that role. */
  leadersOf(site: number): readonly Member[] {
    return this.living.filter(
      (member) => member.site === site && member.policy?.status.role === 'leader',
    )
  }

  get now(): number {
    return this.simulation.clock.now()
  }

  get living(): readonly Member[] {
    return this.members.filter(({ host }) => host.alive)
  }

  run(ms: number): void {
    this.simulation.run({ timeMs: this.now + ms })
  }

  /** Runs until the condition holds; throws with the seed otherwise. */
  until(when: () => boolean, ms: number, what: string): void {
    this.simulation.runUntil(when, { timeMs: this.now + ms }, what)
  }

  /** Until everybody alive has everything. Answers the milliseconds. */
  complete(ms: number): number {
    const begun = this.now
    const done = (): boolean => this.living.every(({ swarm }) => swarm.isComplete)
    if (this.simulation.run({ timeMs: begun + ms, when: done }).stopped !== 'when') {
      const picture = this.living.map(
        ({ site, swarm, policy }) =>
          `site ${site}: ${swarm.have.count} of ${swarm.have.length}, ${swarm.stats.peersConnected} peers, ` +
          JSON.stringify(policy?.status, (_, value: unknown) =>
            value instanceof Map ? [...(value as Map<unknown, unknown>)] : value,
          ),
      )
      throw this.simulation.failure('NOT_REACHED', `not complete:\n${picture.join('\n')}`)
    }
    for (const { host } of this.living) {
      const there = host.disk.contents('content')
      expect(there !== undefined && bytesEqual(there, this.data)).toBe(true)
    }
    return this.now - begun
  }

  /** Bytes that entered a site ÷ size of the torrent, dead members' included. */
  redundancyOf(site: number): number {
    let bytes = 0
    for (const member of this.members)
      if (member.site === site) bytes += member.witness.crossedBytes
    return bytes / this.data.length
  }

  /** The most times one piece entered one site without a copy. */
  get pieceRedundancyMax(): number {
    let most = 0
    for (const [site] of this.#sites.entries()) {
      for (let piece = 0; piece < this.metainfo.geometry.pieceCount; piece++) {
        most = Math.max(most, this.timesEntered(site, piece))
      }
    }
    return most
  }

  timesEntered(site: number, piece: number): number {
    const { geometry } = this.metainfo
    let bytes = 0
    for (const member of this.members) {
      if (member.site === site) bytes += member.witness.pieceBytes.get(piece) ?? 0
    }
    return bytes / geometry.lengthOf(geometry.piece(piece))
  }

  /** Over sites that began without a copy. */
  get redundancy(): number {
    let sum = 0
    for (let site = 1; site < this.#sites.length; site++) sum += this.redundancyOf(site)
    return sum / (this.#sites.length - 1)
  }
}
