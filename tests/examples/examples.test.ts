// Every example is run as a reader would run it: a process of its own, on loopback or in the simulator, to its own end.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { ROOT } from '../support/sources.ts'

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each()
})

const argumentsOf = (name: string, more: readonly string[]): string[] => [
  '--conditions=@bt/source',
  '--import',
  'tsx',
  join(ROOT, 'examples', name),
  ...more,
]

/** What it printed; throws, with what it said, when it did not exit with 0. */
async function ran(name: string, ...more: string[]): Promise<string> {
  const options = { cwd: ROOT, timeout: 60_000, env: { ...process.env, NO_COLOR: '1' } }
  const { stdout } = await promisify(execFile)(process.execPath, argumentsOf(name, more), options)
  return stdout
}

test('every example is at most 60 lines and has a test here', async () => {
  const own = await readFile(join(ROOT, 'tests/examples/examples.test.ts'), 'utf8')
  for (const name of await readdir(join(ROOT, 'examples'))) {
    const text = await readFile(join(ROOT, 'examples', name), 'utf8')
    expect(text.trimEnd().split('\n').length, name).toBeLessThanOrEqual(60)
    expect(own, name).toContain(`'${name}'`)
  }
})

test('the example in the README is examples/download.ts with the names filled in', async () => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const fence = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const example = await readFile(join(ROOT, 'examples/download.ts'), 'utf8')
  const code = (text: string): string[] =>
    text
      .split('\n')
      .map((line) => line.replace(/ *\/\/.*/, '').trim())
      .filter((line) => line !== '')
  const named = code(fence).map((line) =>
    line
      .replace("readFile('film.torrent')", 'readFile(file)')
      .replace("directory: 'downloads'", 'directory'),
  )
  expect(named.length).toBeGreaterThan(10)
  for (const line of named) expect(code(example), line).toContain(line)
})

test('seed.ts makes a torrent and seeds it to download.ts, which gets every byte', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bt-examples-'))
  cleanUp.push(() => rm(folder, { recursive: true, force: true }))
  const data = new Uint8Array(1_234_567).map((_, at) => (at * 7919) >> 3)
  await mkdir(join(folder, 'from'))
  const file = join(folder, 'from', 'film.bin')
  await writeFile(file, data)

  const seed = spawn(process.execPath, argumentsOf('seed.ts', [file]), { cwd: ROOT })
  cleanUp.push(() => seed.kill())
  const port = await portOf(seed)
  const ended = new Promise((resolve) => seed.once('exit', resolve))
  const said = await ran(
    'download.ts',
    `${file}.torrent`,
    join(folder, 'into'),
    `127.0.0.1:${port}`,
  )

  expect(said).toContain('complete: 1234567 bytes came, 0 of them for nothing')
  expect((await readFile(join(folder, 'into', 'film.bin'))).equals(data)).toBe(true)
  expect(await ended).toBe(0)
})

test('tracker-in-process.ts lets two sessions find each other', async () => {
  expect(await ran('tracker-in-process.ts')).toMatch(/^\d+ announces, 2 peers$/m)
})

test('simulate-two-peers.ts downloads through a broken link, and equally for equal seeds', async () => {
  const lines = (await ran('simulate-two-peers.ts')).trim().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^seed 7: 3000000 bytes in [\d.]+ s of virtual time$/)
  expect(lines[1]).toBe(lines[0])
  expect(lines[3]).toBe('the same seed, the same run')
})

test('own-policy.ts serves the office first', async () => {
  const lines = (await ran('own-policy.ts')).trim().split('\n')
  expect(lines).toHaveLength(4)
  expect(lines[0]).toMatch(/^office: peer 0 after/)
})

function portOf(seed: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    seed.once('exit', (code) => reject(new Error(`seed.ts ended with ${code} before it listened`)))
    if (seed.stdout === null) return
    createInterface({ input: seed.stdout }).on('line', (line) => {
      const port = /^seeding on port (\d+)$/.exec(line)?.[1]
      if (port !== undefined) resolve(port)
    })
  })
}
