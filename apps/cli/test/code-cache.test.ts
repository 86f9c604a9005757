// The bytecode that a command leaves for its next start: used, refused, not wanted, not writable.
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bt, fill, folder } from './bt.ts'

const LONG_AGO = new Date('2001-01-01')

/** A torrent, and a place for bytecode. */
async function made() {
  const root = folder()
  fill(root, { 'x.bin': 40_000 })
  await bt(['create', join(root, 'x.bin'), '-o', join(root, 'x.torrent')])
  const cache = join(root, 'cache')
  const kept = () => readdirSync(join(cache, 'bt-code')).map((name) => join(cache, 'bt-code', name))
  const show = (env: Readonly<Record<string, string>> = {}) =>
    bt(['show', join(root, 'x.torrent')], { env: { NODE_COMPILE_CACHE: cache, ...env } })
  return { root, cache, kept, show }
}

it('the first run leaves it, readable by nobody else, and the next one uses it', async () => {
  const { kept, show } = await made()
  const first = await show()
  const [path = '', ...others] = kept()
  expect(others).toEqual([])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  utimesSync(path, LONG_AGO, LONG_AGO)
  expect((await show()).stdout).toBe(first.stdout)
  // What V8 had refused would have been made anew.
  expect(statSync(path).mtimeMs).toBe(LONG_AGO.getTime())
})

it('what is no bytecode is refused and replaced', async () => {
  const { kept, show } = await made()
  const { stdout } = await show()
  const [path = ''] = kept()
  const { length } = readFileSync(path)
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(length, 0xdb)]) {
    writeFileSync(path, bytes)
    const { code, stdout: again } = await show()
    expect([code, again]).toEqual([0, stdout])
    expect(statSync(path).size).toBeGreaterThan(10_000)
    expect(readFileSync(path).equals(bytes)).toBe(false)
  }
})

it.skipIf(process.platform === 'win32')(
  'what others may write is not run, but replaced',
  async () => {
    const { kept, show } = await made()
    await show()
    const [path = ''] = kept()
    utimesSync(path, LONG_AGO, LONG_AGO)
    chmodSync(path, 0o622)
    expect((await show()).code).toBe(0)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  },
)

it('nothing is left where it is switched off, for help, and by a run that failed', async () => {
  const { root, kept, show, cache } = await made()
  expect((await show({ NODE_DISABLE_COMPILE_CACHE: '1' })).code).toBe(0)
  const env = { NODE_COMPILE_CACHE: cache }
  expect((await bt(['show', '--help'], { env })).code).toBe(0)
  expect((await bt(['show', join(root, 'absent')], { env })).code).not.toBe(0)
  expect(kept).toThrow(/ENOENT/)
})

it('a place that cannot be written changes nothing', async () => {
  const { root, show } = await made()
  const { code, stderr } = await show({ NODE_COMPILE_CACHE: join(root, 'x.bin') })
  expect([code, stderr]).toEqual([0, ''])
})

it('what other versions left goes when it is old', async () => {
  const { cache, kept, show } = await made()
  await show()
  const [path = ''] = kept()
  writeFileSync(path, '')
  const [old, fresh] = ['old', 'fresh'].map((name) => join(cache, 'bt-code', name)) as [
    string,
    string,
  ]
  writeFileSync(old, '')
  utimesSync(old, LONG_AGO, LONG_AGO)
  writeFileSync(fresh, '')
  await show()
  expect(kept().toSorted()).toEqual([path, fresh].toSorted())
})
