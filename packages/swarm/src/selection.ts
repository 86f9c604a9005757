// Which files are wanted, and how much that makes each piece wanted.

import type { Metainfo, PieceGeometry } from '@bt/metainfo'
import { Bitfield } from '@bt/primitives'
import type { FileSelection } from './options.ts'

/** Priority of a file, and of a piece, that nobody spoke about; 1 … 7, 0 is not wanted. */
export const PRIORITY_NORMAL = 4
export const PRIORITY_MAX = 7

/** Priorities per file of any form of selection; pad files and symbolic links are nobody's wish. */
export function filePriorities(metainfo: Metainfo, selection: FileSelection | undefined): number[] {
  return metainfo.files.map((file, index) => {
    if (file.attributes?.includes('p') === true) return 0
    if (selection === undefined) return PRIORITY_NORMAL
    if ('has' in selection) return selection.has(index) ? PRIORITY_NORMAL : 0
    return Math.max(0, Math.min(PRIORITY_MAX, Math.trunc(selection[index] ?? PRIORITY_NORMAL)))
  })
}

/** The files that are wanted at all; undefined: every one. */
export function wantedFiles(
  metainfo: Metainfo,
  priorities: readonly number[],
): Bitfield | undefined {
  const wanted = new Bitfield(priorities.length)
  let all = true
  for (const [file, priority] of priorities.entries()) {
    const isPad = metainfo.files[file]?.attributes?.includes('p') === true
    if (priority > 0 || isPad) wanted.set(file)
    else all = false
  }
  return all ? undefined : wanted
}

/** A piece is as wanted as the most wanted file in it. */
export function piecePriorities(
  geometry: PieceGeometry,
  priorities: readonly number[],
): Uint8Array {
  const ofPiece = new Uint8Array(geometry.pieceCount)
  for (let file = 0; file < geometry.fileCount; file++) {
    const priority = priorities[file] ?? PRIORITY_NORMAL
    const { first, end } = geometry.piecesOf(file)
    for (let piece = first; piece < end; piece++) {
      if (priority > (ofPiece[piece] as number)) ofPiece[piece] = priority
    }
  }
  return ofPiece
}
