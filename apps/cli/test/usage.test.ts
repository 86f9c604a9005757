// Wrong usage, wrong input and what a user is told: the built program, one process each.
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BT, bt, fill, folder, LOOPBACK } from './bt.ts'

const HASH = 'aa'.repeat(20)
const MAGNET = `magnet:?xt=urn:btih:${HASH}&dn=x`

describe('[K09] wrong usage is exit 2', () => {
  it.for([
    [['download', 'x.torrent'], /--output/],
    [['bogus'], /unknown command 'bogus'/],
    [['show'], /missing required argument/],
    [['create', 'x', '--version', '3'], /1, 2, hybrid/],
    [['create', 'x', '--tracker', 'nonsense'], /is a URL/],
    [['create', 'x', '--piece-length', '20KiB'], /power of two/],
    [['download', MAGNET, '-o', 'x', '--peer', 'somewhere'], /HOST:PORT/],
    [['download', MAGNET, '-o', 'x', '--limit-down', 'fast'], /16KiB/],
    [['download', MAGNET, '-o', 'x', '--cross-budget', '0.5'], /a number from 1/],
    [['seed', 'x', 'y', '--trust', 'nobody'], /site, strangers/],
    [['seed', 'x', 'y', '--port', '70000'], /0 to 65535/],
    [['announce', 'udp://127.0.0.1:1'], /--info-hash/],
  ] as const)('%o', async ([args, word]) => {
    const { code, stdout, stderr } = await bt(args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(word)
  })

  it.for(['--no-dht', '--no-lsd', '--no-utp', '--encryption'])(
    'an option whose feature is not built is absent, not inert: %s',
    async (option) => {
      const { code, stderr } = await bt(['download', MAGNET, '-o', 'x', option])
      expect(code).toBe(2)
      expect(stderr).toContain(`unknown option '${option}'`)
    },
  )

  it('with --json it is an event too', async () => {
    const { code, events } = await bt(['seed', 'x', '--json'])
    expect([code, events[0]?.['event'], events[0]?.['code']]).toEqual([2, 'error', 'USAGE'])
  })

  it('asking for help or for the version is not wrong', async () => {
    const help = await bt(['download', '--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('--limit-down')
    const version = await bt(['--version'])
    expect([version.code, version.stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)])
  })
})

describe('[K09] input that is wrong', () => {
  it.for([
    [['show', 'nope.torrent'], 3, 'nope.torrent: there is no such file'],
    [['show', '.'], 3, 'is a folder'],
    [['show', 'magnet:?xt=urn:btih:zz'], 3, 'not a usable magnet link'],
    [['magnet', 'bad'], 3, 'bad is not a usable torrent'],
    [['verify', 'bad', '.'], 3, 'bad is not a usable torrent'],
    [['seed', 'bad', '.'], 3, 'bad is not a usable torrent'],
    [['download', 'bad', '-o', 'out'], 3, 'bad is not a usable torrent'],
    [['download', 'http://127.0.0.1:9/x.torrent', '-o', 'out'], 1, 'http://127.0.0.1:9/x.torrent'],
    [['create', 'nope'], 4, 'nope: there is no such file or folder'],
    [['create', 'bad', '-o', 'no/such/place'], 4, 'there is no such folder'],
    [['scrape', MAGNET], 1, 'names no tracker'],
  ] as const)('%o is exit %i', async ([args, code, word]) => {
    const cwd = folder()
    writeFileSync(join(cwd, 'bad'), 'this is no torrent')
    const ended = await bt(args, { cwd })
    expect(ended.stderr).toContain(word)
    expect([ended.code, ended.stdout]).toEqual([code, ''])
    // One line, no stack.
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('--debug adds the stack on stderr, stdout stays pure', async () => {
    const { stderr, events } = await bt(['show', 'nope', '--debug', '--json'])
    expect(events).toHaveLength(1)
    expect(stderr).toBe('')
    const failed = await bt(['magnet', 'nope', '--debug', '--json'])
    expect(failed.stderr).toMatch(/\n {4}at /)
    expect(failed.events).toMatchObject([{ event: 'error', code: 'CANNOT_READ' }])
  })

  it('a folder that may not be written to is exit 4', async () => {
    const cwd = folder()
    fill(cwd, { a: 1000 })
    await bt(['create', 'a', '-o', 'a.torrent'], { cwd })
    writeFileSync(join(cwd, 'file'), '')
    const below = await bt(['download', 'a.torrent', '-o', 'file', ...LOOPBACK], { cwd })
    expect(below.code).toBe(4)
    mkdirSync(join(cwd, 'locked'))
    chmodSync(join(cwd, 'locked'), 0o555)
    // Root may write anywhere.
    if (process.getuid?.() === 0) return
    const locked = await bt(['download', 'a.torrent', '-o', 'locked', ...LOOPBACK], { cwd })
    expect([locked.code, locked.stderr]).toEqual([4, expect.stringContaining('who may write')])
  })
})

describe('[K08] a reader that stops reading', () => {
  it('does no harm: bt show into a closed pipe ends by itself, without a trace', async () => {
    const cwd = folder()
    fill(cwd, { a: 1000 })
    await bt(['create', 'a', '-o', 'a.torrent'], { cwd })
    const many = Array.from({ length: 2000 }, () => 'a.torrent')
    const child = spawn(process.execPath, [BT, 'show', '--json', ...many], { cwd })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect([code, stderr]).toEqual([0, ''])
  })
})
