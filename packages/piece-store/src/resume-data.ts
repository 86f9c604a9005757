// Resume data as bytes: what was synced, what was only written, and how the files looked.
//
// Fixed layout, so that the length follows from the torrent; SHA-256 over all of it at the end. What is torn or
// changed anywhere is refused as a whole; nothing in it is believed further than the files agree (open.ts).
//
//   "btresume" · version u32 · infohash 20 · pieces u32 · files u32 · durable · written · in part · wanted
//   · (length f64, modified ms f64) for each file and the part file, length −1: not there · SHA-256
//
// Numbers are big-endian; bitfields in BEP 3 order.

import type { Metainfo } from '@bt/metainfo'
import {
  Bitfield,
  type ReadonlyBitfield,
  bytesEqual,
  idBytes,
  invariant,
  sha256,
} from '@bt/primitives'
import type { FileStat } from './file-facts.ts'

/** Layout above; another number is refused: a recheck costs time, a misreading would cost content. */
export const RESUME_VERSION = 1

const MAGIC = new TextEncoder().encode('btresume')
const HEAD_LENGTH = 40
const STAT_LENGTH = 16
const CHECKSUM_LENGTH = 32

export interface ResumeData {
  /** Had, and synced before this was written. */
  readonly durable: ReadonlyBitfield
  /** Written but not synced, or otherwise perhaps there: to be hashed before it is believed. */
  readonly written: ReadonlyBitfield
  /** Files whose bytes are in the part file. */
  readonly inPart: ReadonlyBitfield
  readonly wanted: ReadonlyBitfield
  /** Of each file, then the part file; undefined: not there. */
  readonly stats: readonly (FileStat | undefined)[]
}

export function encodeResume(metainfo: Metainfo, resume: ResumeData): Uint8Array {
  const bytes = new Uint8Array(resumeLength(metainfo))
  const view = new DataView(bytes.buffer)
  bytes.set(MAGIC)
  view.setUint32(8, RESUME_VERSION)
  bytes.set(identity(metainfo), 12)
  view.setUint32(32, metainfo.geometry.pieceCount)
  view.setUint32(36, metainfo.files.length)
  let at = HEAD_LENGTH
  for (const field of [resume.durable, resume.written, resume.inPart, resume.wanted]) {
    const raw = field.toBytes()
    bytes.set(raw, at)
    at += raw.length
  }
  for (const stat of resume.stats) {
    view.setFloat64(at, stat?.length ?? -1)
    view.setFloat64(at + 8, stat?.modifiedMs ?? 0)
    at += STAT_LENGTH
  }
  invariant(at + CHECKSUM_LENGTH === bytes.length, 'resume data has a fixed length')
  bytes.set(sha256(bytes.subarray(0, at)), at)
  return bytes
}

/** A word instead of data says why it is refused. */
export function decodeResume(
  metainfo: Metainfo,
  bytes: Uint8Array,
): ResumeData | 'RESUME_CORRUPT' | 'RESUME_VERSION' | 'RESUME_OTHER_TORRENT' {
  if (bytes.length < HEAD_LENGTH || !bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC)) {
    return 'RESUME_CORRUPT'
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(8) !== RESUME_VERSION) return 'RESUME_VERSION'
  const end = bytes.length - CHECKSUM_LENGTH
  if (end < HEAD_LENGTH || !bytesEqual(sha256(bytes.subarray(0, end)), bytes.subarray(end))) {
    return 'RESUME_CORRUPT'
  }
  const pieces = view.getUint32(32)
  const files = view.getUint32(36)
  if (
    !bytesEqual(bytes.subarray(12, 32), identity(metainfo)) ||
    pieces !== metainfo.geometry.pieceCount ||
    files !== metainfo.files.length
  ) {
    return 'RESUME_OTHER_TORRENT'
  }
  if (bytes.length !== resumeLength(metainfo)) return 'RESUME_CORRUPT'
  let at = HEAD_LENGTH
  const fields: Bitfield[] = []
  for (const length of [pieces, pieces, files, files]) {
    const raw = bytes.subarray(at, at + Math.ceil(length / 8))
    if (!Bitfield.fits(length, raw)) return 'RESUME_CORRUPT'
    fields.push(new Bitfield(length, raw))
    at += raw.length
  }
  const stats: (FileStat | undefined)[] = []
  for (let file = 0; file <= files; file++, at += STAT_LENGTH) {
    const length = view.getFloat64(at)
    stats.push(length < 0 ? undefined : { length, modifiedMs: view.getFloat64(at + 8) })
  }
  const [durable, written, inPart, wanted] = fields as [Bitfield, Bitfield, Bitfield, Bitfield]
  return { durable, written, inPart, wanted, stats }
}

function resumeLength(metainfo: Metainfo): number {
  const pieceBytes = Math.ceil(metainfo.geometry.pieceCount / 8)
  const fileBytes = Math.ceil(metainfo.files.length / 8)
  const stats = (metainfo.files.length + 1) * STAT_LENGTH
  return HEAD_LENGTH + 2 * pieceBytes + 2 * fileBytes + stats + CHECKSUM_LENGTH
}

function identity(metainfo: Metainfo): Uint8Array {
  const hash = metainfo.wireHashes[0]
  invariant(hash !== undefined, 'a torrent has an infohash')
  return idBytes(hash)
}
