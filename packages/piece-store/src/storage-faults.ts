// From a storage's error to one that says which piece or file, and what to do about it.

import type { Metainfo } from '@bt/metainfo'
import { StorageError } from '@bt/ports'
import { PieceStoreError } from './errors.ts'

const ADVICE = {
  DISK_FULL: 'the disk is full: make room, then retry',
  NO_PERMISSION: 'permission was refused: give it back, then retry',
  NOT_HERE:
    'it is missing or too short: was it moved, or its disk unmounted? retry to make it anew',
  READ_FAILED: 'the disk could not read it: check the disk',
  WRITE_FAILED: 'the disk could not write it: check the disk, then retry',
  LOCKED: 'another program holds it: close that program, then retry',
  OUTSIDE_ROOT: 'it leads outside of the download folder: look for symbolic links in its path',
} as const

/** `file` undefined or past the torrent's own: the part file. */
export function storeError(
  metainfo: Metainfo,
  doing: 'reading' | 'writing' | 'syncing' | 'looking at',
  file: number | undefined,
  error: Error,
): PieceStoreError {
  if (error instanceof PieceStoreError) return error
  const code =
    error instanceof StorageError
      ? error.code
      : doing === 'reading'
        ? 'READ_FAILED'
        : 'WRITE_FAILED'
  return new PieceStoreError(
    code,
    `${doing} ${fileText(metainfo, file)} failed: ${ADVICE[code]} (${error.message})`,
    { ...(file === undefined ? {} : { file }), cause: error },
  )
}

/** A file as a user knows it. */
export function fileText(metainfo: Metainfo, file: number | undefined): string {
  const entry = file === undefined ? undefined : metainfo.files[file]
  return entry === undefined ? 'the part file' : `"${entry.path.join('/')}"`
}
