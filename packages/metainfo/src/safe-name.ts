// One path element made safe for every platform: the same name wherever the torrent is loaded.
//
// Follows libtorrent where it has a rule (dropped separators and direction marks, '_' for what cannot be shown, the
// extension kept when a name is cut), so that data laid out by others is found; adds what Windows and macOS need.
// Bytes are decoded once; nothing is ever unescaped.

import { keyOfBytes, textOfBytes } from '@bt/bencode'
import { NAME_BYTES_MAX } from './metainfo-limits.ts'

/** What is put where a character cannot stand. */
const BLANK = '_'

/** What is left of a stem that is cut, and the longest extension that is kept behind it, dot included: libtorrent's numbers, in bytes. */
const STEM_BYTES = 240
const EXTENSION_BYTES_MAX = 9

/** Names that Windows takes for devices, with any extension; ¹ ² ³ count as digits there. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i

/** What most names are: harmless letters, no dot or space at the end, not too long. */
const PLAIN = /^[\w .,;'()[\]{}&+@!#$%^=~-]{0,254}[\w,;'()[\]{}&+@!#$%^=~-]$/

/**
 * The safe name, or undefined for '.' and '..', which name no entry of their own and are left out of a path.
 * The result is never empty, has no separator, no control or direction character, no character or ending that Windows
 * refuses, and at most 255 bytes of UTF-8.
 */
export function safeName(raw: Uint8Array): string | undefined {
  const text = decodeUtf8(raw)
  if (PLAIN.test(text) && !DEVICE.test(text)) return text
  if (text === '.' || text === '..') return undefined
  let name = ''
  for (const character of text) {
    const code = character.codePointAt(0) as number
    if (isDropped(code)) continue
    name += isRefused(code) ? BLANK : character
  }
  name = trimEnd(name)
  if (DEVICE.test(name)) name = BLANK + name
  if (utf8Length(name) > NAME_BYTES_MAX) name = trimEnd(cutName(name))
  return name === '' ? BLANK : name
}

/** The safe name, or undefined also when nothing is left of it: a torrent called "/" has no name. */
export function tellingName(raw: Uint8Array): string | undefined {
  const name = safeName(raw)
  if (name !== BLANK) return name
  for (const character of decodeUtf8(raw)) {
    if (!isDropped(character.codePointAt(0) as number)) return name
  }
  return undefined
}

/** `name` with a number before its extension ("bar.1.txt"), still within the bytes a name may have. */
export function numberedName(name: string, number: number): string {
  const { stem, extension } = splitName(name)
  const suffix = `.${number}${extension}`
  return cutText(stem, NAME_BYTES_MAX - utf8Length(suffix)) + suffix
}

/** What two names have in common when some file system takes them for one: case, accents written in two ways, unseen joiners. */
export function foldName(name: string): string {
  if (isAscii(name)) return name.toLowerCase()
  return name.normalize('NFD').toUpperCase().toLowerCase().normalize('NFD').replace(UNSEEN, '')
}

/** Bytes of the UTF-8 of a text. */
export function utf8Length(text: string): number {
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) length += 1
    else if (code < 0x800) length += 2
    else if (code >= 0xd800 && code < 0xdc00) {
      length += 4
      at++
    } else length += 3
  }
  return length
}

/**
 * Text of bytes that should be UTF-8; '_' for each sequence that is not. A sequence is as long as its first byte says,
 * whatever follows, as libtorrent has it.
 */
export function decodeUtf8(raw: Uint8Array): string {
  let all = 0
  for (const byte of raw) all |= byte
  if (all < 0x80) return keyOfBytes(raw)
  const text = textOfBytes(raw)
  if (text !== undefined) return text
  let pieced = ''
  let valid = 0
  for (let at = 0; at < raw.length; ) {
    const length = sequenceLength(raw[at] as number)
    if (isSequence(raw, at, length)) {
      at += length
      continue
    }
    if (at > valid) pieced += textOfBytes(raw.subarray(valid, at)) as string
    pieced += BLANK
    at += Math.max(1, length)
    valid = at
  }
  return valid < raw.length ? pieced + (textOfBytes(raw.subarray(valid)) as string) : pieced
}

/** Bytes of the sequence that a byte begins; 0 when it begins none. */
function sequenceLength(first: number): number {
  if (first < 0x80) return 1
  if (first < 0xc0) return 0
  if (first < 0xe0) return 2
  if (first < 0xf0) return 3
  if (first < 0xf8) return 4
  return first < 0xfc ? 5 : 0
}

/** True when a sequence is whole, as short as it can be, and no half of a surrogate pair. */
function isSequence(raw: Uint8Array, at: number, length: number): boolean {
  if (length === 1) return true
  if (length < 2 || length > 4 || at + length > raw.length) return false
  let code = (raw[at] as number) & (0x7f >> length)
  for (let next = at + 1; next < at + length; next++) {
    const byte = raw[next] as number
    if ((byte & 0xc0) !== 0x80) return false
    code = code * 64 + (byte & 0x3f)
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000
  return code >= least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
}

/** Zero-width joiners matter to emoji and Persian, so they stay in names, but two names may not differ by them alone. */
const UNSEEN = /\u200c|\u200d|[\ufe00-\ufe0f]/gu

/** The stem is cut, a short extension kept, no character split. */
function cutName(name: string): string {
  const { stem, extension } = splitName(name)
  return cutText(stem, STEM_BYTES) + extension
}

function splitName(name: string): { readonly stem: string; readonly extension: string } {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot) : ''
  if (extension === '' || utf8Length(extension) > EXTENSION_BYTES_MAX) {
    return { stem: name, extension: '' }
  }
  return { stem: name.slice(0, dot), extension }
}

function cutText(text: string, bytesMax: number): string {
  let end = 0
  let length = 0
  for (const character of text) {
    length += utf8Length(character)
    if (length > bytesMax) break
    end += character.length
  }
  return text.slice(0, end)
}

/** Windows drops dots and spaces at the end of a name without a word, so two names would be one. */
function trimEnd(name: string): string {
  let end = name.length
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end--
  return name.slice(0, end)
}

/** Separators, marks that turn the direction of text, and characters nobody sees. */
function isDropped(code: number): boolean {
  if (code === 0x2f || code === 0x5c) return true
  if (code === 0x61c || code === 0x200b || code === 0x2060 || code === 0xfeff) return true
  if (code === 0x200e || code === 0x200f) return true
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069)
}

/** Control characters (C0, DEL, C1, line and paragraph separators) and what Windows refuses: " * : < > ? | */
function isRefused(code: number): boolean {
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || code === 0x2028 || code === 0x2029) {
    return true
  }
  return (
    code === 0x22 ||
    code === 0x2a ||
    code === 0x3a ||
    code === 0x3c ||
    code === 0x3e ||
    code === 0x3f ||
    code === 0x7c
  )
}

function isAscii(name: string): boolean {
  for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) >= 0x80) return false
  return true
}
