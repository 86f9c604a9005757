// Other people's data beside the project: torrents, known answers, hostile inputs. Read, never copied.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, test } from 'vitest'

const ROOT = resolve(fileURLToPath(import.meta.url), '../../..')
const MISSING = 'external vectors not found (set BT_VECTORS)'

/** One case of a known-answer file; what else is in it depends on the file. */
export interface KatCase {
  readonly id: string
  readonly [fact: string]: unknown
}

export interface ManifestEntry {
  readonly file: string
  readonly kind: string
  readonly expected: {
    readonly outcome?: string
    readonly error_class?: string
    readonly [fact: string]: unknown
  }
  readonly [fact: string]: unknown
}

export interface Vectors {
  readonly folder: string
  bytes(file: string): Uint8Array
  kat(name: string): readonly KatCase[]
  manifest(): readonly ManifestEntry[]
}

/** The vectors, or undefined where they are not installed. */
export function findVectors(): Vectors | undefined {
  const folder = process.env['BT_VECTORS'] ?? join(ROOT, '../shared/vectors')
  if (!existsSync(join(folder, 'manifest.json'))) return undefined
  const json = (file: string): unknown => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return {
    folder,
    bytes: (file) => new Uint8Array(readFileSync(join(folder, file))),
    kat: (name) => (json(`kat/${name}.json`) as { cases: KatCase[] }).cases,
    manifest: () => (json('manifest.json') as { entries: ManifestEntry[] }).entries,
  }
}

/** A `describe` over the external vectors; one skipped test that says why where they are missing. */
export function describeVectors(name: string, suite: (vectors: Vectors) => void): void {
  const vectors = findVectors()
  if (vectors !== undefined) describe(name, () => suite(vectors))
  else if (process.env['BT_REQUIRE_VECTORS'] === '1') {
    test(name, () => {
      throw new Error(MISSING)
    })
  } else test.skip(`${name}: ${MISSING}`, () => {})
}
