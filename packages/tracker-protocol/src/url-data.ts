// The options behind a UDP announce: path and query of the tracker's URL in pieces (BEP 41).
//
// EndOfOptions and NOP have no length byte, every other option has; an option of a later kind ends the reading.

import { extraQuery, withQuery } from './http-query.ts'
import { URL_DATA_LENGTH_MAX } from './tracker-limits.ts'

const END_OF_OPTIONS = 0
const NOP = 1
const URL_DATA = 2
/** Bytes of one option: its length has one byte. */
const OPTION_LENGTH_MAX = 255

/** What an announce over UDP says of a tracker's URL: path and query, and parameters of extensions after them. */
export function urlDataOf(
  path: string,
  query: string,
  extra: ReadonlyMap<string, string> = new Map(),
): string {
  if (path + query === '/' && extra.size === 0) return ''
  return withQuery(path + query, extraQuery(extra))
}

/** `urlData` as options; empty for empty. Text beyond `URL_DATA_LENGTH_MAX` bytes is not sent. */
export function encodeUrlData(urlData: string): Uint8Array {
  const text = new TextEncoder().encode(urlData).subarray(0, URL_DATA_LENGTH_MAX)
  if (text.length === 0) return new Uint8Array(0)
  const options: number[] = []
  for (let at = 0; at < text.length; at += OPTION_LENGTH_MAX) {
    const part = text.subarray(at, at + OPTION_LENGTH_MAX)
    options.push(URL_DATA, part.length, ...part)
  }
  options.push(END_OF_OPTIONS)
  return Uint8Array.from(options)
}

/** The pieces of URL data put together, as ASCII; what is cut off or too long is left out. */
export function readUrlData(options: Uint8Array): string {
  let text = ''
  for (let at = 0; at < options.length; ) {
    const kind = options[at++] as number
    if (kind === NOP) continue
    if (kind !== URL_DATA) break
    const length = options[at++]
    if (
      length === undefined ||
      at + length > options.length ||
      text.length + length > URL_DATA_LENGTH_MAX
    )
      break
    for (let end = at + length; at < end; at++) text += String.fromCharCode(options[at] as number)
  }
  return text
}
