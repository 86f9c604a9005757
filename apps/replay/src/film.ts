// A recorded run as a film: the state of every peer and site at each frame, from lines that say only what changed.
//
// Reads what `bt simulate --replay` writes (docs/simulation.md). Pure; everything of a film fits in memory: 300 frames of
// 700 peers are 2 MB.

export interface Peer {
  readonly site: number
  readonly seed: boolean
  readonly class: string
}

export interface Frame {
  /** Virtual seconds. */
  readonly t: number
  /** Of every peer: pieces it has; 0 undecided, 1 leader, 2 follower; 1 while it is there. */
  readonly have: Uint32Array
  readonly roles: Uint8Array
  readonly up: Uint8Array
  /** From, to, bytes that arrived since the frame before, … */
  readonly moves: readonly number[]
  /** Bytes that have entered each site so far. */
  readonly entered: readonly number[]
}

export interface Film {
  readonly scenario: string
  readonly scheme: string
  readonly seed: string
  readonly pieces: number
  readonly pieceLength: number
  /** T*: no swarm can be done earlier, in virtual seconds. */
  readonly boundSeconds: number
  readonly sites: readonly string[]
  readonly peers: readonly Peer[]
  readonly frames: readonly Frame[]
}

const VERSION = 1
/** More is no recording of a simulation that this page could draw. */
const PEERS_MAX = 20_000
const FRAMES_MAX = 5_000

export class FilmError extends Error {
  override readonly name = 'FilmError'
}

/** @throws {FilmError} says which line is wrong, and how */
export function parseFilm(text: string): Film {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const head = record(lines[0], 1)
  if (head['format'] !== 'bt-replay') {
    throw new FilmError('line 1 is no head of a replay: record one with bt simulate --replay FILE')
  }
  if (Number(head['version']) > VERSION) {
    throw new FilmError(`version ${String(head['version'])}; this page knows ${VERSION}`)
  }
  const sites = list(head, 'sites', 1).map((site) => String((site as { name?: unknown }).name))
  const peers = list(head, 'peers', 1).map((peer) => peerOf(peer, sites.length))
  if (peers.length === 0 || peers.length > PEERS_MAX) {
    throw new FilmError(`${peers.length} peers; this page draws 1 to ${PEERS_MAX}`)
  }
  const frames: Frame[] = []
  for (const [at, line] of lines.slice(1).entries()) {
    const said = record(line, at + 2)
    if ('t' in said)
      frames.push(frameAfter(frames.at(-1), said, peers.length, sites.length, at + 2))
    if (frames.length > FRAMES_MAX) throw new FilmError(`more than ${FRAMES_MAX} frames`)
  }
  if (frames.length === 0) throw new FilmError('a replay without frames: the run was not recorded')
  return {
    scenario: String(head['scenario']),
    scheme: String(head['scheme']),
    seed: String(head['seed']),
    pieces: Number(head['pieces']),
    pieceLength: Number(head['pieceLength']),
    boundSeconds: Number(head['boundSeconds']),
    sites,
    peers,
    frames,
  }
}

/** Index of the newest frame at or before `t`; 0 before the first. */
export function frameAt(film: Film, t: number): number {
  let low = 0
  let high = film.frames.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((film.frames[middle] as Frame).t <= t) low = middle
    else high = middle - 1
  }
  return low
}

export interface Counters {
  /** Copies that have entered each site so far: bytes from other sites ÷ size of the content. */
  readonly copies: readonly number[]
  /** Over sites that began without a copy: R so far. */
  readonly redundancy: number
  readonly crossedBytes: number
  readonly completed: number
}

/** What has happened by `t`; bytes between two frames are drawn on evenly. */
export function countersAt(film: Film, t: number): Counters {
  const at = frameAt(film, t)
  const frame = film.frames[at] as Frame
  const next = film.frames[at + 1]
  const share =
    next === undefined ? 0 : Math.min(1, Math.max(0, (t - frame.t) / (next.t - frame.t)))
  const size = film.pieces * film.pieceLength
  const bytes = film.sites.map((_, site) => {
    const now = frame.entered[site] ?? 0
    return now + share * ((next?.entered[site] ?? now) - now)
  })
  const copies = bytes.map((one) => one / size)
  const withSeed = new Set(film.peers.filter(({ seed }) => seed).map(({ site }) => site))
  const without = copies.filter((_, site) => !withSeed.has(site))
  return {
    copies,
    redundancy: without.reduce((sum, one) => sum + one, 0) / Math.max(1, without.length),
    crossedBytes: bytes.reduce((sum, one) => sum + one, 0),
    completed: frame.have.reduce((sum, have) => sum + (have >= film.pieces ? 1 : 0), 0),
  }
}

function frameAfter(
  before: Frame | undefined,
  said: Record<string, unknown>,
  peers: number,
  sites: number,
  line: number,
): Frame {
  const have = before?.have.slice() ?? new Uint32Array(peers)
  const roles = before?.roles.slice() ?? new Uint8Array(peers)
  const up = before?.up.slice() ?? new Uint8Array(peers)
  const numbers = (name: string, of: number): readonly number[] => {
    const values = list(said, name, line)
    if (values.length % of !== 0 || !values.every((value) => typeof value === 'number')) {
      throw new FilmError(`line ${line}: ${name} is no list of numbers, ${of} at a time`)
    }
    return values as number[]
  }
  const each = (name: string, of: number, put: (peer: number, value: number) => void): void => {
    const values = numbers(name, of)
    for (let at = 0; at < values.length; at += of) {
      const peer = values[at] as number
      if (!(peer >= 0 && peer < peers)) throw new FilmError(`line ${line}: no peer ${peer}`)
      put(peer, values[at + 1] as number)
    }
  }
  each('have', 2, (peer, pieces) => (have[peer] = pieces))
  each('roles', 2, (peer, role) => (roles[peer] = role))
  each('up', 1, (peer) => (up[peer] = 1))
  each('down', 1, (peer) => (up[peer] = 0))
  const entered = 'in' in said ? numbers('in', 1) : (before?.entered ?? Array(sites).fill(0))
  return { t: Number(said['t']), have, roles, up, moves: numbers('moves', 3), entered }
}

function record(line: string | undefined, number: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line ?? '')
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // told below
  }
  throw new FilmError(`line ${number} is no JSON object`)
}

/** Absent: empty. */
function list(from: Record<string, unknown>, name: string, line: number): readonly unknown[] {
  const value = from[name] ?? []
  if (Array.isArray(value)) return value as unknown[]
  throw new FilmError(`line ${line}: ${name} is no list`)
}

function peerOf(value: unknown, sites: number): Peer {
  const said = value as { site?: unknown; seed?: unknown; class?: unknown }
  const site = Number(said.site)
  if (!(site >= 0 && site < sites)) throw new FilmError(`line 1: no site ${String(said.site)}`)
  return { site, seed: said.seed === true, class: String(said.class) }
}
