// Hashing all of a file beside other makers of torrents: create (SHA-1, SHA-256, both), verify, and the recheck of a seed.
//
// Wall time is of the whole process, start-up included; CPU is user + system, memory the peak, as GNU time says. All tools
// take their turn in each round. Run: npm run bench -- create [--size MIB] [--piece KIB] [--runs N] [--dir FOLDER (a folder
// bt-bench in it is made and removed)]
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { makeContent } from '../data/content.ts'
import { BT } from '../data/clients.ts'
import { median, spread, table } from '../data/table.ts'

const MIB = 1024 * 1024
const TIME = '/usr/bin/time'

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '4096' },
    piece: { type: 'string', default: '4096' },
    runs: { type: 'string', default: '5' },
    dir: { type: 'string', default: '/dev/shm' },
  },
})

interface Tool {
  readonly name: string
  readonly command: readonly string[]
}

interface Run {
  readonly seconds: number
  readonly cpu: number
  readonly mib: number
}

const dir = join(options.dir, 'bt-bench')
const bytes = Number(options.size) * MIB
const pieceLength = Number(options.piece) * 1024

function tools(): readonly Tool[] {
  const content = join(dir, 'content')
  const made = (name: string): string => join(dir, `${name}.torrent`)
  const bt = (version: string): Tool => ({
    name: `bt create, version ${version}`,
    command: [
      process.execPath,
      BT,
      'create',
      content,
      '-o',
      made(version),
      '--piece-length',
      `${options.piece}KiB`,
      '--version',
      version,
    ],
  })
  const libtorrent = fileURLToPath(new URL('libtorrent_create.py', import.meta.url))
  const url = 'http://tracker.example/announce'
  return [
    {
      name: 'mktorrent -t 2',
      command: [
        'mktorrent',
        '-t',
        '2',
        '-l',
        String(Math.log2(pieceLength)),
        '-a',
        url,
        '-o',
        made('mktorrent'),
        content,
      ],
    },
    bt('1'),
    bt('2'),
    bt('hybrid'),
    {
      name: 'bt verify, version 1',
      command: [process.execPath, BT, 'verify', made('1'), dir],
    },
    {
      name: 'transmission-create',
      command: [
        'transmission-create',
        '-s',
        options.piece,
        '-t',
        url,
        '-o',
        made('transmission'),
        content,
      ],
    },
    {
      name: 'libtorrent',
      command: ['/usr/bin/python3', libtorrent, content, made('libtorrent'), String(pieceLength)],
    },
  ]
}

/** Undefined: the tool is not here, or failed. */
function run({ name, command }: Tool): Run | undefined {
  if (name.startsWith('mktorrent')) rmSync(join(dir, 'mktorrent.torrent'), { force: true })
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(TIME, ['-f', '%U %S %M', ...command], { encoding: 'utf8' })
  const seconds = (performance.now() - startedAt) / 1000
  const last = stderr?.trim().split('\n').at(-1) ?? ''
  if (status !== 0) {
    console.error(`left out: ${name}: ${last || `needs ${TIME} (GNU time)`}`)
    return undefined
  }
  const [user, system, kib] = last.split(' ').map(Number) as [number, number, number]
  return { seconds, cpu: user + system, mib: kib / 1024 }
}

const all = new Map<string, Run[]>()
mkdirSync(dir, { recursive: true })
try {
  makeContent(join(dir, 'content'), bytes)
  let present = tools()
  for (let round = 0; round < Number(options.runs); round++) {
    present = present.filter((tool) => {
      const one = run(tool)
      if (one !== undefined) all.set(tool.name, [...(all.get(tool.name) ?? []), one])
      return one !== undefined
    })
  }
} finally {
  rmSync(dir, { recursive: true, force: true })
}

const reference = all.get('mktorrent -t 2')
const rows = [...all].map(([name, runs]) => {
  const seconds = runs.map((one) => one.seconds)
  const ratio = reference && median(reference.map((one) => one.seconds)) / median(seconds)
  return [
    name,
    spread(seconds),
    (bytes / median(seconds) / 1e6).toFixed(0),
    spread(runs.map(({ cpu }) => cpu)),
    median(runs.map(({ mib }) => mib)).toFixed(0),
    ratio === undefined ? '–' : `${ratio.toFixed(2)} ×`,
  ]
})
const head = ['tool', 'wall s', 'MB/s', 'CPU s', 'MiB', 'speed']
console.log(
  `\n## ${options.size} MiB, pieces of ${options.piece} KiB, ${dir}, ${options.runs} runs\n\n${table(head, rows)}`,
)
