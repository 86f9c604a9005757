// Whether the two halves of a hybrid torrent describe the same content (BEP 52, "Upgrade Path").
//
// Same files, in the same order, of the same lengths, and every file with content at a piece boundary, which pad files
// bring about. The pad after the last file may be missing: creators differ.

import { bytesEqual } from '@bt/primitives'
import { MetainfoError } from './errors.ts'
import type { RawFile } from './raw-file.ts'
import type { V1Content } from './v1-files.ts'
import type { V2Content } from './v2-files.ts'

/** The v1 list, pad files included, with the roots of the tree. */
export function joinHybrid(v1: V1Content, v2: V2Content, pieceLength: number): readonly RawFile[] {
  if (v2.isFolder && !v1.isFolder) throw differ('info', 'is one file in v1 and a folder in v2')
  const joined: RawFile[] = []
  let next = 0
  let position = 0
  let contentEnd = 0
  for (const file of v1.files) {
    const length = Number(file.length)
    if (file.pad) joined.push(file)
    else {
      const twin = v2.files[next++]
      if (twin === undefined) throw differ(file.source.path, 'is not in the file tree')
      if (!samePath(file, twin))
        throw differ(file.source.path, `has another path than ${twin.source.path}`)
      if (file.length !== twin.length) {
        throw differ(
          file.source.path,
          `has ${file.length} bytes, ${twin.source.path} has ${twin.length}`,
        )
      }
      const boundary = Math.ceil(contentEnd / pieceLength) * pieceLength
      if (length > 0 && position !== boundary) {
        throw differ(
          file.source.path,
          `begins at ${position}, not at the piece boundary ${boundary}`,
        )
      }
      joined.push({ ...file, piecesRoot: twin.piecesRoot })
      if (length > 0) contentEnd = position + length
    }
    position += length
  }
  const missing = v2.files[next]
  if (missing !== undefined) throw differ(missing.source.path, 'is not in the v1 list')
  if (position > Math.ceil(contentEnd / pieceLength) * pieceLength) {
    throw differ('info.files', 'ends in pads longer than to the next piece boundary')
  }
  return joined
}

function samePath(one: RawFile, other: RawFile): boolean {
  return isPath(one.pathCompared, other.path) || isPath(one.path, other.path)
}

function isPath(one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean {
  return (
    one.length === other.length &&
    one.every((element, at) => bytesEqual(element, other[at] as Uint8Array))
  )
}

function differ(where: string, what: string): MetainfoError {
  return new MetainfoError('INCONSISTENT_V1_V2', where, what)
}
