// Hashes every piece of some content, several at a time on all cores, in memory that does not grow with the content.

import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { Hasher } from '@bt/ports'

/** SHA-256 leaves of v2 (BEP 52). */
const LEAF_LENGTH = 16 * 1024
/** Bytes of pieces in flight: enough for every core to have one in work and one waiting. */
const IN_FLIGHT_BYTES = 64 * 1024 * 1024
const IN_FLIGHT_MIN = 2
const IN_FLIGHT_MAX = 32

export interface HashedPiece {
  readonly piece: PieceIndex
  readonly sha1?: Uint8Array
  readonly leaves?: Uint8Array
  /** It could not be read; then there are no digests. */
  readonly error?: Error
}

export interface HashJob {
  readonly geometry: PieceGeometry
  readonly hasher: Hasher
  readonly wants: { readonly sha1: boolean; readonly leaves: boolean }
  /** Fills a buffer of the piece's length. */
  read(piece: PieceIndex, into: Uint8Array): Promise<void>
  /** Called once for each piece, in no order. */
  hashed(result: HashedPiece): void
}

export async function hashContent(job: HashJob): Promise<void> {
  const { geometry, hasher } = job
  const wish = Math.floor(IN_FLIGHT_BYTES / Math.max(1, geometry.pieceLength))
  const workers = Math.min(Math.max(wish, IN_FLIGHT_MIN), IN_FLIGHT_MAX, geometry.pieceCount)
  let next = 0
  const work = async (): Promise<void> => {
    const buffer = hasher.allocate(geometry.pieceLength)
    while (next < geometry.pieceCount) {
      const piece = geometry.piece(next++)
      const bytes = buffer.subarray(0, geometry.lengthOf(piece))
      try {
        await job.read(piece, bytes)
      } catch (error) {
        job.hashed({ piece, error: error as Error })
        continue
      }
      job.hashed(await digests(job, piece, bytes))
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}

async function digests(
  { geometry, hasher, wants }: HashJob,
  piece: PieceIndex,
  bytes: Uint8Array,
): Promise<HashedPiece> {
  const sha1 = wants.sha1 ? await answer((done) => hasher.digest('sha1', bytes, done)) : undefined
  const data = bytes.subarray(0, geometry.dataLengthOf(piece))
  const leaves = wants.leaves
    ? await answer((done) => hasher.leaves(data, LEAF_LENGTH, done))
    : undefined
  return {
    piece,
    ...(sha1 === undefined ? {} : { sha1 }),
    ...(leaves === undefined ? {} : { leaves }),
  }
}

function answer(
  ask: (done: (error: Error | undefined, value: Uint8Array) => void) => void,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) =>
    ask((error, value) => (error === undefined ? resolve(value) : reject(error))),
  )
}
