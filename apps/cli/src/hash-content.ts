// Digests of every piece of some content, on all cores: threads read the files and hash them, nothing passes through here.

import { availableParallelism } from 'node:os'
import type { PieceGeometry, PieceIndex } from '@bt/metainfo'
import type { DigestWants, RunDigests } from '@bt/ports'
import { type FileRun, type NodePorts, RunError } from '@bt/runtime-node'
import { EXIT, Failure } from './failure.ts'

/** Pieces in flight for each core: one that it hashes and one that waits for it. */
const IN_FLIGHT_PER_CORE = 2
/** Pieces answered and asked for in one turn: small ones share a message to a thread and back. */
const BATCH_LENGTH = 1024 * 1024

export interface HashedPiece extends RunDigests {
  readonly piece: PieceIndex
  /** It could not be read; then there are no digests. */
  readonly error?: Error
}

export interface HashJob {
  readonly geometry: PieceGeometry
  /** Of each file of the geometry; pads have one too, which is never opened. */
  readonly paths: readonly string[]
  readonly ports: Pick<NodePorts, 'digestFiles'>
  readonly wants: DigestWants
  /** Called once for each piece, in no order; false: stop, nobody wants the rest. */
  hashed(result: HashedPiece): boolean
}

export async function hashContent(job: HashJob): Promise<void> {
  const { geometry } = job
  const batch = Math.max(1, Math.floor(BATCH_LENGTH / Math.max(1, geometry.pieceLength)))
  const workers = Math.min(availableParallelism() * IN_FLIGHT_PER_CORE * batch, geometry.pieceCount)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < geometry.pieceCount) {
      const piece = geometry.piece(next++)
      if (!job.hashed(await digestsOf(job, piece))) next = geometry.pieceCount
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
}

async function digestsOf(job: HashJob, piece: PieceIndex): Promise<HashedPiece> {
  const runs = job.geometry
    .fileSpans(piece)
    .map(
      ({ file, offset, length, pad }): FileRun =>
        pad ? { offset, length } : { path: job.paths[file] as string, offset, length },
    )
  try {
    return { piece, ...(await job.ports.digestFiles(runs, job.wants)) }
  } catch (error) {
    return { piece, error: explained(error as Error, runs) }
  }
}

function explained(error: Error, runs: readonly FileRun[]): Error {
  if (!(error instanceof RunError && error.isTooShort)) return error
  return new Failure(
    EXIT.failed,
    'TOO_SHORT',
    `${runs[error.run]?.path} ends at ${error.at}: it is shorter than it was, or than the torrent says`,
  )
}
