// Torrents made by hand from seeded content: written as bencode, read by the real parser.

import { type Encodable, encode } from '@bt/bencode'
import { type Metainfo, merkleLeaves, merkleRoot, parseMetainfo } from '@bt/metainfo'
import { Prng, sha1 } from '@bt/primitives'

export interface TestFile {
  readonly path: readonly string[]
  readonly length: number
  readonly attributes?: string
}

export interface TestTorrent {
  readonly metainfo: Metainfo
  /** By file, in the torrent's order; zeros for pads. */
  readonly contents: readonly Uint8Array[]
  /** What a peer would send for the whole piece. */
  pieceBytes(piece: number): Uint8Array
}

const LEAF = 16_384

/** Files of seeded bytes. Pads are files whose attributes hold 'p'; a hybrid pads by itself. */
export function makeTorrent(parts: {
  readonly pieceLength: number
  readonly files: readonly TestFile[]
  readonly version?: '1' | '2' | 'hybrid'
  readonly seed?: number
}): TestTorrent {
  const { pieceLength, version = '1' } = parts
  const random = new Prng(parts.seed ?? 1)
  const files = version === 'hybrid' ? padded(parts.files, pieceLength) : parts.files
  const contents = files.map(({ length, attributes }) => {
    const bytes = new Uint8Array(length)
    if (attributes?.includes('p') === true) return bytes
    for (let at = 0; at < length; at++) bytes[at] = random.uint32() >>> 24
    return bytes
  })
  const layers = new Map<string, Encodable>()
  const info: Record<string, Encodable> = { name: 'content', 'piece length': pieceLength }
  if (version !== '2') {
    info['files'] = files.map(({ path, length, attributes }) => ({
      length,
      path,
      ...(attributes === undefined ? {} : { attr: attributes }),
    }))
    info['pieces'] = flatHashes(contents, pieceLength)
  }
  if (version !== '1') {
    info['meta version'] = 2
    const tree: Record<string, Encodable> = {}
    for (const [at, { path, length, attributes }] of files.entries()) {
      if (attributes?.includes('p') === true) continue
      const leaf: Record<string, Encodable> = { length }
      if (length > 0) {
        const { root, layer } = treeHashes(contents[at] as Uint8Array, pieceLength)
        leaf['pieces root'] = root
        if (length > pieceLength) layers.set(latin1(root), layer)
      }
      tree[path.join('/')] = { '': leaf }
    }
    info['file tree'] = tree
  }
  const metainfo = parseMetainfo(
    encode({ info, ...(version === '1' ? {} : { 'piece layers': layers }) }),
  )
  return {
    metainfo,
    contents,
    pieceBytes: (piece) => {
      const index = metainfo.geometry.piece(piece)
      const bytes = new Uint8Array(metainfo.geometry.lengthOf(index))
      for (const span of metainfo.geometry.fileSpans(index)) {
        const file = contents[span.file] as Uint8Array
        bytes.set(file.subarray(span.offset, span.offset + span.length), span.begin)
      }
      return bytes
    },
  }
}

/** One file named "one" of so many bytes. */
export function oneFile(length: number, pieceLength: number, version?: '1' | '2'): TestTorrent {
  return makeTorrent({
    pieceLength,
    files: [{ path: ['one'], length }],
    ...(version === undefined ? {} : { version }),
  })
}

function padded(files: readonly TestFile[], pieceLength: number): readonly TestFile[] {
  return files.flatMap((file, at) => {
    const over = file.length % pieceLength
    if (over === 0 || at === files.length - 1) return [file]
    const length = pieceLength - over
    return [file, { path: ['.pad', String(length)], length, attributes: 'p' }]
  })
}

function flatHashes(contents: readonly Uint8Array[], pieceLength: number): Uint8Array {
  const all = new Uint8Array(contents.reduce((length, one) => length + one.length, 0))
  let at = 0
  for (const bytes of contents) {
    all.set(bytes, at)
    at += bytes.length
  }
  const hashes = new Uint8Array(20 * Math.ceil(all.length / pieceLength))
  for (let piece = 0; piece * 20 < hashes.length; piece++) {
    hashes.set(sha1(all.subarray(piece * pieceLength, (piece + 1) * pieceLength)), piece * 20)
  }
  return hashes
}

function treeHashes(
  bytes: Uint8Array,
  pieceLength: number,
): { readonly root: Uint8Array; readonly layer: Uint8Array } {
  const leaves = merkleLeaves(bytes)
  if (bytes.length <= pieceLength) return { root: merkleRoot(leaves), layer: new Uint8Array(0) }
  const perPiece = pieceLength / LEAF
  const layer = new Uint8Array(32 * Math.ceil(bytes.length / pieceLength))
  for (let piece = 0; piece * 32 < layer.length; piece++) {
    const from = piece * perPiece * 32
    const own = leaves.subarray(from, from + perPiece * 32)
    layer.set(merkleRoot(own, perPiece), piece * 32)
  }
  return { root: merkleRoot(layer, undefined, Math.log2(perPiece)), layer }
}

function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}
