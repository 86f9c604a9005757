// lt_donthave: "I no longer have this piece" (BEP 54). Four bytes under an extension id.

import { WireError } from './errors.ts'

export function encodeDontHave(piece: number): Uint8Array {
  return Uint8Array.of(piece >>> 24, piece >>> 16, piece >>> 8, piece)
}

/** The piece. @throws {WireError} MESSAGE_LENGTH_WRONG, blame remote */
export function decodeDontHave(payload: Uint8Array): number {
  if (payload.length !== 4) {
    throw new WireError(
      'MESSAGE_LENGTH_WRONG',
      'remote',
      `an lt_donthave message of ${payload.length} bytes, must be 4`,
    )
  }
  const [first = 0, second = 0, third = 0, fourth = 0] = payload
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0
}
