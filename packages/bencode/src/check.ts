// Whole documents, checked: strictly, or leniently with a list of what was let through.

import { BencodeError } from './errors.ts'
import type { DecodeLimits } from './limits.ts'
import { type Relaxation, RelaxationList } from './relaxation.ts'
import { DICT, ROW, scan, textStart, type Tokens } from './scan.ts'
import { latin1At } from './short-runs.ts'

/** One canonical value and nothing after it. */
export function checkStrict(bytes: Uint8Array, limits: DecodeLimits | undefined): Tokens {
  const tokens = scan(bytes, limits, undefined)
  const after = bytes.length - tokens.end
  if (after === 0) return tokens
  throw new BencodeError('TRAILING_BYTES', `${after} bytes after the value`, tokens.end)
}

/** One value that may depart from canonical form in the ways that `Relaxation` lists. */
export function checkLenient(
  bytes: Uint8Array,
  limits: DecodeLimits | undefined,
): { readonly tokens: Tokens; readonly relaxed: readonly Relaxation[] } {
  const relaxed = new RelaxationList()
  const tokens = scan(bytes, limits, relaxed)
  if (relaxed.has('KEY_ORDER')) noteHiddenRepeats(tokens, relaxed)
  if (tokens.end !== bytes.length) relaxed.note('TRAILING_BYTES', tokens.end)
  return { tokens, relaxed: relaxed.entries() }
}

/** The scan compares neighbours only, and notes those; among keys out of order equal ones need not be neighbours. */
function noteHiddenRepeats({ bytes, table, rows }: Tokens, relaxed: RelaxationList): void {
  for (let dict = 0; dict < rows; dict += ROW) {
    if (bytes[table[dict] as number] !== DICT) continue
    const until = table[dict + 2] as number
    const keys = new Set<string>()
    let before: string | undefined
    for (let row = dict + ROW; row < until; row = table[row + ROW + 2] as number) {
      const offset = table[row] as number
      const key = latin1At(bytes, textStart(bytes, offset), table[row + 1] as number)
      if (key !== before && keys.has(key)) relaxed.note('DUPLICATE_KEY', offset)
      keys.add(key)
      before = key
    }
  }
}
