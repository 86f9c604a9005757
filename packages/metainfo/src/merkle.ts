// Merkle roots and piece layers of BitTorrent v2 (BEP 52).
//
// Leaves are SHA-256 of 16 KiB blocks, the last one hashed at its real length. What is missing to a power of two is
// 32 zero bytes at the leaves, and above them the root of a tree of such leaves (not the hash of zeros).

import { bytesEqual, invariant, sha256 } from '@bt/primitives'
import { BLOCK_LENGTH } from './metainfo-limits.ts'

/** Bytes of one hash. */
export const HASH_LENGTH = 32

const ZERO_ROOTS: Uint8Array[] = [new Uint8Array(HASH_LENGTH)]

/** Root of a tree of 2^`height` missing leaves: what pads a layer that lies `height` above the leaves. */
export function zeroRoot(height: number): Uint8Array {
  invariant(height >= 0 && height <= 64, 'a tree is at most 64 layers high')
  for (let at = ZERO_ROOTS.length; at <= height; at++) {
    const below = ZERO_ROOTS[at - 1] as Uint8Array
    ZERO_ROOTS.push(parentHash(below, below))
  }
  return ZERO_ROOTS[height] as Uint8Array
}

/** SHA-256 of both, one after the other. */
export function parentHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = new Uint8Array(2 * HASH_LENGTH)
  both.set(left)
  both.set(right, HASH_LENGTH)
  return sha256(both)
}

/** The smallest power of two that is at least `count`; 1 for 0. */
export function powerOfTwoFrom(count: number): number {
  let power = 1
  while (power < count) power *= 2
  return power
}

/** Leaves below a hash `height` layers up: two to that power. */
export function widthOf(height: number): number {
  let width = 1
  for (let layer = 0; layer < height; layer++) width *= 2
  return width
}

/** log2 of a power of two. */
export function heightOf(width: number): number {
  let height = 0
  for (let left = width; left > 1; left /= 2) height++
  return height
}

/** SHA-256 of every 16 KiB block of `data`, concatenated; the last block may be short. */
export function merkleLeaves(data: Uint8Array): Uint8Array {
  const leaves = new Uint8Array(Math.ceil(data.length / BLOCK_LENGTH) * HASH_LENGTH)
  for (let at = 0, to = 0; at < data.length; at += BLOCK_LENGTH, to += HASH_LENGTH) {
    leaves.set(sha256(data.subarray(at, at + BLOCK_LENGTH)), to)
  }
  return leaves
}

/**
 * Root over concatenated hashes that lie `height` layers above the leaves, padded to `width` (a power of two; default:
 * the next one). From the leaf hashes of a piece: `merkleRoot(leaves, hashes.merkleWidth)`.
 */
export function merkleRoot(hashes: Uint8Array, width?: number, height = 0): Uint8Array {
  const count = hashes.length / HASH_LENGTH
  const padded = width ?? powerOfTwoFrom(count)
  invariant(Number.isInteger(count) && count > 0 && count <= padded, 'hashes fit the tree')
  invariant(powerOfTwoFrom(padded) === padded, 'a tree is a power of two wide')
  let layer = hashes
  let at = height
  for (let left = padded; left > 1; left /= 2) {
    layer = layerAbove(layer, at)
    at++
  }
  return layer.slice(0, HASH_LENGTH)
}

/** The layer above one that lies `height` above the leaves: half as many hashes, an odd end paired with a zero root. */
export function layerAbove(layer: Uint8Array, height: number): Uint8Array {
  const count = layer.length / HASH_LENGTH
  const above = new Uint8Array(Math.ceil(count / 2) * HASH_LENGTH)
  const whole = Math.floor(count / 2)
  for (let pair = 0; pair < whole; pair++) {
    const from = pair * 2 * HASH_LENGTH
    above.set(sha256(layer.subarray(from, from + 2 * HASH_LENGTH)), pair * HASH_LENGTH)
  }
  if (count % 2 === 1) {
    const last = layer.subarray(layer.length - HASH_LENGTH)
    above.set(parentHash(last, zeroRoot(height)), whole * HASH_LENGTH)
  }
  return above
}

/** Leaves that the tree over one piece is padded to: a whole piece's, or of a smaller file the next power of two of its own. */
export function pieceWidth(fileLength: number, pieceLength: number): number {
  const leaves = Math.ceil(fileLength / BLOCK_LENGTH)
  return fileLength <= pieceLength ? powerOfTwoFrom(leaves) : pieceLength / BLOCK_LENGTH
}

/** True when a piece layer has one hash for each piece of the file and hashes to its root. */
export function layerFits(
  layer: Uint8Array,
  file: { readonly length: number; readonly piecesRoot: Uint8Array },
  pieceLength: number,
): boolean {
  if (layer.length !== Math.ceil(file.length / pieceLength) * HASH_LENGTH) return false
  if (layer.length === 0) return false
  const height = heightOf(pieceLength / BLOCK_LENGTH)
  return bytesEqual(merkleRoot(layer, undefined, height), file.piecesRoot)
}
