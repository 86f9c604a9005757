// What is transferred: every shape of content and every piece length at least once, as torrents of our own making.
import { execFileSync } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { ROOT } from '../support/sources.ts'

const KIB = 1024
const MIB = 1024 * KIB
const BT = join(ROOT, 'apps/cli/dist/bt.js')

export interface Content {
  readonly name: string
  readonly pieceLength: number
  /** Path below the torrent's name; the name alone for a single file. */
  readonly files: readonly (readonly [string, number])[]
}

export interface Torrent extends Content {
  /** Holds the content, as a download folder would. */
  readonly folder: string
  readonly file: string
  readonly infoHash: string
  readonly magnet: string
}

type Shape = (name: string) => Content['files']

const single =
  (length: number): Shape =>
  (name) => [[name, length]]

const SHAPES: Readonly<Record<string, Shape>> = {
  single: single(3_000_001),
  awkward: () => [
    ['a', 1],
    ['b.bin', 16 * KIB - 1],
    ['c.bin', 16 * KIB],
    ['d/e.bin', 16 * KIB + 1],
    ['d/f/ä ö ü.bin', 65_537],
    ['g.bin', MIB + 1],
    ['h.bin', 777_777],
  ],
  tiny: () =>
    Array.from({ length: 300 }, (_, at): readonly [string, number] => [
      `${at % 7}/file-${at}`,
      1 + ((at * 37) % 999),
    ]),
  empty: () => [
    ['0-empty', 0],
    ['full.bin', 300_000],
    ['in/between', 0],
    ['z-empty', 0],
  ],
  whole: single(4 * MIB),
  large: single(24 * MIB + 1),
}

const PIECE_LENGTHS = Array.from({ length: 11 }, (_, at) => (16 * KIB) << at)

/** The diagonal: each shape and each piece length. */
const DIAGONAL: readonly (readonly [string, number])[] = PIECE_LENGTHS.map((length, at) => {
  const names = Object.keys(SHAPES)
  return [length >= 4 * MIB ? 'large' : (names[at % (names.length - 1)] as string), length]
})
const PRODUCT: readonly (readonly [string, number])[] = Object.keys(SHAPES).flatMap((shape) =>
  PIECE_LENGTHS.map((length) => [shape, length] as const),
)

/** `npm run test:interop:all` wants every shape with every piece length. */
export const ALL = process.env['BT_INTEROP'] === 'all'

export const CONTENTS: readonly Content[] = (ALL ? PRODUCT : DIAGONAL).map(
  ([shape, pieceLength]) => {
    const name = `${shape}-${pieceLength / KIB}k`
    return { name, pieceLength, files: (SHAPES[shape] as Shape)(name) }
  },
)
export const GIBIBYTE: Content = { name: 'gib', pieceLength: MIB, files: [['gib', 1024 * MIB]] }

/** A folder for one file of tests; gone afterwards. */
export function makeFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'bt-interop-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Writes the content below `folder` and makes its torrent with the built `bt create`. */
export function makeTorrent(
  content: Content,
  folder: string,
  trackers: readonly string[],
  version = '1',
): Torrent {
  const home = join(folder, `seed-${content.name}`)
  const isSingle = content.files.length === 1 && content.files[0]?.[0] === content.name
  for (const [path, length] of content.files)
    fill(isSingle ? join(home, path) : join(home, content.name, path), length)
  const file = join(folder, `${content.name}-${version}.torrent`)
  const args = [
    'create',
    join(home, content.name),
    '-o',
    file,
    '--json',
    '--piece-length',
    String(content.pieceLength),
    '--version',
    version,
  ]
  const out = execFileSync(
    process.execPath,
    [BT, ...args, ...trackers.flatMap((url) => ['--tracker', url])],
    { encoding: 'utf8' },
  )
  const created = out
    .split('\n')
    .map((line) => (line.startsWith('{') ? (JSON.parse(line) as Record<string, string>) : {}))
    .find(({ event }) => event === 'created')
  return {
    ...content,
    folder: home,
    file,
    infoHash: created?.['infoHash'] ?? '',
    magnet: created?.['magnet'] ?? '',
  }
}

/** Throws where a downloaded copy differs from the original by a byte, a file or a name. Transmission 3.00 makes no empty files. */
export function expectSame(
  torrent: Torrent,
  folder: string,
  options: { readonly emptyFiles: boolean } = { emptyFiles: true },
): void {
  for (const path of below(join(torrent.folder, torrent.name))) {
    const name = relative(torrent.folder, path)
    const copy = join(folder, name)
    if (!existsSync(copy) && statSync(path).size === 0 && !options.emptyFiles) continue
    if (!existsSync(copy)) throw new Error(`${name} is missing in ${folder}`)
    compare(path, copy)
  }
}

function below(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path).flatMap((name) => below(join(path, name)))
}

const STEP = 4 * MIB

function compare(one: string, other: string): void {
  if (statSync(one).size !== statSync(other).size)
    throw new Error(`${other} has ${statSync(other).size} bytes, not ${statSync(one).size}`)
  const files = [openSync(one, 'r'), openSync(other, 'r')] as const
  const buffers = [Buffer.alloc(STEP), Buffer.alloc(STEP)] as const
  try {
    for (let at = 0; ; ) {
      const length = readSync(files[0], buffers[0], 0, STEP, at)
      readSync(files[1], buffers[1], 0, STEP, at)
      if (length === 0) return
      if (!buffers[0].subarray(0, length).equals(buffers[1].subarray(0, length)))
        throw new Error(`${other} differs between ${at} and ${at + length}`)
      at += length
    }
  } finally {
    for (const file of files) closeSync(file)
  }
}

/** Bytes that no compression or hole could fake: AES-CTR under the file's own name. */
function fill(path: string, length: number): void {
  mkdirSync(dirname(path), { recursive: true })
  const key = Buffer.alloc(16, path.split('/').slice(-2).join('/'))
  const stream = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(Math.min(STEP, length))
  const file = openSync(path, 'w')
  for (let left = length; left > 0; left -= zeros.length)
    writeSync(file, stream.update(zeros.subarray(0, Math.min(left, zeros.length))))
  closeSync(file)
}
