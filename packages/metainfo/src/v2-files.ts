// The file tree of BitTorrent v2, in its order (BEP 52).

import { bytesOfKey, type LazyValue } from '@bt/bencode'
import { MetainfoError } from './errors.ts'
import { HASH_LENGTH } from './merkle.ts'
import { FILE_LENGTH_V2_MAX, PIECES_MAX } from './metainfo-limits.ts'
import { lengthOf, type RawFile, symlinkOf } from './raw-file.ts'
import { attributesOf, optional, required, typed } from './read-field.ts'
import { tooManyPieces } from './v1-files.ts'

export interface V2Content {
  readonly files: readonly RawFile[]
  /** False when the tree is one file at its root: "a single-file torrent" whatever its `name` says. */
  readonly isFolder: boolean
}

export function readV2(info: LazyValue, pieceLength: number): V2Content {
  const tree = required(info, 'file tree', 'dictionary', 'BAD_FILE_TREE')
  const files: RawFile[] = []
  let pieceCount = 0
  walk(tree, [], (file) => {
    files.push(file)
    pieceCount += Math.ceil(Number(file.length) / pieceLength)
    if (pieceCount > PIECES_MAX) throw tooManyPieces(pieceCount)
  })
  if (files.length === 0) throw new MetainfoError('NO_FILES', tree.path, 'holds no file')
  if (pieceCount === 0) {
    throw new MetainfoError('NO_CONTENT', tree.path, 'has no content: every file is empty')
  }
  const isFolder = files.length > 1 || (files[0] as RawFile).path.length > 1
  return { files, isFolder }
}

/** Down to `DEPTH_MAX` levels, which decoding has seen to. */
function walk(node: LazyValue, path: readonly Uint8Array[], found: (file: RawFile) => void): void {
  let before: string | undefined
  let entries = 0
  let file: LazyValue | undefined
  for (const [key, child] of node.entries()) {
    if (before !== undefined && key <= before) {
      const what = 'has entries out of order, so the order of its files is in doubt'
      throw new MetainfoError('UNSORTED_FILE_TREE', node.path, what)
    }
    before = key
    entries++
    typed(child, 'dictionary', 'BAD_FILE_TREE')
    if (key === '') file = child
    else walk(child, [...path, bytesOfKey(key)], found)
  }
  if (file === undefined) return
  if (path.length === 0) throw new MetainfoError('BAD_FILE_TREE', node.path, 'is itself a file')
  if (entries > 1) throw new MetainfoError('BAD_FILE_TREE', node.path, 'is a file and a folder')
  found(fileOf(file, path))
}

function fileOf(entry: LazyValue, path: readonly Uint8Array[]): RawFile {
  const attributes = attributesOf(entry)
  if (attributes?.includes('p')) {
    const what = 'says pad file, which v2 has none of: files are aligned by themselves'
    throw new MetainfoError('BAD_PAD_FILE', `${entry.path}.attr`, what)
  }
  const length = lengthOf(entry, FILE_LENGTH_V2_MAX, attributes?.includes('l') ?? false)
  const piecesRoot = length === 0 ? undefined : rootOf(entry, length)
  return {
    path,
    pathCompared: path,
    length,
    pad: false,
    attributes,
    piecesRoot,
    symlink: symlinkOf(entry, attributes, length),
    source: entry,
  }
}

/** An empty file has none, and one that is there all the same says nothing. */
function rootOf(entry: LazyValue, length: number | bigint): Uint8Array {
  const root = optional(entry, 'pieces root', 'string')?.bytes()
  if (root?.length === HASH_LENGTH && root.some((byte) => byte !== 0)) return root
  const what = `is not the hash of ${length} bytes (32 bytes, not all zero)`
  throw new MetainfoError('MISSING_PIECES_ROOT', `${entry.path}.pieces root`, what)
}
