// What must hold of every torrent that was accepted, whatever it said. Judged by Node's own path functions of both
// families and by plain lists, not by our rules. One answer for a whole torrent, as expectations cost time.
import { expect } from 'vitest'
import { posix, win32 } from 'node:path'
import type { Metainfo } from '@bt/metainfo'

const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i
const SEPARATOR = /[/\\:*?"<>|]/
const HIDDEN = /\p{Cc}|[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u2028\u2029]/u

export function expectSafe(torrent: Metainfo): void {
  expect(torrentFault(torrent)).toBeUndefined()
}

export function expectInside(path: readonly string[]): void {
  expect(pathFault(path)).toBeUndefined()
}

export function expectSafeName(name: string): void {
  expect(nameFault(name)).toBeUndefined()
}

function torrentFault(torrent: Metainfo): string | undefined {
  const seen = new Set<string>()
  const folders = new Set<string>()
  for (const file of torrent.files) {
    const path = torrent.layout === 'folder' ? [torrent.name, ...file.path] : file.path
    const fault =
      pathFault(path) ?? (file.symlink === undefined ? undefined : pathFault(file.symlink))
    if (fault !== undefined) return fault
    if (file.attributes?.includes('p')) continue
    const folded = path.map((name) => name.normalize('NFC').toLowerCase())
    const whole = folded.join('/')
    if (seen.has(whole)) return `${whole} twice`
    seen.add(whole)
    for (let depth = 1; depth < folded.length; depth++)
      folders.add(folded.slice(0, depth).join('/'))
  }
  for (const file of seen) if (folders.has(file)) return `${file} is a file and a folder`
  return nameFault(torrent.name)
}

function pathFault(path: readonly string[]): string | undefined {
  if (path.length === 0) return 'an empty path'
  for (const name of path) {
    const fault = nameFault(name)
    if (fault !== undefined) return fault
  }
  for (const family of [posix, win32]) {
    const root = family === posix ? '/srv/downloads' : 'C:\\srv\\downloads'
    const whole = family.resolve(root, ...path)
    if (!whole.startsWith(root + family.sep)) return `${whole} is outside`
    if (family.relative(root, whole) !== path.join(family.sep)) return `${whole} is elsewhere`
  }
  return undefined
}

function nameFault(name: string): string | undefined {
  const told = JSON.stringify(name)
  if (name === '') return 'an empty name'
  if (Buffer.byteLength(name) > 255) return `${told} is too long`
  if (Buffer.from(name).toString() !== name) return `${told} is no text`
  if (SEPARATOR.test(name)) return `${told} has a character that Windows or POSIX splits at`
  if (HIDDEN.test(name)) return `${told} has a character nobody sees`
  if (/[. ]$/.test(name)) return `${told} ends in a dot or space`
  return DEVICE.test(name) ? `${told} is a device` : undefined
}
