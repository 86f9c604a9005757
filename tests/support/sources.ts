// The project's own source files and what they import, for the tests that keep the house in order.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(fileURLToPath(import.meta.url), '../../..')

export interface Room {
  /** Short name: 'wire', 'cli'. */
  readonly name: string
  /** Folder from the root: 'packages/wire'. */
  readonly folder: string
}

export interface Source {
  readonly room: Room
  /** Path from the root. */
  readonly path: string
  readonly text: string
}

/** Packages first, then apps, each in the order of its name. */
export function rooms(): readonly Room[] {
  return ['packages', 'apps'].flatMap((above) =>
    readdirSync(join(ROOT, above))
      .filter((name) => existsSync(join(ROOT, above, name, 'package.json')))
      .toSorted()
      .map((name) => ({ name, folder: `${above}/${name}` })),
  )
}

/** Every file below `src` (and `contract`) of a room. */
export function sources(room: Room): readonly Source[] {
  return ['src', 'contract'].flatMap((folder) =>
    filesBelow(join(ROOT, room.folder, folder))
      .filter((path) => /\.(ts|js|mjs)$/.test(path))
      .map((path) => ({
        room,
        path: relative(ROOT, path),
        text: readFileSync(path, 'utf8'),
      })),
  )
}

/** What a file imports, as written: './x.ts', '@bt/wire', 'node:fs'. */
export function importsOf(source: Source): readonly string[] {
  const found = new Set<string>()
  const code = withoutComments(source.text)
  for (const match of code.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'"\n]*?(?:\{[^}]*\})?[^'"\n]*?from\s*['"]([^'"]+)['"]/g,
  ))
    found.add(match[1] as string)
  for (const match of code.matchAll(/\bimport\s*\(\s*['"]([^'"]+)['"]/g))
    found.add(match[1] as string)
  for (const match of code.matchAll(/(?:^|\n)\s*import\s+['"]([^'"]+)['"]/g))
    found.add(match[1] as string)
  return [...found]
}

/** The path from the root that a relative import of `source` means. */
export function importTarget(source: Source, specifier: string): string {
  return relative(ROOT, join(ROOT, dirname(source.path), specifier))
}

/** Code without its comments; strings stay. Lines keep their numbers. */
export function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
    (all, string: string | undefined) => string ?? all.replace(/[^\n]/g, ' '),
  )
}

export function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const path = join(folder, name)
      if (name === 'node_modules' || name === 'dist') return []
      return statSync(path).isDirectory() ? filesBelow(path) : [path]
    })
}
