// upload_only as a message: a peer has become, or is no longer, a (partial) seed (BEP 21, libtorrent's extension).

import { WireError } from './errors.ts'

export function encodeUploadOnly(uploadOnly: boolean): Uint8Array {
  return Uint8Array.of(uploadOnly ? 1 : 0)
}

/** @throws {WireError} MESSAGE_LENGTH_WRONG, blame remote */
export function decodeUploadOnly(payload: Uint8Array): boolean {
  if (payload.length !== 1) {
    throw new WireError(
      'MESSAGE_LENGTH_WRONG',
      'remote',
      `an upload_only message of ${payload.length} bytes, must be 1`,
    )
  }
  return payload[0] !== 0
}
