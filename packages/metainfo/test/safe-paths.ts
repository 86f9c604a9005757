// What must hold of every torrent that was accepted, whatever it said.
import { expect } from 'vitest'
import { posix, win32 } from 'node:path'
import type { Metainfo } from '@bt/metainfo'

const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)/i

/** Judged by Node's own path functions of both families, not by our rules. */
export function expectSafe(torrent: Metainfo): void {
  const seen = new Set<string>()
  const folders = new Set<string>()
  const files: string[] = []
  expectSafeName(torrent.name)
  for (const file of torrent.files) {
    const path = torrent.layout === 'folder' ? [torrent.name, ...file.path] : file.path
    expectInside(path)
    if (file.symlink !== undefined) expectInside(file.symlink)
    if (file.attributes?.includes('p')) continue
    const folded = path.map((name) => name.normalize('NFC').toLowerCase())
    const whole = folded.join('/')
    expect(seen.has(whole), `${whole} twice`).toBe(false)
    seen.add(whole)
    files.push(whole)
    for (let depth = 1; depth < folded.length; depth++)
      folders.add(folded.slice(0, depth).join('/'))
  }
  for (const file of files) expect(folders.has(file), `${file} is file and folder`).toBe(false)
}

export function expectInside(path: readonly string[]): void {
  expect(path.length).toBeGreaterThan(0)
  for (const name of path) expectSafeName(name)
  for (const family of [posix, win32]) {
    const root = family === posix ? '/root/downloads' : 'C:\\root\\downloads'
    const whole = family.resolve(root, ...path)
    expect(whole.startsWith(root + family.sep), whole).toBe(true)
    expect(family.relative(root, whole).split(family.sep)).toEqual([...path])
  }
}

export function expectSafeName(name: string): void {
  expect(name).not.toBe('')
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255)
  expect(Buffer.from(name).toString()).toBe(name)
  expect(name).not.toMatch(/[/\\:*?"<>|]/)
  expect(name).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\u2028\u2029]/u)
  expect(name).not.toMatch(/[. ]$/)
  expect(name).not.toMatch(DEVICE)
}
