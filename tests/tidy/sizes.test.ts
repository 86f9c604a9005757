// Small rooms: one idea a file, a header that says it, names that mean something.
import { readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, rooms, sources } from '../support/sources.ts'

/** Lines. Past this a file holds two ideas (docs/adr/0008-small-rooms.md). */
const LINES_MAX = 350
const VAGUE = /\/(util|utils|helper|helpers|common|misc|shared|types|manager)\.ts$/

for (const room of rooms()) {
  const files = sources(room)

  test(`${room.name}: no file is longer than ${LINES_MAX} lines`, () => {
    const long = files
      .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
      .filter(({ lines }) => lines > LINES_MAX)
    expect(long).toEqual([])
  })

  test(`${room.name}: every file begins with what it is`, () => {
    const bare = files.filter(({ text }) => !/^(#!.*\n)?\/\/ \S/.test(text)).map(({ path }) => path)
    expect(bare).toEqual([])
  })

  test(`${room.name}: no file has a name that says nothing, no default export, no export *`, () => {
    for (const { path, text } of files) {
      expect(path).not.toMatch(VAGUE)
      expect(text, path).not.toMatch(/^export default /m)
      expect(text, path).not.toMatch(/^export \*/m)
    }
  })

  test(`${room.name} has README, licence, description and engines`, () => {
    expect(existsSync(join(ROOT, room.folder, 'LICENSE'))).toBe(true)
    const readme = readFileSync(join(ROOT, room.folder, 'README.md'), 'utf8')
    expect(readme.length).toBeGreaterThan(400)
    const manifest = JSON.parse(
      readFileSync(join(ROOT, room.folder, 'package.json'), 'utf8'),
    ) as Record<string, unknown>
    expect(manifest['description']).toBeTypeOf('string')
    expect(manifest['engines']).toEqual({ node: '>=20.19.0' })
  })
}
