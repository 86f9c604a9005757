// Bytes with a known value at every place, so that a stream can be checked as it arrives and never stored.

/** The byte at `offset` of stream `stream`: no period that a block or page size divides. */
export function byteAt(stream: number, offset: number): number {
  return (
    (Math.imul(offset + 1, 31) + (offset >>> 8) * 7 + (offset >>> 16) * 13 + stream * 101) & 255
  )
}

/** `length` bytes of stream `stream` from `offset` on. */
export function content(stream: number, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = byteAt(stream, offset + at)
  return bytes
}

/** Checks a stream chunk by chunk. */
export class StreamCheck {
  readonly #stream: number
  length = 0
  /** What was wrong first. */
  fault: string | undefined

  constructor(stream: number) {
    this.#stream = stream
  }

  take(chunk: Uint8Array): void {
    if (chunk.length === 0) this.fault ??= 'an empty chunk was delivered'
    for (let at = 0; at < chunk.length; at++) {
      const expected = byteAt(this.#stream, this.length + at)
      if (chunk[at] !== expected) {
        this.fault ??= `byte ${this.length + at} is ${chunk[at]}, expected ${expected}`
      }
    }
    this.length += chunk.length
  }
}
