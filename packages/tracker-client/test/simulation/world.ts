// What these tests begin with: a host that runs a tracker, and a swarm's end of a tracker client that writes down
// what it hears.
import type { FoundPeer, PeerSink } from '@bt/ports'
import { type InfoHash, parseInfoHash, type PeerId, parsePeerId } from '@bt/primitives'
import { type Faults, type SimHost, SimNetwork, Simulation } from '@bt/simulator'
import { HttpFrontend, Tracker, type TrackerOptions, UdpFrontend } from '@bt/tracker-server'
import { parseAnnounceQuery } from '@bt/tracker-protocol'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const HASH = parseInfoHash('aa'.repeat(20)) as InfoHash
export const HASH_2 = parseInfoHash('bb'.repeat(20)) as InfoHash

export interface World {
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly server: SimHost
  readonly client: SimHost
}

export function world(seed: number, faults: Partial<Faults> = {}): World {
  const simulation = new Simulation(seed)
  const network = new SimNetwork(simulation, faults)
  const server = network.addHost(network.addSite('there'))
  const client = network.addHost(network.addSite('here'))
  network.name('tracker.example', [server.address])
  return { simulation, network, server, client }
}

/** An announce as a tracker heard it. */
export interface Heard {
  readonly atMs: number
  readonly path: string
  readonly from: string
  readonly event: string | undefined
  readonly infoHash: string
  readonly key: number | undefined
}

/** A tracker at port 80 and UDP 6969 of `host`, in its present life; `heard` has all HTTP announces. */
export function runTracker(
  { simulation }: World,
  host: SimHost,
  options: TrackerOptions = {},
): { readonly tracker: Tracker; readonly heard: Heard[] } {
  const { ports } = host
  const tracker = new Tracker(options, ports)
  const frontend = new HttpFrontend(tracker)
  const heard: Heard[] = []
  host.serveHttp(80, ({ path, from }, answer) => {
    const query = path.slice(path.indexOf('?') + 1)
    if (path.startsWith('/announce')) {
      const { event, infoHash, key } = parseAnnounceQuery(query)
      heard.push({ atMs: simulation.clock.now(), path, from, event, infoHash, key })
    }
    answer(frontend.answer(path, { host: from, port: 1 }))
  })
  for (const family of [4, 6] as const)
    ports.datagrams.open({ port: 6969, family }, new UdpFrontend(tracker, ports), (error) => {
      if (error !== undefined) throw error
    })
  tracker.start()
  return { tracker, heard }
}

let ids = 0

/** The swarm's end. */
export class Sink implements PeerSink {
  readonly infoHashes: readonly InfoHash[]
  readonly peerId: PeerId
  readonly isPrivate = false
  readonly peers: { readonly peers: readonly FoundPeer[]; readonly source: string | undefined }[] =
    []
  readonly notes: { readonly level: string; readonly message: string; readonly code?: unknown }[] =
    []
  readonly replies: ReadonlyMap<string, unknown>[] = []
  extra: ReadonlyMap<string, string> = new Map()
  leftBytes: number | undefined = 1000
  partialSeed = false
  port = 6881

  constructor(infoHashes: readonly InfoHash[] = [HASH]) {
    this.infoHashes = infoHashes
    const id = new Uint8Array(20)
    new DataView(id.buffer).setUint32(16, ++ids)
    this.peerId = parsePeerId(id) as PeerId
  }

  listenPort(): number {
    return this.port
  }

  progress() {
    const { leftBytes, partialSeed } = this
    return { uploadedBytes: 0, downloadedBytes: 0, leftBytes, partialSeed }
  }

  peersWanted(): number {
    return 50
  }

  announce(): ReadonlyMap<string, string> {
    return this.extra
  }

  announced(reply: ReadonlyMap<string, unknown>): void {
    this.replies.push(reply)
  }

  found(peers: readonly FoundPeer[], _origin: string, source?: string): void {
    this.peers.push({ peers, source })
  }

  noted(facts: {
    readonly level: string
    readonly message: string
    readonly code?: unknown
  }): void {
    this.notes.push(facts)
  }

  get hosts(): readonly string[] {
    return this.peers.flatMap(({ peers }) => peers.map(({ endpoint }) => endpoint.host))
  }
}

export const NOTHING_OPEN = {
  alarms: 0,
  channels: 0,
  listeners: 0,
  datagramSockets: 0,
  requests: 0,
  storages: 0,
}
