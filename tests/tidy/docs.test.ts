// What the documents say is there is there: the drawing is current, walks and coverage name real files, every fault of
// docs/faults.md has the test that it names, and every changeset names a real package.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { drawHouse } from '../../scripts/house.ts'
import { ROOT, rooms } from '../support/sources.ts'

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

test('docs/house.svg is drawn from the imports as they are now (npm run house)', () => {
  expect(text('docs/house.svg')).toBe(drawHouse())
})

test.each([
  'docs/walks.md',
  'docs/coverage.md',
  'docs/faults.md',
  'ARCHITECTURE.md',
  'README.md',
  'CONTRIBUTING.md',
])('%s names only files that exist', (document) => {
  const named = [
    ...text(document).matchAll(
      /`((?:packages|apps|tests|scripts|docs|bench|examples)\/[\w./-]+\.\w+)`/g,
    ),
  ]
  for (const [, path] of named) expect(existsSync(join(ROOT, path as string)), path).toBe(true)
  const links = [...text(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
  for (const [, path] of links)
    expect(existsSync(join(ROOT, document, '..', path as string)), `${document}: ${path}`).toBe(
      true,
    )
})

test('every fault of docs/faults.md is in the name of a test of each file that it names', () => {
  const rows = [...text('docs/faults.md').matchAll(/^\| ([A-M]\d\d) \|.*\| ([^|]+) \|$/gm)]
  expect(rows.length).toBeGreaterThan(100)
  for (const [row, id, tests] of rows) {
    const paths = [...(tests as string).matchAll(/`([^`]+)`/g)].map(([, path]) => path as string)
    expect(paths, row).not.toEqual([])
    for (const path of paths)
      expect(text(path), `${path} has no test named [${id}]`).toMatch(
        new RegExp(`\\[[^\\]]*\\b${id}\\b[^\\]]*\\]`),
      )
  }
})

test('every changeset names packages that exist', () => {
  const names = new Set(rooms().map(({ name }) => `@bt/${name}`))
  for (const file of readdirSync(join(ROOT, '.changeset'))) {
    if (!file.endsWith('.md') || file === 'README.md') continue
    const head = text(`.changeset/${file}`).split('---')[1] ?? ''
    const named = [...head.matchAll(/"(.+?)":\s*(major|minor|patch)/g)].map(
      ([, name]) => name as string,
    )
    expect(named, file).not.toEqual([])
    for (const name of named) expect(names, file).toContain(name)
  }
})

test('every decision record has context, decision, consequences and what would change it', () => {
  const records = readdirSync(join(ROOT, 'docs/adr')).filter((name) => /^\d{4}-/.test(name))
  expect(records.length).toBeGreaterThan(5)
  for (const record of records)
    for (const head of ['Context', 'Decision', 'Consequences', 'What would make us change it'])
      expect(text(`docs/adr/${record}`), record).toContain(`## ${head}`)
})

test('no path of a particular machine stands in the project', () => {
  for (const document of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md'])
    expect(text(document)).not.toMatch(/(^|[\s`(])\/(home|root|work|Users)\//)
})
