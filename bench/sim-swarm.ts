// What a simulated swarm costs: shipped sessions on simulated hosts in the fast profile, a flash crowd with one seed.
//
// No scenario, no tracker, no policy: every peer dials `--links` others that were drawn at random, once. Reported are
// wall and CPU seconds, events, haves, CPU microseconds for each transfer of a piece, memory by peer and by link, and
// the crossing redundancy R beside what theory says of random neighbours, n(N − n)/(N − 1). Memory of a link needs
// Node's `--expose-gc` to be exact.
// Run: npm run bench -- sim-swarm --peers 700 --pieces 1000
// Profile: node --cpu-prof --import tsx --conditions=@bt/source bench/sim-swarm.ts --peers 100
import { parseArgs } from 'node:util'
import { syntheticMetainfo } from '@bt/metainfo'
import { Prng } from '@bt/primitives'
import { type SimHost, SimNetwork, Simulation } from '@bt/simulator'
import { fastProfile, Session, type Swarm } from '@bt/swarm'

const HELP = `bench/sim-swarm.ts: what a simulated swarm costs
  --peers N  --pieces N  --sites N  --links N (dialled by each)  --seed TEXT  --piece-length BYTES
  --up BYTES/S  --down BYTES/S  --latency-ms MS  --until-s VIRTUAL-SECONDS  --redundant-haves  --json`

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    peers: { type: 'string', default: '700' },
    pieces: { type: 'string', default: '1000' },
    sites: { type: 'string', default: '14' },
    /** Dialled by each peer; it is dialled by about as many. */
    links: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    /** Bytes. */
    'piece-length': { type: 'string', default: '245000' },
    /** Bytes per second of each host. */
    up: { type: 'string', default: '250000' },
    down: { type: 'string', default: '750000' },
    'latency-ms': { type: 'string', default: '10' },
    /** Virtual seconds after which it is given up. */
    'until-s': { type: 'string', default: '20000' },
    /** Haves that are no news are told at once, too. */
    'redundant-haves': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})

if (values.help) {
  console.log(HELP)
  process.exit(0)
}

const peers = Number(values.peers)
const pieces = Number(values.pieces)
const sites = Number(values.sites)
const links = Number(values.links)
const pieceLength = Number(values['piece-length'])

interface Node {
  readonly host: SimHost
  readonly session: Session
  readonly swarm: Swarm
}

const simulation = new Simulation(values.seed)
const network = new SimNetwork(simulation, {}, { rates: 'fair', chunking: 'whole' })
const random = new Prng(`${values.seed}/neighbours`)
const metainfo = syntheticMetainfo({ name: 'bench', pieceCount: pieces, pieceLength })
const ids = Array.from({ length: sites }, (_, site) =>
  network.addSite(`site ${site}`, { latencyMs: Number(values['latency-ms']) }),
)

function memoryMiB(): number {
  global.gc?.()
  return process.memoryUsage().heapUsed / 2 ** 20
}

const heapBefore = memoryMiB()
const from = performance.now()
let completed = 0
const times: number[] = []

function node(at: number): Node {
  const site = ids[at % sites]
  if (site === undefined) throw new Error('a host has a site')
  const host = network.addHost(site, {
    uploadBytesPerSecond: Number(values.up),
    downloadBytesPerSecond: Number(values.down),
  })
  const fast = fastProfile(host.ports)
  const session = new Session(host.ports, {
    ...fast.session,
    limits: { connectionsMax: 1_000, dialsMax: 100, acceptsPendingMax: 1_000 },
  })
  session.listen({ port: 6881 }, (error) => {
    if (error !== undefined) throw error
  })
  const swarm = session.start(metainfo, {
    ...fast.torrent,
    found: at === 0 ? 'trust' : 'absent',
    pex: false,
    limits: { peersMax: 1_000, dialsMax: 100 },
    manners: {
      endgame: false,
      redials: false,
      evicts: false,
      allowedFast: false,
      patientHaves: !values['redundant-haves'],
    },
  })
  swarm.on('complete', () => {
    if (at === 0) return
    completed++
    times.push(simulation.clock.now() / 1000)
  })
  return { host, session, swarm }
}

const nodes = Array.from({ length: peers }, (_, at) => node(at))
simulation.run({ timeMs: 1_000 })

/** Distinct random neighbours; nobody dials who dials it. */
function connect(): number {
  let made = 0
  const dialled = nodes.map(() => new Set<number>())
  for (const at of nodes.keys()) {
    const mine = dialled[at] as Set<number>
    for (
      let tries = 0;
      mine.size < Math.min(links, (peers - 1) / 2) && tries < 20 * links;
      tries++
    ) {
      const other = random.below(peers)
      if (other === at || mine.has(other) || dialled[other]?.has(at) === true) continue
      mine.add(other)
      made++
    }
  }
  for (const [at, { swarm }] of nodes.entries()) {
    const endpoints = Array.from(dialled[at] ?? [], (other) => ({
      host: (nodes[other] as Node).host.address,
      port: 6881,
    }))
    simulation.at(1_000 + random.below(1_400), () => swarm.addPeers(endpoints))
  }
  return made
}

const made = connect()
simulation.run({ timeMs: 10_000 })
const heapConnected = memoryMiB()
const connectedS = (performance.now() - from) / 1000
const connectedCpuS = process.cpuUsage().user / 1e6
const done = (): boolean => completed === peers - 1
const result = simulation.run({ timeMs: Number(values['until-s']) * 1000, when: done })
const wallS = (performance.now() - from) / 1000
const cpuS = process.cpuUsage().user / 1e6
const heapEnd = memoryMiB()

const transfers = (peers - 1) * pieces
let wastedBytes = 0
for (const { swarm } of nodes) wastedBytes += swarm.stats.wastedBytes
const total = pieces * pieceLength
const size = peers / sites
const theory = (size * (peers - size)) / (peers - 1)
// The seed is in the first site, which began with a copy.
const [, ...began] = ids.map((id) => network.siteTraffic(id).inBytes / total)
const crossed = began.reduce((sum, one) => sum + one, 0) / began.length
times.sort((one, other) => one - other)
const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN
const report = {
  peers,
  pieces,
  links: made,
  completed,
  virtualS: result.timeMs / 1000,
  p50S: at(0.5),
  p90S: at(0.9),
  lastS: at(1),
  boundS: Math.max(total / Number(values.up), ((peers - 1) * total) / (peers * Number(values.up))),
  wallS,
  cpuS,
  connectS: connectedS,
  events: result.events,
  transfers,
  /** Each piece is told to every neighbour. */
  haves: 2 * made * pieces,
  usPerTransfer: ((cpuS - connectedCpuS) * 1e6) / transfers,
  wastedShare: wastedBytes / (transfers * pieceLength),
  R: crossed,
  theoryR: theory,
  heapPerPeerKB: ((heapConnected - heapBefore) * 1024) / peers,
  heapPerLinkKB: ((heapConnected - heapBefore) * 1024) / made / 2,
  heapEndMiB: heapEnd,
  rssMiB: process.memoryUsage().rss / 2 ** 20,
  traceHash: result.traceHash,
}
if (values.json) console.log(JSON.stringify(report))
else {
  for (const [name, value] of Object.entries(report)) {
    const text = typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(3) : value
    console.log(`${name.padEnd(16)} ${text}`)
  }
}
