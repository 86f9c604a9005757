// Short runs of bytes that documents repeat: the same few keys, the same folder names in every path.
//
// A small table of those seen of late answers a repeated run without making it anew. What is in the tables never
// changes a result, only its cost.

/** Longer runs are rarely repeated; the longest key of the BEPs' own has 19 bytes. */
const LENGTH_MAX = 24

const SLOT_BITS = 9
const SLOTS = 1 << SLOT_BITS

/** Text made of late, from any document; each entry at most 24 characters. */
const TEXTS: string[] = Array<string>(SLOTS).fill('')

/** Latin-1 text of a range: one character a byte. */
export function latin1At(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length === 0) return ''
  if (length > LENGTH_MAX) return latin1(bytes, start, end)
  const slot = slotOf(bytes, start, end)
  const kept = TEXTS[slot] as string
  if (kept.length === length) {
    let at = 0
    while (at < length && kept.charCodeAt(at) === bytes[start + at]) at++
    if (at === length) return kept
  }
  const made = latin1(bytes, start, end)
  TEXTS[slot] = made
  return made
}

/** Views of one document's byte strings, of which equal short ones are one and the same. */
export class SharedViews {
  readonly #bytes: Uint8Array
  readonly #kept: (Uint8Array | undefined)[] = Array<undefined>(SLOTS).fill(undefined)

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A view of a range, or of an equal one met before. */
  at(start: number, end: number): Uint8Array {
    const bytes = this.#bytes
    const length = end - start
    if (length === 0 || length > LENGTH_MAX) {
      return new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
    }
    const slot = slotOf(bytes, start, end)
    const kept = this.#kept[slot]
    if (kept !== undefined && kept.length === length) {
      let at = 0
      while (at < length && kept[at] === bytes[start + at]) at++
      if (at === length) return kept
    }
    const made = new Uint8Array(bytes.buffer, bytes.byteOffset + start, length)
    this.#kept[slot] = made
    return made
  }
}

/** Four bytes and the length tell most short runs apart. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  const first = bytes[start] as number
  const middle = bytes[start + (length >> 1)] as number
  const last = bytes[end - 1] as number
  const beforeLast = length > 1 ? (bytes[end - 2] as number) : 0
  const mixed = first | (middle << 8) | (beforeLast << 16) | (last << 24)
  return Math.imul(mixed ^ (length << 12), 0x9e3779b1) >>> (32 - SLOT_BITS)
}

/**
 * Up to twelve characters are joined in place, which engines keep as one flat string; beyond, pieces would stay a tree
 * that costs more to keep than to make. TextDecoder('latin1') would not do: it decodes windows-1252.
 */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let at = start
  if (end - start > 12) {
    for (; at < end; at += CHUNK) {
      const chunk = bytes.subarray(at, Math.min(at + CHUNK, end))
      text += String.fromCharCode.apply(null, chunk as unknown as number[])
    }
    return text
  }
  for (; end - at >= 4; at += 4) {
    text += String.fromCharCode(
      bytes[at] as number,
      bytes[at + 1] as number,
      bytes[at + 2] as number,
      bytes[at + 3] as number,
    )
  }
  for (; at < end; at++) text += String.fromCharCode(bytes[at] as number)
  return text
}

/** Characters made in one call: below every engine's limit of arguments. */
const CHUNK = 4096
