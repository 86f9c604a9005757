// One file as a torrent describes it, before its path is made safe; and its symbolic link, which v1 and v2 write alike.

import type { LazyValue } from '@bt/bencode'
import { MetainfoError } from './errors.ts'
import { optional, typed } from './read-field.ts'

export interface RawFile {
  /** Path elements as bytes; for a single file its name alone. At least one. */
  readonly path: readonly Uint8Array[]
  /** `path` where `path.utf-8` was taken for showing: what a hybrid's two lists are compared by. */
  readonly pathCompared: readonly Uint8Array[]
  readonly length: number | bigint
  readonly pad: boolean
  readonly attributes: string | undefined
  readonly piecesRoot: Uint8Array | undefined
  readonly symlink: readonly Uint8Array[] | undefined
  /** Where it stands; its path is worked out only for an error. */
  readonly source: LazyValue
}

/** The elements of a list of strings; undefined when it is no such list or is empty. */
export function elementsOf(value: LazyValue | undefined): readonly Uint8Array[] | undefined {
  if (value?.type !== 'list') return undefined
  const elements: Uint8Array[] = []
  for (const element of value.items()) {
    if (element.type !== 'string') return undefined
    elements.push(element.bytes())
  }
  return elements.length === 0 ? undefined : elements
}

/** The target of a symbolic link, as bytes; undefined for anything else. A link has a target and no content (BEP 47). */
export function symlinkOf(
  file: LazyValue,
  attributes: string | undefined,
  length: number | bigint,
): readonly Uint8Array[] | undefined {
  if (attributes === undefined || !attributes.includes('l')) return undefined
  if (length !== 0) {
    const what = `is ${length}, but a symbolic link has no content`
    throw new MetainfoError('BAD_SYMLINK', `${file.path}.length`, what)
  }
  const target = optional(file, 'symlink path', 'list')
  const elements = elementsOf(target)
  if (elements !== undefined) return elements
  throw new MetainfoError('BAD_SYMLINK', `${file.path}.symlink path`, 'does not name a target')
}

/** A length that is whole, not negative and at most `max`. A link may leave it out. */
export function lengthOf(file: LazyValue, max: number, isLink: boolean): number | bigint {
  const value = file.get('length')
  if (value === undefined) {
    if (isLink) return 0
    throw new MetainfoError('BAD_LENGTH', `${file.path}.length`, 'is missing')
  }
  const length = typed(value, 'integer', 'BAD_LENGTH').value() as number | bigint
  if (length >= 0 && length <= max) return length
  throw new MetainfoError('BAD_LENGTH', value.path, `is ${length}, allowed are 0 to ${BigInt(max)}`)
}
