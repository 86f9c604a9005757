// Finding one's site: which source wins, what the files may be, and what a transfer says of it.
import { spawn } from 'node:child_process'
import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Program } from '../../../tests/support/network.ts'
import { findSite } from '../src/find-site.ts'
import { openSiteTable, type SiteTable } from '../src/site-table.ts'
import { bt, fill, folder, sha256, startBt } from './bt.ts'
import { mmdb } from './mmdb.ts'

const TRACKER = fileURLToPath(new URL('../../tracker/dist/bt-tracker.js', import.meta.url))

const heard: string[] = []
async function table(
  name: string,
  content: string | Buffer,
): Promise<{ file: string; table: SiteTable }> {
  const file = join(folder(), name)
  writeFileSync(file, content)
  const opened = await openSiteTable(file, {
    reloaded: (text) => heard.push(text),
    failed: (error) => heard.push(error.message),
  })
  onTestFinished(() => opened.close())
  return { file, table: opened }
}

describe('the site that we are in', () => {
  it('is what --site says, then BT_SITE, then the map for an address of ours', async () => {
    const map = (await table('sites', '192.0.2.0/24 office\n')).table
    const hints = { flag: 'a', environment: 'b', table: map, host: '192.0.2.7' }
    expect(findSite(hints)).toEqual({ name: 'a', by: 'flag' })
    expect(findSite({ ...hints, flag: undefined })).toEqual({ name: 'b', by: 'environment' })
    const unsaid = { ...hints, flag: undefined, environment: '' }
    expect(findSite(unsaid)).toEqual({ name: 'office', by: 'map', address: '192.0.2.7' })
    expect(findSite({ ...unsaid, host: '198.51.100.1' })).toBeUndefined()
    expect(findSite({ ...unsaid, table: undefined })).toBeUndefined()
  })

  it('an IP to ASN database names the autonomous system, or what it calls a site itself', async () => {
    const database = mmdb({
      '192.0.2.0/24': { autonomous_system_number: 64500 },
      '198.51.100.0/25': { asn: 'AS64501' },
      '203.0.113.0/24': { site: 'office' },
    })
    const { table: asn } = await table('asn.mmdb', database)
    expect(asn.kind()).toBe('mmdb')
    expect(asn.siteOf('192.0.2.200')).toBe('AS64500')
    expect(asn.siteOf('198.51.100.1')).toBe('AS64501')
    expect(asn.siteOf('198.51.100.129')).toBeUndefined()
    expect(asn.siteOf('203.0.113.9')).toBe('office')
    const hints = { flag: undefined, environment: undefined, table: asn, host: '192.0.2.1' }
    expect(findSite(hints)).toMatchObject({ name: 'AS64500', by: 'mmdb' })
  })

  it('a map that changed holds from then on, and a broken one leaves the old', async () => {
    const { file, table: map } = await table('sites', '192.0.2.0/24 old\n')
    const change = async (text: string, at: number): Promise<void> => {
      const before = heard.length
      writeFileSync(file, text)
      utimesSync(file, at, at)
      while (heard.length === before) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await change('192.0.2.0/33 broken\n', 1)
    expect(heard.at(-1)).toContain('line 1 of the site map')
    expect(map.siteOf('192.0.2.1')).toBe('old')
    await change('192.0.2.0/24 new\n', 2)
    expect(map.siteOf('192.0.2.1')).toBe('new')
  })

  it('a file that is missing or wrong is wrong usage, and so is a name that is too long', async () => {
    const home = folder()
    fill(home, { 'a.bin': 10, bad: 'x' })
    const torrent = join(home, 'a.torrent')
    await bt(['create', join(home, 'a.bin'), '-o', torrent])
    const attempt = (...more: readonly string[]) =>
      bt(['seed', torrent, home, '--port', '0', ...more])
    for (const [more, word] of [
      [['--site-map', join(home, 'none')], 'there is no such file'],
      [['--site-map', join(home, 'bad')], 'line 1 of the site map'],
      [['--site', 'x'.repeat(65)], '1 to 64 bytes'],
    ] as const) {
      const { code, stderr } = await attempt(...more)
      expect([code, stderr]).toEqual([2, expect.stringContaining(word)])
    }
  })
})

describe('a transfer with sites', () => {
  it('says site, role and term, and at the end what crossed and why', async () => {
    const home = folder()
    const map = join(home, 'sites')
    fill(home, {
      'a.bin': 3_000_000,
      sites: '127.1.0.0/16 basel\n127.2.0.0/16 bern\n127.3.0.0/16 zug\n',
    })
    const child = spawn(
      process.execPath,
      [
        TRACKER,
        '--json',
        '--http',
        '127.0.0.1:0',
        '--admin',
        '127.0.0.1:0',
        '--site-map',
        map,
        '--interval',
        '5',
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    )
    const tracker = new Program('bt-tracker', child)
    onTestFinished(() => tracker.kill('SIGKILL'))
    const [, port] = await tracker.line(/"protocol":"http","host":"127.0.0.1","port":(\d+)/)
    const torrent = join(home, 'a.torrent')
    await bt([
      'create',
      join(home, 'a.bin'),
      '-o',
      torrent,
      '--tracker',
      `http://127.0.0.1:${port}/announce`,
    ])
    const at = (host: string): string[] => ['--host', host, '--port', '0', '--json']
    const seed = startBt(['seed', torrent, home, ...at('127.1.0.1')])
    // alone in its site it is plain until others come
    await seed.line(/"event":"seeding"/, 15_000)
    const out = [1, 2].map((host) => ({ host: `127.2.0.${host}`, to: folder() }))
    const peers = out.map(({ host, to }) =>
      startBt([
        'download',
        torrent,
        '-o',
        to,
        '--seed',
        '--site-map',
        map,
        '--up',
        '5MB',
        ...at(host),
      ]),
    )
    await Promise.all(peers.map((peer) => peer.line(/"event":"crossed"/, 15_000)))
    const content = sha256(readFileSync(join(home, 'a.bin')))
    for (const { to } of out) expect(sha256(readFileSync(join(to, 'a.bin')))).toBe(content)
    const events = peers.flatMap((peer) => peer.events())
    const named = events.filter(({ event }) => event === 'site')
    expect(named.map(({ name, by }) => [name, by])).toEqual([
      ['bern', 'map'],
      ['bern', 'map'],
    ])
    expect(events.find(({ event }) => event === 'cache')).toMatchObject({
      mode: 'cached',
      siteName: 'bern',
    })
    const crossed = events.filter(({ event }) => event === 'crossed')
    const ratio = crossed.reduce((sum, { ratio }) => sum + Number(ratio), 0)
    expect(ratio).toBeGreaterThanOrEqual(0.99)
    expect(ratio).toBeLessThan(1.5)
    expect(crossed.some(({ reasons }) => Object.keys(reasons as object).includes('claim'))).toBe(
      true,
    )
    // all that a member alone in its site gets has crossed, and what came twice as well
    const alone = startBt(['download', torrent, '-o', folder(), ...at('127.3.0.1')])
    await alone.line(/"event":"crossed","mode":"plain",.*"reasons":\{"plain":3000000[,}]/, 15_000)
  })
})
