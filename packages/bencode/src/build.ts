// Checked tokens → values, without a check and without recursion.

import { latin1At, SharedViews } from './short-runs.ts'
import { DICT, INTEGER, LIST, MINUS, ROW, textStart, ZERO } from './scan.ts'
import type { BencodeValue } from './value.ts'

type Container = BencodeValue[] | Map<string, BencodeValue>

/** Documents below this are messages, in which few byte strings repeat. */
const SHARED_FROM_LENGTH = 4096

/**
 * Makes the value of the checked token at row `from`, with all that is in it.
 *
 * With `mayRepeatKeys` the first of equal keys counts; canonical documents have none and need no look-up.
 */
export function build(
  bytes: Uint8Array,
  table: Int32Array,
  from: number,
  mayRepeatKeys: boolean,
): BencodeValue {
  const { buffer, byteOffset } = bytes
  const shared = bytes.length < SHARED_FROM_LENGTH ? undefined : new SharedViews(bytes)
  const outer: Container[] = []
  const outerUntil: number[] = []
  const outerIndex: number[] = []
  const outerKey: string[] = []
  let list: BencodeValue[] | undefined
  let dict: Map<string, BencodeValue> | undefined
  let index = 0
  let key = ''
  let until = -1
  let row = from
  for (;;) {
    let value: BencodeValue
    if (row === until) {
      value = (list ?? dict) as Container
      const parent = outer.pop()
      if (Array.isArray(parent)) {
        list = parent
        dict = undefined
      } else {
        list = undefined
        dict = parent
      }
      until = outerUntil.pop() as number
      index = outerIndex.pop() as number
      key = outerKey.pop() as string
    } else {
      let start = table[row] as number
      let end = table[row + 1] as number
      if (dict !== undefined) {
        key = latin1At(bytes, textStart(bytes, start), end)
        row += ROW
        start = table[row] as number
        end = table[row + 1] as number
      }
      const first = bytes[start]
      if ((first === LIST || first === DICT) && end - start > 2) {
        outer.push((list ?? dict) as Container)
        outerUntil.push(until)
        outerIndex.push(index)
        outerKey.push(key)
        until = table[row + 2] as number
        list = first === LIST ? Array<BencodeValue>(childCount(table, row)) : undefined
        dict = first === DICT ? new Map() : undefined
        index = 0
        row += ROW
        continue
      }
      row += ROW
      if (first === INTEGER) value = integerAt(bytes, start, end)
      else if (end - start === 2) value = EMPTY.get(first) as BencodeValue
      else {
        const text = textStart(bytes, start)
        value =
          shared === undefined
            ? new Uint8Array(buffer, byteOffset + text, end - text)
            : shared.at(text, end)
      }
    }
    if (list !== undefined) list[index++] = value
    else if (dict === undefined) return value
    else if (!mayRepeatKeys || !dict.has(key)) dict.set(key, value)
  }
}

/** `0:`, `le` and `de` are one and the same everywhere: two bytes of input shall not cost two hundred of memory. */
const EMPTY: ReadonlyMap<unknown, BencodeValue> = new Map<unknown, BencodeValue>([
  [ZERO, new Uint8Array(0)],
  [LIST, Object.freeze([])],
  [DICT, Object.defineProperty(new Map<string, BencodeValue>(), 'set', { value: readOnly })],
])

function readOnly(): never {
  throw new TypeError('a decoded dictionary is read-only; copy it with new Map(dictionary)')
}

/** So that arrays get their exact size: room to grow is what costs most when 10,000 short lists are made. */
function childCount(table: Int32Array, row: number): number {
  const until = table[row + 2] as number
  let count = 0
  for (let child = row + ROW; child < until; child = table[child + 2] as number) count++
  return count
}

/** The value of checked digits: exact, a number where it can be one. */
export function integerAt(bytes: Uint8Array, start: number, end: number): number | bigint {
  let at = start + 1
  const negative = bytes[at] === MINUS
  if (negative) at++
  if (end - at > SAFE_DIGITS + 1) return longInteger(bytes, at, end - 1, negative)
  let value = 0
  for (; at < end - 1; at++) value = value * 10 + ((bytes[at] as number) - ZERO)
  return negative && value !== 0 ? -value : value
}

/** Numbers of so many digits are all below 2^53. */
const SAFE_DIGITS = 15

function longInteger(
  bytes: Uint8Array,
  from: number,
  to: number,
  negative: boolean,
): number | bigint {
  let digits = ''
  for (let at = from; at < to; at++) digits += String.fromCharCode(bytes[at] as number)
  const exact = negative ? -BigInt(digits) : BigInt(digits)
  const rounded = Number(exact)
  return Number.isSafeInteger(rounded) ? rounded : exact
}
