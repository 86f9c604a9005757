// Text from a stranger, made fit for a terminal or a log line.

import { TEXT_LENGTH_MAX } from './tracker-limits.ts'

/**
 * UTF-8 with everything that could steer a terminal or reorder a line escaped (control characters, bidi marks,
 * bytes that are not UTF-8), cut to `TEXT_LENGTH_MAX`.
 */
export function printable(bytes: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(bytes.subarray(0, 4 * TEXT_LENGTH_MAX))
  let shown = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    shown += isHarmless(code) ? character : `\\u{${code.toString(16)}}`
    if (shown.length >= TEXT_LENGTH_MAX) return `${shown.slice(0, TEXT_LENGTH_MAX)}…`
  }
  return shown
}

function isHarmless(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return false
  if (code === 0x61c) return false
  if (code >= 0x200b && code <= 0x200f) return false
  if (code >= 0x2028 && code <= 0x202e) return false
  if (code >= 0x2060 && code <= 0x206f) return false
  return code !== 0xfeff && code !== 0xfffd
}
