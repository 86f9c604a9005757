// Arrows between packages point down only, and only where layers.json allows them; no file takes part in a circle.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { importsOf, importTarget, ROOT, rooms, sources } from '../support/sources.ts'

interface Layers {
  readonly layers: Readonly<Record<string, readonly string[]>>
  readonly tests: Readonly<Record<string, readonly string[]>>
}
const { layers, tests } = JSON.parse(readFileSync(join(ROOT, 'layers.json'), 'utf8')) as Layers

describe('the allowed edges', () => {
  test('name every package and app, and nothing else', () => {
    expect(Object.keys(layers).toSorted()).toEqual(
      rooms()
        .map(({ name }) => name)
        .toSorted(),
    )
  })

  test('hold no circle', () => {
    const visit = (name: string, above: readonly string[]): void => {
      expect(above, `circle through ${name}`).not.toContain(name)
      for (const below of layers[name] ?? []) visit(below, [...above, name])
    }
    for (const name of Object.keys(layers)) visit(name, [])
  })
})

describe.each(rooms())('$name', (room) => {
  const files = sources(room)
  const allowed = layers[room.name] ?? []

  test('imports only the packages that layers.json allows', () => {
    for (const source of files) {
      for (const specifier of importsOf(source)) {
        const match = /^@bt\/([a-z-]+)(\/.*)?$/.exec(specifier)
        if (match === null) continue
        expect(allowed, `${source.path} imports ${specifier}`).toContain(match[1])
        expect(['', '/contract', '/compat', '/classic'], `${source.path}: deep import`).toContain(
          match[2] ?? '',
        )
      }
    }
  })

  test('declares exactly what it imports', () => {
    const declared = JSON.parse(readFileSync(join(ROOT, room.folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>
      devDependencies?: Record<string, string>
    }
    const of = (group: Record<string, string> | undefined): string[] =>
      Object.keys(group ?? {})
        .filter((name) => name.startsWith('@bt/'))
        .map((name) => name.slice(4))
    expect(of(declared.dependencies).toSorted()).toEqual([...allowed].toSorted())
    for (const name of of(declared.devDependencies))
      expect(tests[room.name] ?? [], `a test edge of ${room.name}`).toContain(name)
  })

  test('stays inside its own folder with relative imports', () => {
    for (const source of files)
      for (const specifier of importsOf(source))
        if (specifier.startsWith('.'))
          expect(importTarget(source, specifier), source.path).toMatch(
            new RegExp(`^${room.folder}/`),
          )
  })

  test('has no circle of files', () => {
    const edges = new Map(
      files.map((source) => [
        source.path,
        importsOf(source)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => importTarget(source, specifier)),
      ]),
    )
    const done = new Set<string>()
    const visit = (path: string, above: readonly string[]): void => {
      if (above.includes(path)) throw new Error(`circle: ${[...above, path].join(' → ')}`)
      if (done.has(path)) return
      for (const next of edges.get(path) ?? []) visit(next, [...above, path])
      done.add(path)
    }
    for (const path of edges.keys()) visit(path, [])
  })
})
