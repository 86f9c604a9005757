// npm bencode 4.0.1 has no types of its own.
declare module 'bencode' {
  interface Bencode {
    decode(data: unknown, start?: unknown, end?: unknown, encoding?: unknown): unknown
    encode(data: unknown, buffer?: Uint8Array, offset?: number): Uint8Array
    byteLength(value: unknown): number
    encodingLength(value: unknown): number
  }
  const bencode: Bencode
  export default bencode
}
