// Files and their hashes → torrent file (BEP 3, 12, 19, 27, 47, 52). The inverse of parse.ts; hashes nothing.

import { encode, type Encodable, keyOfBytes, keyOfText } from '@bt/bencode'
import { type Endpoint, invariant } from '@bt/primitives'
import { MetainfoError } from './errors.ts'
import type { FileEntry } from './metainfo.ts'
import { isPad } from './lay-out.ts'
import { PIECE_LENGTH_MAX, PIECE_LENGTH_V2_MIN, PIECES_MAX } from './metainfo-limits.ts'
import { needsLayer } from './piece-layers.ts'
import { tooManyPieces } from './v1-files.ts'

/** What a torrent says beside its files. */
export interface Extras {
  readonly announceTiers?: readonly (readonly string[])[]
  readonly webSeeds?: readonly string[]
  readonly dhtNodes?: readonly Endpoint[]
  readonly comment?: string
  readonly createdBy?: string
  /** Seconds since 1970. */
  readonly creationDate?: number
  /** BEP 27. */
  readonly isPrivate?: boolean
}

export interface MetainfoParts extends Extras {
  readonly name: string
  /** Default: 'file' for a single file whose path is its name, else 'folder'. */
  readonly layout?: 'file' | 'folder'
  /** Default '1'. */
  readonly version?: '1' | '2' | 'hybrid'
  readonly pieceLength: number
  /** In the torrent's order, pad files included (`MetainfoBuilder` or `layOut` see to both); v2: with `piecesRoot`. */
  readonly files: readonly FileEntry[]
  /** v1 and hybrid: 20 bytes a piece. */
  readonly pieceHashes?: Uint8Array
  /** v2 and hybrid: of each file, by its number, the hashes of its pieces; none for files of one piece. */
  readonly pieceLayers?: readonly (Uint8Array | undefined)[]
}

/** The layout of these files when none is asked for. */
export function layoutOf(
  name: string,
  files: readonly { readonly path: readonly string[] }[],
): 'file' | 'folder' {
  const [first, ...rest] = files
  return rest.length === 0 && first?.path.length === 1 && first.path[0] === name ? 'file' : 'folder'
}

/**
 * A torrent file. Canonical bencode; nothing is hashed or checked against content here.
 * @throws {MetainfoError} for a piece length that the version does not allow or too many pieces
 */
export function buildMetainfo(parts: MetainfoParts): Uint8Array {
  const { version = '1', files, pieceLength } = parts
  checkPieceLength(pieceLength, version)
  const layout = parts.layout ?? layoutOf(parts.name, files)
  const pieceHashes = parts.pieceHashes ?? new Uint8Array(0)
  invariant((pieceHashes.length === 0) === (version === '2'), 'v1 and hybrid have piece hashes')
  if (pieceHashes.length / 20 > PIECES_MAX) throw tooManyPieces(pieceHashes.length / 20)
  const v1 =
    version === '2'
      ? {}
      : {
          pieces: pieceHashes,
          ...(layout === 'file' ? singleFile(files) : { files: files.map(listedFile) }),
        }
  const v2 = version === '1' ? {} : { 'file tree': fileTree(files), 'meta version': 2 }
  const tiers = (parts.announceTiers ?? []).filter((tier) => tier.length > 0)
  const listed = tiers.length > 1 || (tiers[0]?.length ?? 0) > 1
  const webSeeds = parts.webSeeds ?? []
  return encode({
    info: {
      ...v1,
      ...v2,
      name: parts.name,
      'piece length': pieceLength,
      private: parts.isPrivate === true ? 1 : undefined,
    },
    'piece layers':
      version === '1' ? undefined : layersOf(files, parts.pieceLayers ?? [], pieceLength),
    announce: tiers[0]?.[0],
    'announce-list': listed ? tiers : undefined,
    'url-list': webSeeds.length === 0 ? undefined : webSeeds,
    nodes: parts.dhtNodes?.map(({ host, port }) => [host, port]),
    comment: parts.comment,
    'created by': parts.createdBy,
    'creation date': parts.creationDate,
  })
}

/** @throws {MetainfoError} */
export function checkPieceLength(pieceLength: number, version: '1' | '2' | 'hybrid'): void {
  const min = version === '1' ? 1 : PIECE_LENGTH_V2_MIN
  const fits =
    Number.isInteger(pieceLength) && pieceLength >= min && pieceLength <= PIECE_LENGTH_MAX
  if (fits && (version === '1' || (pieceLength & (pieceLength - 1)) === 0)) return
  const form = version === '1' ? 'a number' : 'a power of two'
  const what = `is ${pieceLength}; allowed is ${form} from ${min} to ${PIECE_LENGTH_MAX}`
  throw new MetainfoError('BAD_PIECE_LENGTH', 'piece length', what)
}

/** A power of two of at least 16 KiB that makes at most 2,048 pieces, up to 16 MiB; larger only past 32 TiB. */
export function choosePieceLength(totalLength: number): number {
  let length = PIECE_LENGTH_V2_MIN
  while (length < PREFERRED_MAX && totalLength / length > PREFERRED_COUNT) length *= 2
  while (length < PIECE_LENGTH_MAX && totalLength / length > PIECES_MAX) length *= 2
  return length
}

/** 16 MiB: the largest that all clients take. */
const PREFERRED_MAX = 2 ** 24
const PREFERRED_COUNT = 2_048

function singleFile(files: readonly FileEntry[]): { [key: string]: Encodable | undefined } {
  const [file, ...rest] = files
  invariant(file !== undefined && rest.length === 0, 'a torrent of one file has one file')
  return { length: file.length, attr: file.attributes }
}

function listedFile(file: FileEntry): Encodable {
  return {
    path: file.path,
    length: file.length,
    attr: file.attributes,
    'symlink path': file.symlink,
  }
}

type Tree = Map<string, Encodable>

function fileTree(files: readonly FileEntry[]): Tree {
  const root: Tree = new Map()
  for (const file of files) {
    if (isPad(file)) continue
    let folder = root
    for (const element of file.path) {
      const key = keyOfText(element)
      const inner = (folder.get(key) as Tree | undefined) ?? new Map()
      folder.set(key, inner)
      folder = inner
    }
    invariant(file.length === 0 || file.piecesRoot?.length === 32, 'a v2 file has a pieces root')
    folder.set('', {
      length: file.length,
      'pieces root': file.length === 0 ? undefined : file.piecesRoot,
      attr: file.attributes,
      'symlink path': file.symlink,
    })
  }
  return root
}

function layersOf(
  files: readonly FileEntry[],
  layers: readonly (Uint8Array | undefined)[],
  pieceLength: number,
): Tree {
  const byRoot: Tree = new Map()
  for (const [at, file] of files.entries()) {
    if (!needsLayer(file, pieceLength)) continue
    const layer = layers[at]
    invariant(layer !== undefined, 'a v2 file of more than one piece has a piece layer')
    byRoot.set(keyOfBytes(file.piecesRoot), layer)
  }
  return byRoot
}
