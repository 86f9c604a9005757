// Is this piece what the torrent says? SHA-1 (v1), merkle root of its leaves (v2), both (hybrid).
//
// Hashes once per piece, from the piece's own memory. Per-block digests are made only when a piece is corrupt,
// to find out whose block it was.

import { BLOCK_LENGTH, type Metainfo, type PieceIndex, merkleRoot } from '@bt/metainfo'
import type { DigestWants, Done, Hasher, RunDigests } from '@bt/ports'
import { bytesEqual, invariant } from '@bt/primitives'
import { inTurn } from './in-turn.ts'

/** Bytes of one digest in `Settled.blockDigests` (SHA-1). */
export const BLOCK_DIGEST_LENGTH = 20

export class Verifier {
  readonly #metainfo: Metainfo
  readonly #hasher: Hasher

  constructor(metainfo: Metainfo, hasher: Hasher) {
    this.#metainfo = metainfo
    this.#hasher = hasher
  }

  isVerifiable(piece: PieceIndex): boolean {
    const { sha1, merkleRoot: root } = this.#metainfo.pieceHashes(piece)
    return sha1 !== undefined || root !== undefined
  }

  /** The one hash that decides, where it is a SHA-1 and nothing else. */
  onlySha1(piece: PieceIndex): Uint8Array | undefined {
    const { sha1, merkleRoot: root } = this.#metainfo.pieceHashes(piece)
    return root === undefined ? sha1 : undefined
  }

  /** What `isRightBy` needs to know of a piece. */
  wants(piece: PieceIndex): DigestWants {
    const { sha1, merkleRoot: root } = this.#metainfo.pieceHashes(piece)
    return { sha1: sha1 !== undefined, leaves: root !== undefined }
  }

  /** The same by digests that somebody else made. */
  isRightBy(piece: PieceIndex, { sha1, leaves }: RunDigests): boolean {
    const hashes = this.#metainfo.pieceHashes(piece)
    const { merkleRoot: root, merkleWidth } = hashes
    if (hashes.sha1 !== undefined && (sha1 === undefined || !bytesEqual(sha1, hashes.sha1)))
      return false
    if (root === undefined) return true
    return leaves !== undefined && bytesEqual(merkleRoot(leaves, merkleWidth), root)
  }

  /** `bytes` is the whole piece, pads included, unchanged until `done`. */
  isRight(piece: PieceIndex, bytes: Uint8Array, done: Done<boolean>): void {
    const hashes = this.#metainfo.pieceHashes(piece)
    const checks: ((answer: Done<boolean>) => void)[] = []
    const { sha1, merkleRoot: root, merkleWidth } = hashes
    if (sha1 !== undefined) {
      checks.push((answer) => {
        this.#hasher.digest('sha1', bytes, (error, digest) =>
          answer(error, error === undefined && bytesEqual(digest, sha1)),
        )
      })
    }
    if (root !== undefined) {
      checks.push((answer) => {
        this.leaves(piece, bytes, (error, leaves) =>
          answer(error, error === undefined && bytesEqual(merkleRoot(leaves, merkleWidth), root)),
        )
      })
    }
    invariant(checks.length > 0, 'a piece that is verified has a hash')
    let right = true
    inTurn(
      checks.length,
      checks.length,
      (index, next) => {
        checks[index]?.((error, answer) => {
          right &&= answer
          next(error)
        })
      },
      (error) => done(error, error === undefined && right),
    )
  }

  /** SHA-256 of each 16 KiB of the piece's data, concatenated (BEP 52: pads are not part of a file's tree). */
  leaves(piece: PieceIndex, bytes: Uint8Array, done: Done<Uint8Array>): void {
    const data = bytes.subarray(0, this.#metainfo.geometry.dataLengthOf(piece))
    this.#hasher.leaves(data, BLOCK_LENGTH, done)
  }

  /** SHA-1 of each block, concatenated. */
  blockDigests(piece: PieceIndex, bytes: Uint8Array, done: Done<Uint8Array>): void {
    const { geometry } = this.#metainfo
    const count = geometry.blockCount(piece)
    const digests = new Uint8Array(count * BLOCK_DIGEST_LENGTH)
    inTurn(
      count,
      2,
      (index, next) => {
        const { begin, length } = geometry.blockAt(piece, index)
        this.#hasher.digest('sha1', bytes.subarray(begin, begin + length), (error, digest) => {
          if (error === undefined) digests.set(digest, index * BLOCK_DIGEST_LENGTH)
          next(error)
        })
      },
      (error) => done(error, digests),
    )
  }
}
