// create, show, magnet, verify: the built program, its files read back by other means.
import { createHash } from 'node:crypto'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import bencode from 'bencode'
import { describe, expect, it } from 'vitest'
import { bt, fill, folder } from './bt.ts'

const SHOW_FIELDS = [
  'file',
  'infoHash',
  'infoHashV2',
  'version',
  'name',
  'totalLength',
  'pieceLength',
  'pieceCount',
  'private',
  'files',
  'trackers',
  'webSeeds',
  'comment',
  'createdBy',
  'creationDate',
]

describe('bt create', () => {
  it('makes a torrent whose infohash is the SHA-1 of its info dictionary, and says so', async () => {
    const cwd = folder()
    fill(cwd, { 'things/a': 50_000, 'things/b/c': 1, 'things/empty': 0 })
    const args = [
      'create',
      'things',
      '--tracker',
      'http://t.example/announce',
      '--private',
      '--json',
    ]
    const { code, events } = await bt(args, { cwd })
    expect(code).toBe(0)
    const torrent = bencode.decode(readFileSync(join(cwd, 'things.torrent'))) as { info: object }
    const info = bencode.encode(torrent.info)
    const infoHash = createHash('sha1').update(info).digest('hex')
    expect(events.at(-1)).toMatchObject({
      event: 'created',
      file: 'things.torrent',
      infoHash,
      infoHashV2: null,
      totalLength: 50_001,
      magnet: `magnet:?xt=urn:btih:${infoHash}&dn=things&tr=http%3A%2F%2Ft.example%2Fannounce`,
    })
  })

  it.each(['1', '2', 'hybrid'])(
    'makes the same version %s torrent on one thread or four',
    async (version) => {
      const cwd = folder()
      fill(cwd, { 'c/a': 300_000, 'c/b': 20_000, 'c/z': 1 })
      const make = async (threads: string): Promise<unknown> => {
        const args = ['create', 'c', '--version', version, '--threads', threads, '--json']
        const { events } = await bt([...args, '-o', `${threads}.torrent`], { cwd })
        const { infoHash, infoHashV2 } = events.at(-1) as Record<string, unknown>
        return { infoHash, infoHashV2 }
      }
      const one = await make('1')
      expect(await make('4')).toEqual(one)
      const info = (name: string): Buffer => {
        const bytes = readFileSync(join(cwd, name))
        return bytes.subarray(bytes.indexOf('4:info'))
      }
      expect(info('1.torrent').equals(info('4.torrent'))).toBe(true)
    },
  )

  it('takes another name, a comment and web seeds', async () => {
    const cwd = folder()
    fill(cwd, { a: 10 })
    const words = ['--name', 'other', '--comment', 'a word', '--web-seed', 'http://w.example/']
    expect((await bt(['create', 'a', ...words], { cwd })).code).toBe(0)
    const [shown] = (await bt(['show', 'other.torrent', '--json'], { cwd })).events
    expect(shown).toMatchObject({
      name: 'other',
      comment: 'a word',
      webSeeds: ['http://w.example/'],
      files: [{ path: ['other'], length: 10 }],
    })
  })
})

describe('bt show', () => {
  it('--json has exactly the fields of the contract, in order', async () => {
    const cwd = folder()
    fill(cwd, { a: 10 })
    await bt(['create', 'a'], { cwd })
    const [shown] = (await bt(['show', 'a.torrent', '--json'], { cwd })).events
    expect(Object.keys(shown ?? {})).toEqual(SHOW_FIELDS)
    const [file] = (shown?.['files'] ?? []) as object[]
    expect(Object.keys(file ?? {})).toEqual(['path', 'length', 'attributes'])
  })

  it('[K09] shows the readable ones of several in order; one that is not makes it exit 3', async () => {
    const cwd = folder()
    fill(cwd, { a: 10, bad: 'd1:ae' })
    await bt(['create', 'a'], { cwd })
    const sources = ['a.torrent', 'bad', 'missing', 'a.torrent']
    const { code, events } = await bt(['show', '--json', ...sources], { cwd })
    expect(code).toBe(3)
    expect(events.map(({ file }) => file)).toEqual(sources)
    expect(Object.keys(events[1]?.['error'] as object)).toEqual(['code', 'message', 'offset'])
    expect(Object.keys(events[2]?.['error'] as object)).toEqual(['code', 'message'])
    expect(events[3]).toEqual(events[0])
    const plain = await bt(['show', ...sources], { cwd })
    expect(plain.code).toBe(3)
    expect(plain.stdout.match(/^name {8}a$/gm)).toHaveLength(2)
  })

  it('a stranger’s text cannot steer the terminal', async () => {
    const cwd = folder()
    const info = { length: 1, name: 'x', 'piece length': 16_384, pieces: Buffer.alloc(20) }
    const torrent = { comment: 'a\u001B[2Jb\nname        forged', info }
    writeFileSync(join(cwd, 'x.torrent'), bencode.encode(torrent))
    const { stdout } = await bt(['show', 'x.torrent'], { cwd })
    expect(stdout).not.toContain('\u001B')
    expect(stdout.match(/^name/gm)).toHaveLength(1)
  })

  it('a torrent whose piece layer is wrong is shown beside what is wrong, and exits 3', async () => {
    const cwd = folder()
    fill(cwd, { a: 100_000 })
    const create = ['create', 'a', '--version', '2', '--piece-length', '16KiB', '-o', 'a.torrent']
    expect((await bt(create, { cwd })).code).toBe(0)
    const bytes = readFileSync(join(cwd, 'a.torrent'))
    // The layer is the last string, before the ends of its dictionary and of the torrent.
    bytes[bytes.length - 3]! ^= 1
    writeFileSync(join(cwd, 'wrong.torrent'), bytes)
    const { code, events } = await bt(['show', '--json', 'wrong.torrent'], { cwd })
    expect(code).toBe(3)
    expect(events).toMatchObject([
      { file: 'wrong.torrent', totalLength: 100_000, error: { code: 'BAD_PIECE_LAYER' } },
    ])
    const plain = await bt(['show', 'wrong.torrent'], { cwd })
    expect(plain.stdout).toContain('7 of 16.0 KiB')
    expect(plain.stderr).toContain('does not lead to it')
    const into = ['download', 'wrong.torrent', '-o', 'here']
    expect((await bt(into, { cwd })).code).toBe(3)
  })

  it('a magnet link is shown, and is what bt magnet printed', async () => {
    const cwd = folder()
    fill(cwd, { 'a b': 10 })
    await bt(['create', 'a b', '-o', 't', '--tracker', 'udp://t.example:1/a'], { cwd })
    const link = (await bt(['magnet', 't'], { cwd })).stdout.trim()
    const [torrent] = (await bt(['show', 't', '--json'], { cwd })).events
    const [magnet] = (await bt(['show', link, '--json'], { cwd })).events
    expect(magnet).toMatchObject({
      file: link,
      infoHash: torrent?.['infoHash'],
      name: 'a b',
      trackers: [['udp://t.example:1/a']],
    })
  })
})

describe('bt verify', () => {
  it.each(['1', '2', 'hybrid'])(
    'tells complete from not, file by file, for version %s',
    async (version) => {
      const cwd = folder()
      fill(cwd, { 'c/a': 100_000, 'c/b': 40_000, 'c/empty': 0 })
      await bt(['create', 'c', '-o', 't', '--version', version], { cwd })
      const good = await bt(['verify', 't', '.', '--json'], { cwd })
      expect(good.code).toBe(0)
      expect(good.events.at(-1)).toMatchObject({
        event: 'verified',
        complete: true,
        wrongFiles: [],
      })
      const bytes = readFileSync(join(cwd, 'c/b'))
      bytes[39_999] = (bytes[39_999] as number) ^ 1
      writeFileSync(join(cwd, 'c/b'), bytes)
      const flipped = await bt(['verify', 't', '.', '--json'], { cwd })
      expect(flipped.code).toBe(1)
      expect(flipped.events.at(-1)).toMatchObject({ complete: false, wrongFiles: ['b'] })
      truncateSync(join(cwd, 'c/a'), 5)
      const plain = await bt(['verify', 't', '.'], { cwd })
      expect([plain.code, plain.stdout]).toEqual([
        1,
        expect.stringMatching(/not complete: .*\n {2}a\n/),
      ])
    },
  )

  it('finds nothing where there is no folder', async () => {
    const cwd = folder()
    fill(cwd, { a: 10 })
    await bt(['create', 'a'], { cwd })
    expect((await bt(['verify', 'a.torrent', 'nowhere'], { cwd })).code).toBe(1)
  })
})
