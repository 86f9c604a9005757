// Half-words from one memory to another, two at a time: V8 checks bounds at each step, so fewer steps are cheaper, and a
// copy by `set` would make a view for each.

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** The same memory as half-words and as words; it begins at a multiple of four bytes. */
export interface Halves {
  readonly halves: Uint16Array
  readonly words: Uint32Array
}

export function halvesOf(halves: Uint16Array): Halves {
  const { buffer, byteOffset, length } = halves
  return { halves, words: new Uint32Array(buffer, byteOffset, length >> 1) }
}

/** Copies `length` half-words from `from` of `source` to `to` of `target`. */
export function copyHalves(
  source: Halves,
  from: number,
  target: Halves,
  to: number,
  length: number,
): void {
  const { halves: read, words: readWords } = source
  const { halves: write, words: writeWords } = target
  let at = from
  let put = to
  const end = to + length
  if ((put & 1) === 1 && put < end) write[put++] = read[at++] as number
  const pairs = (end - put) >> 1
  let word = at >> 1
  const first = put >> 1
  if ((at & 1) === 0)
    for (let pair = 0; pair < pairs; pair++) writeWords[first + pair] = readWords[word++] as number
  else if (IS_LITTLE_ENDIAN) {
    let before = readWords[word] as number
    for (let pair = 0; pair < pairs; pair++) {
      const next = readWords[++word] as number
      writeWords[first + pair] = (before >>> 16) | (next << 16)
      before = next
    }
  } else for (let half = 0; half < 2 * pairs; half++) write[put + half] = read[at + half] as number
  at += 2 * pairs
  put += 2 * pairs
  if (put < end) write[put] = read[at] as number
}
