// A simulated swarm of shipped sessions: hosts, a meeting point in place of a tracker, content on simulated disks.
import { type Magnet, type Metainfo, createMetainfo, parseMetainfo } from '@bt/metainfo'
import type { FoundPeer, PeerSink, PeerSource, Ports } from '@bt/ports'
import { type Endpoint, Prng, bytesEqual } from '@bt/primitives'
import {
  type Faults,
  type HostOptions,
  type NetworkOptions,
  type SimHost,
  SimNetwork,
  Simulation,
} from '@bt/simulator'
import {
  Session,
  type SessionOptions,
  type Swarm,
  type SwarmEvents,
  type TorrentOptions,
} from '@bt/swarm'
import { expect } from 'vitest'

/** Seeded content and the torrent of it: one file, or a folder of them. */
export interface Content {
  readonly metainfo: Metainfo
  readonly magnet: Magnet
  /** As in the metainfo; pads are empty. */
  readonly files: readonly { readonly path: string; readonly data: Uint8Array }[]
}

export interface ContentOptions {
  readonly pieceLength?: number
  readonly version?: '1' | '2' | 'hybrid'
  readonly isPrivate?: boolean
  readonly seed?: number | string
}

/** Random bytes of these lengths; one length makes a single-file torrent. */
export function makeContent(lengths: readonly number[], options: ContentOptions = {}): Content {
  const random = new Prng(options.seed ?? 'content')
  const name = 'content'
  const single = lengths.length === 1
  const files = lengths.map((length, at) => {
    const data = new Uint8Array(length)
    random.fill(data)
    return { path: single ? [name] : [`file-${at}`], data }
  })
  const torrent = createMetainfo({
    name,
    layout: single ? 'file' : 'folder',
    version: options.version ?? '1',
    pieceLength: options.pieceLength ?? 32_768,
    files,
    ...(options.isPrivate === true ? { isPrivate: true } : {}),
  })
  const metainfo = parseMetainfo(torrent)
  const { infoHashV1, infoHashV2 } = metainfo
  return {
    metainfo,
    magnet: {
      ...(infoHashV1 === undefined ? {} : { infoHashV1 }),
      ...(infoHashV2 === undefined ? {} : { infoHashV2 }),
      trackers: [],
      peers: [],
      webSeeds: [],
      dhtNodes: [],
    },
    files: metainfo.files.map(({ path }) => ({
      path: single ? name : `${name}/${path.join('/')}`,
      data: files.find((file) => file.path.join('/') === path.join('/'))?.data ?? new Uint8Array(0),
    })),
  }
}

/** In place of a tracker: names everybody who started, again every `everyMs`. */
export class MeetingPoint {
  readonly #members = new Map<PeerSink, { readonly endpoint: Endpoint; stopped: boolean }>()
  readonly everyMs: number
  /** How many `stopped` it heard. */
  goodbyes = 0
  /** Nobody is answered while true. */
  down = false

  constructor(everyMs = 30_000) {
    this.everyMs = everyMs
  }

  /** The source to hand to a torrent at this host. */
  source(host: SimHost, ports: Ports = host.ports): PeerSource {
    let sink: PeerSink | undefined
    let generation = 0
    const announce = (mine: number): void => {
      if (sink === undefined || mine !== generation) return
      if (!this.down) {
        const others: FoundPeer[] = []
        for (const [other, { endpoint }] of this.#members) {
          if (other !== sink) others.push({ endpoint })
        }
        sink.found(others, 'tracker')
      }
      ports.clock.at(ports.clock.now() + this.everyMs, () => announce(mine))
    }
    return {
      start: (to) => {
        sink = to
        generation++
        const mine = generation
        if (to.listenPort() !== 0) {
          const endpoint = { host: host.address, port: to.listenPort() }
          this.#members.set(to, { endpoint, stopped: false })
        }
        ports.clock.at(ports.clock.now() + 50, () => announce(mine))
      },
      stop: (done) => {
        if (sink !== undefined) this.#members.delete(sink)
        sink = undefined
        generation++
        this.goodbyes++
        ports.clock.at(ports.clock.now() + 20, () => done(undefined))
      },
    }
  }
}

/** One host with its session and its part in the torrent. */
export interface Node {
  readonly host: SimHost
  readonly session: Session
  readonly swarm: Swarm
  /** Every event of the swarm, in order. */
  readonly log: { readonly event: keyof SwarmEvents; readonly facts: object }[]
}

export interface NodeOptions {
  readonly host?: SimHost
  readonly hostOptions?: HostOptions
  /** Its disk has the content already. */
  readonly seed?: boolean
  readonly magnet?: boolean
  /** Its own reading of the torrent. */
  readonly metainfo?: Metainfo
  readonly session?: SessionOptions
  readonly torrent?: TorrentOptions
  /** Without the meeting point. */
  readonly alone?: boolean
}

const EVENTS: readonly (keyof SwarmEvents)[] = [
  'state',
  'metadata',
  'checking',
  'piece',
  'corrupt',
  'lost',
  'peer',
  'complete',
  'condition',
  'checkpoint',
  'source',
  'failed',
]

export class World {
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly content: Content
  readonly meeting: MeetingPoint
  readonly #site

  constructor(
    seed: number | string,
    content: Content,
    options: {
      readonly faults?: Partial<Faults>
      readonly network?: NetworkOptions
      readonly everyMs?: number
      readonly latencyMs?: number
    } = {},
  ) {
    this.simulation = new Simulation(seed)
    this.network = new SimNetwork(this.simulation, options.faults ?? {}, options.network ?? {})
    this.#site = this.network.addSite('site', { latencyMs: options.latencyMs ?? 10 })
    this.content = content
    this.meeting = new MeetingPoint(options.everyMs)
  }

  host(options: HostOptions = {}): SimHost {
    return this.network.addHost(this.#site, options)
  }

  fill(host: SimHost): void {
    for (const { path, data } of this.content.files) {
      if (data.length > 0) host.disk.put(path, data)
    }
  }

  node(options: NodeOptions = {}): Node {
    const host = options.host ?? this.host(options.hostOptions)
    if (options.seed === true) this.fill(host)
    const session = new Session(host.ports, options.session)
    const log: Node['log'] = []
    let swarm: Swarm | undefined
    session.listen({ port: 6881, ...options.session }, (error) => {
      if (error !== undefined) throw error
    })
    this.#pass(() => session.port !== 0)
    const file = options.metainfo ?? this.content.metainfo
    const torrent = options.magnet === true ? this.content.magnet : file
    const sources = options.alone === true ? [] : [this.meeting.source(host)]
    swarm = session.start(torrent, { sources, ...options.torrent })
    for (const event of EVENTS) swarm.on(event, (facts) => log.push({ event, facts }))
    return { host, session, swarm, log }
  }

  endpoint(node: Node): Endpoint {
    return { host: node.host.address, port: node.session.port }
  }

  /** Runs until all of them have everything; throws with the seed when they do not. */
  complete(nodes: readonly Node[], timeMs: number): void {
    const done = (): boolean => nodes.every((node) => node.swarm.isComplete)
    const until = { timeMs: this.simulation.clock.now() + timeMs, when: done }
    if (this.simulation.run(until).stopped === 'when') return
    const pictures = nodes.map(
      ({ host, swarm, session }) =>
        `${host.address} ${swarm.state}: ${swarm.have.count} of ${swarm.have.length} pieces, ` +
        `${swarm.condition.state}, ${swarm.stats.peersConnected} of ${swarm.stats.peersKnown} peers, ` +
        `${session.connections} connections, ${session.memoryBytes} bytes in memory, ` +
        `${swarm.stats.pendingBytes} pending, ${String(swarm.failure)}`,
    )
    throw this.simulation.failure('NOT_REACHED', `not complete:\n${pictures.join('\n')}`)
  }

  run(ms: number): void {
    this.simulation.run({ timeMs: this.simulation.clock.now() + ms })
  }

  /** Closes the sessions, and checks that nothing is left to happen (I14). */
  close(nodes: readonly Node[]): void {
    let left = nodes.length
    for (const { session } of nodes) {
      session.stop(() => {
        left--
      })
    }
    this.simulation.runUntil(
      () => left === 0,
      { timeMs: this.simulation.clock.now() + 20_000 },
      'the close of all sessions',
    )
    for (const { session } of nodes) {
      expect(session.connections, 'connections after close').toBe(0)
      expect(session.memoryBytes, 'bytes of pieces after close').toBe(0)
    }
  }

  /** The bytes on the disk of a host are those of the torrent. */
  expectContent(host: SimHost): void {
    for (const { path, data } of this.content.files) {
      if (data.length === 0) continue
      const there = host.disk.contents(path)
      expect(there !== undefined && bytesEqual(there, data), `${path} on the disk`).toBe(true)
    }
  }

  #pass(when: () => boolean): void {
    this.simulation.runUntil(when, { timeMs: this.simulation.clock.now() + 1000 }, 'a listener')
  }
}
