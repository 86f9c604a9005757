// How each client is started, and how it says that it is ready or has everything.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Place {
  readonly torrent: string
  /** Of the content (seed), or to download into (leech). */
  readonly folder: string
  readonly ip: string
  readonly port: number
  /** `ip:port` of those it connects to. */
  readonly peers: readonly string[]
}

export interface Client {
  readonly name: string
  /** Undefined: it is here; else what is missing. */
  missing(): string | undefined
  command(role: 'seed' | 'leech', place: Place): readonly string[]
  readonly ready: RegExp
  readonly complete: RegExp
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export const BT = path('../../apps/cli/dist/bt.js')

const bt: Client = {
  name: 'bt',
  missing: () => (existsSync(BT) ? undefined : 'bt is not built: npm run build'),
  command: (role, { torrent, folder, ip, port, peers }) => [
    process.execPath,
    BT,
    ...(role === 'seed'
      ? ['seed', torrent, folder]
      : ['download', torrent, '-o', folder, '--seed']),
    '--host',
    ip,
    '--port',
    String(port),
    '--no-tracker',
    '--json',
    ...peers.flatMap((peer) => ['--peer', peer]),
  ],
  ready: /"event":"seeding"/,
  complete: /"event":"complete"/,
}

const libtorrent: Client = {
  name: 'libtorrent',
  missing: () =>
    spawnSync('/usr/bin/python3', ['-c', 'import libtorrent']).status === 0
      ? undefined
      : 'libtorrent is not installed (Debian: python3-libtorrent)',
  command: (role, { torrent, folder, ip, port, peers }) => [
    '/usr/bin/python3',
    path('libtorrent_peer.py'),
    role,
    torrent,
    folder,
    ip,
    String(port),
    ...peers,
  ],
  ready: /ready/,
  complete: /complete/,
}

export const CLIENTS: Readonly<Record<string, Client>> = { bt, libtorrent }
