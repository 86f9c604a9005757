// How the tests of this package write bytes and read errors.
import { BencodeError } from '../src/errors.ts'

/** Bytes of latin-1 text. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** Latin-1 text of bytes. */
export function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}

/** `CODE@offset` of the BencodeError that a call throws; `none` when it throws nothing. */
export function refusal(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    if (error instanceof BencodeError) return `${error.code}@${error.offset}`
    throw error
  }
  return 'none'
}
