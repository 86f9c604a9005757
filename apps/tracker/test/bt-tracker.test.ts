// Goal: bt-tracker keeps its promises as a process. Method: the built program, real sockets, requests and packets
// written by hand from BEP 3, 15 and 23.
import { writeFileSync } from 'node:fs'
import net from 'node:net'
import { describe, expect, test } from 'vitest'
import { ask, eventsOf, file, hex, listening, raw, run, until } from './process.ts'

const HASH = 'aa'.repeat(20)
const QUERY = `info_hash=${HASH.replace(/../g, '%$&')}&peer_id=-XX0001-0123456789ab&uploaded=0&downloaded=0&left=1&compact=1`

const get = async (port: number, path: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return {
    status: response.status,
    text: Buffer.from(await response.arrayBuffer()).toString('latin1'),
  }
}

const connect = async (port: number): Promise<Uint8Array> => {
  const reply = await ask(port, hex('00000417271019800000000012345678'))
  if (reply === undefined) throw new Error('no answer to a connect')
  expect(Buffer.from(reply.subarray(0, 8)).toString('hex')).toBe('0000000012345678')
  return reply.subarray(8, 16)
}

const udpAnnounce = (id: Uint8Array, port: number): Uint8Array => {
  const packet = Buffer.alloc(98)
  packet.set(id)
  packet.writeUInt32BE(1, 8)
  packet.writeUInt32BE(7, 12)
  packet.fill(0xaa, 16, 36)
  packet.write('-YY0001-0123456789ab', 36, 'latin1')
  packet.writeUInt32BE(1, 68)
  packet.writeUInt32BE(0x08080808, 84)
  packet.writeInt32BE(-1, 92)
  packet.writeUInt16BE(port, 96)
  return packet
}

describe('serving', () => {
  test('peers meet over HTTP and UDP, at the address that they come from', async () => {
    const tracker = await listening(['--interval', '300'])
    const first = await get(tracker.http, `/announce?${QUERY}&port=1000&ip=8.8.8.8`)
    expect(first.text).toMatch(/^d8:completei0e.*8:intervali3\d\de12:min intervali60e5:peers0:e$/)
    const id = await connect(tracker.udp)
    const reply = Buffer.from((await ask(tracker.udp, udpAnnounce(id, 2000))) as Uint8Array)
    expect(reply.readUInt32BE(0)).toBe(1)
    expect(reply.readUInt32BE(12)).toBe(2)
    expect(reply.subarray(20).toString('hex')).toBe('7f00000103e8')
    const second = await get(tracker.http, `/announce?${QUERY}&port=3000`)
    expect(second.text).toContain('5:peers12:')
    expect(second.text).toContain('\x7f\0\0\x01\x07\xd0')
    const { text } = await get(tracker.http, `/scrape?info_hash=${HASH.replace(/../g, '%$&')}`)
    expect(text).toContain('10:incompletei3e')
  })

  test('/health is public; /metrics and / are on the admin address alone', async () => {
    const { http, admin } = await listening()
    await get(http, `/announce?${QUERY}&port=1000`)
    expect(await get(http, '/health')).toEqual({ status: 200, text: 'ok\n' })
    for (const path of ['/metrics', '/', '/admin']) expect((await get(http, path)).status).toBe(404)
    const metrics = await get(admin, '/metrics')
    expect(metrics.text).toContain('\nbt_tracker_peers 1\n')
    expect(metrics.text).toContain('\nbt_tracker_announces_total 1\n')
    expect((await get(admin, '/')).text).toContain('<h1>bt-tracker</h1>')
    expect((await get(admin, '/health')).status).toBe(200)
  })

  test('listens where it is told over IPv6, too, and says so in words', async () => {
    const one = run(['--http', '[::1]:0', '--admin', '127.0.0.1:0'])
    await until(
      () => one.stdout.includes('admin'),
      () => one.stderr,
    )
    expect(one.stdout).toMatch(
      /^listening on http \[::1\]:\d+\nlistening on admin 127\.0\.0\.1:\d+\n/,
    )
    // Only HTTP was asked for.
    expect(one.stdout).not.toContain('udp')
  })

  test('[H02] X-Forwarded-For counts from a trusted proxy alone', async () => {
    const plain = await listening()
    const behind = await listening(['--trust-proxy', '127.0.0.1'])
    for (const [tracker, told] of [
      [plain, '\x7f\0\0\x01'],
      [behind, '\x14\0\0\x09'],
    ] as const) {
      const request = (port: number, more: string): Promise<string> =>
        raw(
          tracker.http,
          `GET /announce?${QUERY}&port=${port} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`,
        )
      await request(1000, 'X-Forwarded-For: 6.6.6.6, 20.0.0.9\r\n')
      expect(await request(2000, 'X-Forwarded-For: 20.0.0.8\r\n')).toContain(
        `5:peers6:${told}\x03\xe8`,
      )
    }
    const bad = await raw(
      behind.http,
      `GET /announce?${QUERY}&port=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: INVALID\r\n\r\n`,
    )
    expect(bad).toContain('14:failure reason')
  })

  test('a list allows or denies, and SIGHUP reads it again', async () => {
    const path = file('list', `${HASH}\n`)
    const tracker = await listening(['--deny', path])
    const announce = async (): Promise<string> =>
      (await get(tracker.http, `/announce?${QUERY}&port=1`)).text
    expect(await announce()).toBe(
      'd14:failure reason40:this tracker does not serve this torrent8:retry in5:nevere',
    )
    writeFileSync(path, '# nothing\n')
    tracker.child.kill('SIGHUP')
    await until(
      () => tracker.stderr.includes('list read again'),
      () => tracker.stderr,
    )
    expect(await announce()).toContain('5:peers')
    writeFileSync(path, 'nonsense\n')
    tracker.child.kill('SIGHUP')
    await until(
      () => tracker.stderr.includes('list not read'),
      () => tracker.stderr,
    )
    expect(await announce()).toContain('5:peers')
  })
})

describe('settings', () => {
  test('come from flags over environment over file', async () => {
    const config = file('tracker.toml', 'interval = 111\nmax-peers = 1\nlog-level = "silent"\n')
    const interval = async (args: string[], env = {}): Promise<string | undefined> => {
      const { http } = await listening(['--config', config, ...args], env)
      const { text } = await get(http, `/announce?${QUERY}&port=1`)
      return /min intervali(\d+)e/.exec(text)?.[1]
    }
    expect(await interval([])).toBe('60')
    expect(await interval([], { BT_TRACKER_INTERVAL: '30' })).toBe('30')
    expect(await interval(['--interval', '20'], { BT_TRACKER_INTERVAL: '30' })).toBe('20')
  })

  test('max-peers bounds an answer', async () => {
    const { http } = await listening(['--max-peers', '2'])
    for (let port = 1; port <= 5; port++) await get(http, `/announce?${QUERY}&port=${port}`)
    expect((await get(http, `/announce?${QUERY}&port=9&numwant=100`)).text).toContain('5:peers12:')
  })

  test.each([
    [['--no-such-flag']],
    [['--http', 'nonsense']],
    [['--config', '/no/such/file']],
    [['--allow', '/no/such/file']],
  ])('%j is wrong usage: one line to act on, exit 2', async (args) => {
    const one = run(args)
    expect(await one.ended).toBe(2)
    expect(one.stdout).toBe('')
    expect(one.stderr.trim().split('\n')).toHaveLength(1)
  })

  test('a port that is taken is exit 5, for HTTP, UDP and admin, and nothing is left running', async () => {
    const taken = await listening()
    for (const [flag, port] of [
      ['--http', taken.http],
      ['--udp', taken.udp],
      ['--admin', taken.admin],
    ] as const) {
      const places = {
        '--http': '127.0.0.1:0',
        '--udp': '127.0.0.1:0',
        '--admin': '127.0.0.1:0',
        [flag]: `127.0.0.1:${port}`,
      }
      const one = run(Object.entries(places).flat())
      expect(await one.ended).toBe(5)
      expect(one.stderr).toMatch(
        /cannot listen for \w+ on 127\.0\.0\.1:\d+: .*; choose another address/,
      )
    }
  })

  test('--help and --version are exit 0', async () => {
    const help = run(['--help'])
    expect(await help.ended).toBe(0)
    expect(help.stdout).toContain('--trust-proxy')
    const version = run(['--version'])
    expect(await version.ended).toBe(0)
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+/)
  })
})

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s is exit 0, with connections open and half a request sent',
    async (signal) => {
      const tracker = await listening()
      const idle = net.connect(tracker.http, '127.0.0.1')
      const half = net.connect(tracker.http, '127.0.0.1', () => half.write('GET /announce?info'))
      for (const socket of [idle, half]) socket.on('error', () => {})
      await get(tracker.http, `/announce?${QUERY}&port=1`)
      tracker.child.kill(signal)
      // Bounded by the time limit of the test, and by its own of two seconds.
      expect(await tracker.ended).toBe(0)
      expect(eventsOf(tracker).at(-1)).toMatchObject({ event: 'stopped', signal, announces: 1 })
      idle.destroy()
      half.destroy()
    },
  )
})

describe('hostile clients', () => {
  const isWell = async (tracker: { http: number; udp: number }): Promise<void> => {
    expect((await get(tracker.http, `/announce?${QUERY}&port=1`)).text).toContain('5:peers')
    expect(await connect(tracker.udp)).toHaveLength(8)
  }

  test('[H10] a URL of 1 MB and 10,000 parameters are refused before they are read', async () => {
    const tracker = await listening()
    const long = `GET /announce?${'x'.repeat(1 << 20)} HTTP/1.1\r\nHost: x\r\n\r\n`
    expect(await raw(tracker.http, long)).toMatch(/^(HTTP\/1\.1 431 |$)/)
    const many = Array.from({ length: 10_000 }, (_, at) => `p${at}=1`).join('&')
    expect(
      await raw(tracker.http, `GET /announce?${QUERY}&port=1&${many} HTTP/1.1\r\nHost: x\r\n\r\n`),
    ).toMatch(/^(HTTP\/1\.1 431 |$)/)
    const some = many.slice(0, 9000)
    const { text } = await get(tracker.http, `/announce?${QUERY}&port=1&${some}`)
    expect(text).toContain('limit 8192')
    await isWell(tracker)
  })

  test('[H10] who sends a byte now and then is cut off, and so is who sends nothing', async () => {
    const tracker = await listening()
    const drip = raw(tracker.http, 'GET /announce?', (socket) => {
      const timer = setInterval(() => socket.write('x'), 300)
      socket.on('close', () => clearInterval(timer))
    })
    const silent = raw(tracker.http, '')
    expect(await drip).toContain('408')
    expect(await silent).toMatch(/^(HTTP\/1\.1 408 .*|)/)
    await isWell(tracker)
  }, 40_000)

  test('[H10] a hundred requests in one write are answered in their order', async () => {
    const tracker = await listening()
    const requests = Array.from(
      { length: 100 },
      (_, at) =>
        `GET /announce?${QUERY}&port=${at + 1}${at === 99 ? '' : '&numwant=0'} HTTP/1.1\r\nHost: x\r\n${at === 99 ? 'Connection: close\r\n' : ''}\r\n`,
    )
    const heard = await raw(tracker.http, requests.join(''))
    const counts = [...heard.matchAll(/10:incompletei(\d+)e/g)].map(([, count]) => Number(count))
    expect(counts).toEqual(Array.from({ length: 100 }, (_, at) => at + 1))
  })

  test('what is no HTTP is answered 400, other methods 405', async () => {
    const tracker = await listening()
    expect(await raw(tracker.http, '\x13BitTorrent protocol\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/)
    expect(
      await raw(
        tracker.http,
        'POST /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      ),
    ).toMatch(/^HTTP\/1\.1 405/)
    await isWell(tracker)
  })

  test('[H03 H18] a flood of malformed packets and requests leaves it well and stores nothing', async () => {
    const tracker = await listening()
    const seeds = [
      udpAnnounce(new Uint8Array(8), 1),
      hex('00000417271019800000000012345678'),
      hex('112233445566778800000002'),
    ]
    const socket = (await import('node:dgram')).createSocket('udp4')
    for (let at = 0; at < 5000; at++) {
      const packet = Buffer.from(seeds[at % 3] as Uint8Array)
      packet[(at * 7) % packet.length] = at & 255
      socket.send(packet.subarray(0, at % (packet.length + 1)), tracker.udp, '127.0.0.1')
      if (at % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    socket.close()
    for (let at = 0; at < 300; at++)
      await get(
        tracker.http,
        `/announce?${QUERY.slice(0, (at * 3) % QUERY.length)}&port=${at % 3 === 0 ? 'x' : 0}`,
      )
    const { text } = await get(tracker.admin, '/metrics')
    expect(text).toContain('\nbt_tracker_peers 0\n')
    await isWell(tracker)
    expect(tracker.stderr).not.toContain('failed')
  })
})

describe('sites', () => {
  const MAP = '127.0.0.0/8 here\n10.0.0.0/8 there\n'

  test('a member of a site that speaks CacheTorrent hears who leads it, and metrics count', async () => {
    const tracker = await listening(['--site-map', file('sites', MAP), '--leader-percent', '20'])
    const plain = await get(tracker.http, `/announce?${QUERY}&port=1`)
    expect(plain.text).not.toContain('2:ct')
    const cached = await get(tracker.http, `/announce?${QUERY}&port=2&ct=1&ct_up=5`)
    expect(cached.text).toMatch(
      /2:ctd1:lld1:a6:.{6}1:i20:-XX0001-0123456789ab1:wi16eee1:mi1e1:ni2e1:pi5e1:s8:/s,
    )
    const { text } = await get(tracker.admin, '/metrics')
    for (const row of ['site_prefixes 2', 'sites 1', 'leaders 1', 'terms_total 1'])
      expect(text).toContain(`\nbt_tracker_${row}\n`)
    expect((await get(tracker.admin, '/')).text).toContain('<td>leaders</td><td>1</td>')
  })

  test('where a share of a site may import, who is not among the first is told so', async () => {
    const tracker = await listening(['--site-map', file('sites', MAP), '--leader-percent', '1'])
    const announce = async (port: number, up: number): Promise<string> =>
      (await get(tracker.http, `/announce?${QUERY}&port=${port}&ct=1&ct_up=${up}`)).text
    for (const [port, up] of [
      [2, 900],
      [3, 800],
    ] as const)
      expect(await announce(port, up)).not.toContain('1:ii0e1:ll')
    expect(await announce(4, 700)).toContain('1:ii0e1:ll')
  })

  test('SIGHUP reads the map again; one that is wrong leaves the old one, and is refused at the start', async () => {
    const map = file('sites', MAP)
    const tracker = await listening(['--site-map', map])
    writeFileSync(map, '127.0.0.0/8 here\n10.0.0.0/99 there\n')
    tracker.child.kill('SIGHUP')
    await until(
      () => tracker.stderr.includes('the old one stays'),
      () => tracker.stderr,
    )
    expect(tracker.stderr).toContain('line 2 of the site map')
    writeFileSync(map, '127.0.0.0/8 here\n')
    tracker.child.kill('SIGHUP')
    await until(
      () => tracker.stderr.includes('"prefixes":1'),
      () => tracker.stderr,
    )
    const refused = run(['--site-map', file('sites', 'nonsense')])
    expect(await refused.ended).toBe(2)
    expect(refused.stderr).toContain('line 1 of the site map')
  })
})
