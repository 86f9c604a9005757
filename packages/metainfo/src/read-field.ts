// Fields of a torrent read with the error that fits them, never a rounded or coerced value.

import type { LazyValue } from '@bt/bencode'
import { MetainfoError, type MetainfoErrorCode } from './errors.ts'

type Type = LazyValue['type']

/** The place of a key, present or not, for an error. */
export function placeOf(parent: LazyValue, key: string): string {
  return parent.path === '' ? key : `${parent.path}.${key}`
}

/** The value of a key that must be there and of this type. */
export function required(
  parent: LazyValue,
  key: string,
  type: Type,
  code: MetainfoErrorCode,
): LazyValue {
  const value = parent.get(key)
  if (value === undefined) throw new MetainfoError(code, placeOf(parent, key), 'is missing')
  return typed(value, type, code)
}

/** The value itself when it is of this type. */
export function typed(value: LazyValue, type: Type, code: MetainfoErrorCode): LazyValue {
  if (value.type === type) return value
  throw new MetainfoError(code, value.path, `is ${article(value.type)}, not ${article(type)}`)
}

/** The value of a key that may be there; undefined too when it is of another type. */
export function optional(parent: LazyValue, key: string, type: Type): LazyValue | undefined {
  const value = parent.get(key)
  return value?.type === type ? value : undefined
}

/** An integer, exact whatever its size. */
export function integerOf(value: LazyValue, code: MetainfoErrorCode): number | bigint {
  return typed(value, 'integer', code).value() as number | bigint
}

/** Letters of `attr` (BEP 47), each once and in order; undefined when there are none. */
export function attributesOf(file: LazyValue): string | undefined {
  const raw = optional(file, 'attr', 'string')?.bytes()
  if (raw === undefined) return undefined
  const letters = new Set<string>()
  for (const byte of raw.subarray(0, ATTRIBUTES_MAX)) {
    if (byte >= 0x61 && byte <= 0x7a) letters.add(String.fromCharCode(byte))
  }
  return letters.size === 0 ? undefined : [...letters].toSorted(byCode).join('')
}

/** Letters looked at; BEP 47 knows four. */
const ATTRIBUTES_MAX = 32

function byCode(one: string, other: string): number {
  return one.charCodeAt(0) - other.charCodeAt(0)
}

function article(type: Type): string {
  return type === 'integer' ? 'an integer' : `a ${type}`
}
