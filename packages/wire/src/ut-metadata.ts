// ut_metadata: the info dictionary in pieces of 16 KiB, from peer to peer (BEP 9).
//
// The data of a piece follows the dictionary in the same message, so what is decoded first says where it starts. The
// reject example printed in the BEP has msg_type 1; it is 2.

import { type BencodeValue, BencodeError, EXTENDED_LIMITS, decodePrefix, encode } from '@bt/bencode'
import { WireError } from './errors.ts'
import { METADATA_LENGTH_MAX, METADATA_PIECE_LENGTH } from './wire-limits.ts'

/** One message; `bytes` of a decoded one is a view of the payload. */
export type MetadataMessage =
  | { readonly type: 'request' | 'reject'; readonly piece: number }
  | {
      readonly type: 'data'
      readonly piece: number
      /** Length of the whole metadata. */
      readonly totalLength: number
      readonly bytes: Uint8Array
    }
  /** A kind from the future: to be ignored. */
  | { readonly type: 'unknown'; readonly messageType: number }

const PIECES_MAX = METADATA_LENGTH_MAX / METADATA_PIECE_LENGTH

/** How many bytes a piece of the metadata has; 0 past its end. */
export function metadataPieceLength(piece: number, totalLength: number): number {
  return Math.max(0, Math.min(METADATA_PIECE_LENGTH, totalLength - piece * METADATA_PIECE_LENGTH))
}

export function encodeMetadataMessage(
  message: Exclude<MetadataMessage, { readonly type: 'unknown' }>,
): Uint8Array {
  if (message.type !== 'data') {
    return encode({ msg_type: message.type === 'request' ? 0 : 2, piece: message.piece })
  }
  const head = encode({ msg_type: 1, piece: message.piece, total_size: message.totalLength })
  const payload = new Uint8Array(head.length + message.bytes.length)
  payload.set(head)
  payload.set(message.bytes, head.length)
  return payload
}

/**
 * Reads the payload of a ut_metadata message.
 * @throws {WireError} blame remote: MESSAGE_MALFORMED; OUT_OF_RANGE for a piece that no metadata has;
 *   MESSAGE_LENGTH_WRONG when the data is not as long as that piece of that metadata
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage {
  const { value, length } = decodeHead(payload)
  const messageType = integerAt(value, 'msg_type')
  if (messageType !== 0 && messageType !== 1 && messageType !== 2) {
    return { type: 'unknown', messageType }
  }
  const piece = integerAt(value, 'piece')
  if (piece < 0 || piece >= PIECES_MAX) {
    throw new WireError(
      'OUT_OF_RANGE',
      'remote',
      `metadata piece ${piece} of ${PIECES_MAX} at most`,
    )
  }
  if (messageType !== 1) return { type: messageType === 0 ? 'request' : 'reject', piece }
  const totalLength = integerAt(value, 'total_size')
  const bytes = payload.subarray(length)
  const right = metadataPieceLength(piece, totalLength)
  if (totalLength > METADATA_LENGTH_MAX || bytes.length === 0 || bytes.length !== right) {
    throw new WireError(
      'MESSAGE_LENGTH_WRONG',
      'remote',
      `metadata piece ${piece} with ${bytes.length} bytes, must be ${right} of ${totalLength}`,
    )
  }
  return { type: 'data', piece, totalLength, bytes }
}

function decodeHead(payload: Uint8Array): {
  readonly value: ReadonlyMap<string, BencodeValue>
  readonly length: number
} {
  try {
    const { value, length } = decodePrefix(payload, EXTENDED_LIMITS)
    if (value instanceof Map) return { value: value as ReadonlyMap<string, BencodeValue>, length }
  } catch (error) {
    if (!(error instanceof BencodeError)) throw error
    throw malformed(error.message, error)
  }
  throw malformed('not a dictionary')
}

function integerAt(value: ReadonlyMap<string, BencodeValue>, key: string): number {
  const found = value.get(key)
  if (typeof found === 'number') return found
  throw malformed(`${key} is not an integer below 2^53`)
}

function malformed(why: string, cause?: Error): WireError {
  const message = `a ut_metadata message that cannot be read: ${why}`
  return new WireError('MESSAGE_MALFORMED', 'remote', message, cause && { cause })
}
