// The real programs that we are held against, each as "seed this" and "fetch this". Nothing here is ours or a mock.
// DHT, local discovery, peer exchange, encryption and port mapping are off everywhere: what is seen is the transfer.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Network, type Program, isInstalled } from './network.ts'
import { ROOT } from './sources.ts'

const LIBTORRENT = resolve(fileURLToPath(import.meta.url), '../libtorrent_peer.py')
/** Debian's own: the module is built for the system's Python. */
const PYTHON = '/usr/bin/python3'
const BT = join(ROOT, 'apps/cli/dist/bt.js')
const BT_TRACKER = join(ROOT, 'apps/tracker/dist/bt-tracker.js')

export interface Job {
  readonly network: Network
  /** A .torrent path or a magnet link. */
  readonly source: string
  /** Where the content is, or goes: content is `folder/NAME`. */
  readonly folder: string
  readonly address: string
  readonly port: number
  /** A private folder for settings and the like; made when missing. */
  readonly state: string
}

export interface Running {
  readonly program: Program
  /** Resolves when a seed serves, or a leech has started. */
  readonly ready: Promise<unknown>
  /** Resolves when all is here and verified (leech). */
  readonly done: (withinMs?: number) => Promise<unknown>
}

export interface PeerProgram {
  readonly name: string
  /** Debian package that brings it; undefined for ours. */
  readonly debian?: string
  isHere(): boolean
  seed(job: Job): Running
  leech(job: Job): Running
}

const aria2Common = ({ folder, address, port }: Job): string[] => [
  '--no-conf',
  `--dir=${folder}`,
  `--listen-port=${port}`,
  `--interface=${address}`,
  '--enable-dht=false',
  '--enable-dht6=false',
  '--bt-enable-lpd=false',
  '--enable-peer-exchange=false',
  '--bt-min-crypto-level=plain',
  '--bt-tracker-interval=3',
  '--file-allocation=none',
  '--seed-ratio=0.0',
  '--summary-interval=0',
  '--show-console-readout=false',
  '--console-log-level=notice',
  '--allow-overwrite=true',
]

export const aria2: PeerProgram = {
  name: 'aria2',
  debian: 'aria2',
  isHere: () => isInstalled('aria2c'),
  seed(job) {
    const program = job.network.run('aria2c', [
      ...aria2Common(job),
      '--check-integrity=true',
      '--bt-hash-check-seed=true',
      job.source,
    ])
    return { program, ready: program.line(/Verification finished|Seeding/), done: never }
  },
  leech(job) {
    const flag = finishFlag(job)
    const program = job.network.run('aria2c', [
      ...aria2Common(job),
      `--on-bt-download-complete=${flag.script}`,
      job.source,
    ])
    return {
      program,
      ready: Promise.resolve(),
      done: (withinMs) => appears(flag.file, program, withinMs),
    }
  },
}

export const transmission: PeerProgram = {
  name: 'transmission',
  debian: 'transmission-cli',
  isHere: () => isInstalled('transmission-cli'),
  seed(job) {
    const program = runTransmission(job, [])
    return { program, ready: program.line(/Seeding|Idle/i), done: never }
  },
  leech(job) {
    const flag = finishFlag(job)
    const program = runTransmission(job, ['-f', flag.script])
    return {
      program,
      ready: Promise.resolve(),
      done: (withinMs) => appears(flag.file, program, withinMs),
    }
  },
}

export const libtorrent: PeerProgram = {
  name: 'libtorrent',
  debian: 'python3-libtorrent',
  isHere: () =>
    existsSync('/usr/lib/python3/dist-packages/libtorrent.cpython-311-x86_64-linux-gnu.so') ||
    pythonHas('libtorrent'),
  seed: (job) => runLibtorrent('seed', job),
  leech: (job) => runLibtorrent('leech', job),
}

export const ours: PeerProgram = {
  name: 'ours',
  isHere: () => existsSync(BT),
  seed(job) {
    const program = bt(job.network, ['seed', job.source, job.folder, ...where(job)])
    return { program, ready: program.line(/"event":"seeding"/), done: never }
  },
  leech(job) {
    const program = bt(job.network, [
      'download',
      job.source,
      '-o',
      job.folder,
      '--seed',
      ...where(job),
    ])
    return {
      program,
      ready: program.line(/"event":"listening"/),
      done: (withinMs) => program.line(/"event":"complete"/, withinMs),
    }
  },
}

/** Installed, as far as the tests that need it can tell. */
export const opentrackerProgram = {
  name: 'opentracker',
  debian: 'opentracker',
  isHere: () => isInstalled('opentracker'),
}

/** The built `bt`, as a user runs it. */
export function bt(
  network: Network,
  args: readonly string[],
  env: Record<string, string> = {},
): Program {
  return network.run(process.execPath, [BT, ...args], { env })
}

export interface RunningTracker {
  readonly program: Program
  readonly http: string
  readonly udp: string
  readonly ready: Promise<unknown>
}

/**
 * Debian's opentracker is the build that serves only listed infohashes: it is given them.
 * As root it makes `-d` its root folder, so the list is named relative to that.
 */
export function opentracker(
  network: Network,
  address: string,
  state: string,
  infoHashes: readonly string[],
): RunningTracker {
  mkdirSync(state, { recursive: true })
  chmodSync(state, 0o777)
  const list = join(state, 'whitelist')
  writeFileSync(list, infoHashes.map((hash) => `${hash}\n`).join(''))
  chmodSync(list, 0o644)
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const program = network.run('opentracker', [
    '-i',
    address,
    '-p',
    '6969',
    '-P',
    '6969',
    '-w',
    'whitelist',
    '-d',
    state,
    ...user,
  ])
  return {
    program,
    http: `http://${address}:6969/announce`,
    udp: `udp://${address}:6969/announce`,
    ready: program
      .line(/Installed|Binding|success|Dropping|Chdir|whitelist|ip/i, 10_000)
      .catch(() => sleep(500)),
  }
}

export function ourTracker(
  network: Network,
  address: string,
  more: readonly string[] = [],
): RunningTracker {
  const at = `${address}:6969`
  const program = network.run(process.execPath, [
    BT_TRACKER,
    '--json',
    '--http',
    at,
    '--udp',
    at,
    '--admin',
    `${address}:6970`,
    '--interval',
    '5',
    ...more,
  ])
  const both = async (): Promise<void> => {
    await program.line(/"protocol":"http"/)
    await program.line(/"protocol":"udp"/)
  }
  return { program, http: `http://${at}/announce`, udp: `udp://${at}/announce`, ready: both() }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function where({ address, port, state }: Job): string[] {
  void state
  return ['--host', address, '--port', String(port), '--json']
}

function runLibtorrent(role: 'seed' | 'leech', job: Job): Running {
  mkdirSync(job.folder, { recursive: true })
  const program = job.network.run(PYTHON, [
    LIBTORRENT,
    role,
    job.source,
    job.folder,
    job.address,
    String(job.port),
  ])
  return {
    program,
    ready: program.line(/READY/),
    done: (withinMs) => program.line(/DONE/, withinMs),
  }
}

function runTransmission(job: Job, more: readonly string[]): Program {
  mkdirSync(job.state, { recursive: true })
  mkdirSync(job.folder, { recursive: true })
  const settings = {
    'bind-address-ipv4': job.address,
    'bind-address-ipv6': '::1',
    'dht-enabled': false,
    'lpd-enabled': false,
    'pex-enabled': false,
    'utp-enabled': false,
    'port-forwarding-enabled': false,
    encryption: 0,
    preallocation: 0,
    'ratio-limit-enabled': false,
    'upload-slots-per-torrent': 50,
  }
  writeFileSync(join(job.state, 'settings.json'), JSON.stringify(settings))
  const args = [
    '-g',
    job.state,
    '-w',
    job.folder,
    '-p',
    String(job.port),
    '-D',
    '-U',
    '-M',
    '-et',
    ...more,
    job.source,
  ]
  return job.network.run('transmission-cli', args, { env: { TRANSMISSION_HOME: job.state } })
}

/** A script that a program runs when it has everything, and the file that the script makes. */
function finishFlag({ state }: Job): { readonly file: string; readonly script: string } {
  mkdirSync(state, { recursive: true })
  const file = join(state, 'finished')
  const script = join(state, 'finish.sh')
  writeFileSync(script, `#!/bin/sh\ntouch '${file}'\n`)
  chmodSync(script, 0o755)
  return { file, script }
}

async function appears(file: string, program: Program, withinMs = 60_000): Promise<void> {
  for (const until = performance.now() + withinMs; performance.now() < until; ) {
    if (existsSync(file)) return
    await sleep(50)
  }
  throw new Error(`not finished in ${withinMs} ms:\n${program.output.slice(-3000)}`)
}

async function never(): Promise<never> {
  throw new Error('a seed has nothing to finish')
}

function pythonHas(module: string): boolean {
  return isInstalled(PYTHON) && existsSync(`/usr/lib/python3/dist-packages/${module}`)
}
