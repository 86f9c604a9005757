// Goal: HTTP by hand is still HTTP. Method: requests cut into every pair of chunks, pipelined, mutated; the short way of an
// announce beside the long one, byte for byte.
import { Prng } from '@bt/primitives'
import { announceUrl, type AnnounceEvent } from '@bt/tracker-protocol'
import { describe, expect, test } from 'vitest'
import { HttpConnection, HttpFrontend, HttpOutput } from '../src/index.ts'
import { addressOf, ANNOUNCE, hashOf, hostOf, trackerOf } from './world.ts'

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0))
const latin = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const TARGET = announceUrl('/announce', ANNOUNCE)
const HEAD = 'HTTP/1.1\r\nHost: x\r\n'

function serverOf(hooks: readonly object[] = [], proxies: readonly string[] = []) {
  const { tracker, clock } = trackerOf({ hooks, swarmsMax: 20 }, 'http')
  const errors: unknown[] = []
  const serving = {
    tracker,
    frontend: new HttpFrontend(tracker),
    out: new HttpOutput(200),
    isTrustedProxy: (address: string) => proxies.includes(address),
    failed: (error: unknown) => void errors.push(error),
  }
  const connect = (host = '20.0.0.1') => {
    const connection = new HttpConnection(serving, addressOf({ host, port: 9 }), clock.now())
    return {
      connection,
      send(text: string) {
        const next = connection.received(ascii(text), clock.now())
        const heard = latin(serving.out.written)
        serving.out.clear()
        return { next, heard }
      },
    }
  }
  return { tracker, clock, serving, errors, connect }
}

describe('requests', () => {
  test('are answered whole, however they are cut in two', () => {
    const request = `GET ${TARGET} ${HEAD}User-Agent: y\r\n\r\n`
    const { connect } = serverOf([
      { shape: <T>(_: unknown, response: T) => ({ ...response, intervalSeconds: 1800 }) },
    ])
    const whole = connect().send(request).heard
    expect(whole).toMatch(
      /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain\r\nContent-Length: \d+\r\n\r\nd8:complete/,
    )
    for (let cut = 1; cut < request.length; cut++) {
      const one = connect()
      expect(one.send(request.slice(0, cut))).toEqual({ next: 'go on', heard: '' })
      expect(one.send(request.slice(cut)).heard).toBe(whole)
    }
  })

  test('in one chunk are answered in order, and the last may ask to close', () => {
    const { connect } = serverOf()
    const one = connect()
    const { heard, next } = one.send(
      `GET /a ${HEAD}\r\nGET /health ${HEAD}\r\n\r\nHEAD /health ${HEAD}Connection: Close\r\n\r\n`,
    )
    expect(next).toBe('close')
    expect(heard.split('HTTP/1.1 ').map((each) => each.slice(0, 3))).toEqual([
      '',
      '404',
      '200',
      '200',
    ])
    expect(heard).toMatch(/Content-Length: 3\r\nConnection: close\r\n\r\n$/)
  })

  test('of HTTP/1.0 close unless they say otherwise', () => {
    const { connect } = serverOf()
    expect(connect().send('GET /health HTTP/1.0\r\n\r\n')).toMatchObject({ next: 'close' })
    const kept = connect().send('GET /health HTTP/1.0\r\nconnection: keep-alive\r\n\r\n')
    expect(kept.next).toBe('go on')
    expect(kept.heard).toContain('Connection: keep-alive')
  })

  test.each([
    ['\x13BitTorrent protocol\r\n\r\n', '400'],
    ['GET /x HTTP/2.0\r\n\r\n', '400'],
    ['GET  HTTP/1.1\r\n\r\n', '400'],
    ['GET /x HTTP/1.1\nHost: x\n\n', '400'],
    ['GET /x HTTP/1.1\r\nno colon\r\n\r\n', '400'],
    ['GET /x HTTP/1.1\r\n folded: x\r\n\r\n', '400'],
    ['X'.repeat(30), '400'],
    ['GET /x HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello', '400'],
    ['GET /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n', '400'],
    ['POST /announce HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello', '405'],
    [`GET /${'x'.repeat(17_000)}`, '431'],
    [`GET /x HTTP/1.1\r\nA: ${'x'.repeat(17_000)}\r\n\r\n`, '431'],
  ])('%j is %s, and the end', (text, status) => {
    const { next, heard } = serverOf().connect().send(text)
    expect(heard.slice(9, 12)).toBe(status)
    expect(heard).toContain('Connection: close')
    expect(next).not.toBe('go on')
  })

  test('a body that follows is never read as a request', () => {
    const { connect, tracker } = serverOf()
    connect().send(`GET /x HTTP/1.1\r\nContent-Length: 500\r\n\r\nGET ${TARGET} ${HEAD}\r\n`)
    expect(tracker.counts.announces).toBe(0)
  })

  test('[H02] X-Forwarded-For counts from a trusted proxy, all its lines in order', () => {
    const { connect, tracker } = serverOf([], ['10.0.0.1'])
    const more = 'X-Forwarded-For: 6.6.6.6\r\nx-forwarded-for: 20.0.0.7, 10.0.0.1\r\n'
    connect('10.0.0.1').send(`GET ${TARGET} ${HEAD}${more}\r\n`)
    expect(tracker.announce(ANNOUNCE, { host: '20.0.0.2', port: 1 }).peers[0]?.host).toBe(
      '20.0.0.7',
    )
    const bad = connect('10.0.0.1').send(`GET ${TARGET} ${HEAD}X-Forwarded-For: x\r\n\r\n`)
    expect(bad.heard).toContain('failure reason')
  })

  test('what breaks on our side is told to us, and to them only that it did', () => {
    const { connect, errors } = serverOf([
      {
        before: () => {
          throw new RangeError('a bug')
        },
      },
    ])
    expect(connect().send(`GET ${TARGET} ${HEAD}\r\n`).heard).toMatch(/^HTTP\/1\.1 500/)
    expect(errors).toMatchObject([{ message: 'a bug' }])
  })
})

describe('time', () => {
  test('[H10] a byte now and then wins no time; a whole request does', () => {
    const { connect, clock, serving } = serverOf()
    const one = connect()
    const { connection } = one
    for (let second = 0; second < 9; second++) {
      one.send('G')
      clock.pass(1000)
    }
    expect(connection.deadline).toBe(10_000)
    expect(connection.late()).toBe('refuse')
    expect(latin(serving.out.written)).toContain('408')
    serving.out.clear()
    const other = connect()
    clock.pass(5000)
    other.send(`GET /health ${HEAD}\r\n`)
    expect(other.connection.deadline).toBe(clock.now() + 15_000)
    expect(other.connection.late()).toBe('close')
    expect(serving.out.length).toBe(0)
  })

  test('a connection serves 10,000 requests', () => {
    const { connect } = serverOf()
    const one = connect()
    for (let request = 1; request < 10_000; request++)
      expect(one.send(`GET /health ${HEAD}\r\n`).next).toBe('go on')
    expect(one.send(`GET /health ${HEAD}\r\n`)).toMatchObject({ next: 'close' })
  })
})

test('announces are answered byte for byte as the long way does', () => {
  const short = serverOf()
  const long = serverOf([{}])
  const random = new Prng('http flat')
  const events = ['started', 'completed', 'stopped', 'paused', undefined, undefined] as const
  const odd = [
    '&left=2',
    '&compact=0',
    '&numwant=x',
    '&event=odd',
    '&x',
    '&=',
    '&key=%zz',
    '&port=0',
    '&left=99999999999999999999',
  ]
  for (let step = 0; step < 8000; step++) {
    const kind = random.below(10)
    const at = random.below(300)
    const host =
      kind < 7 ? hostOf(at) : kind === 7 ? `2600::${at.toString(16)}` : `10.0.0.${at & 255}`
    const event: AnnounceEvent | undefined = events[random.below(6)]
    const request = {
      ...ANNOUNCE,
      infoHash: hashOf(random.below(24)),
      leftBytes: random.below(3) * 1000,
      ...(event !== undefined && { event }),
      ...(random.below(2) === 0 && { numWant: random.below(300) }),
      ...(random.below(5) === 0 && { key: 7 }),
    }
    let target = announceUrl('/announce', request)
    if (random.below(6) === 0) target += odd[random.below(odd.length)] as string
    if (random.below(9) === 0) target = target.slice(0, random.below(target.length))
    if (random.below(9) === 0)
      target = target.replace('&port', `&corrupt=0${'&a=1'.repeat(random.below(70))}&port`)
    const text = `GET ${target} ${HEAD}\r\n`
    const one = short.connect(host).send(text)
    const other = long.connect(host).send(text)
    if (one.heard !== other.heard)
      throw new Error(`step ${step}: ${target}\n${one.heard}\n${other.heard}`)
  }
  expect(short.tracker.counts).toEqual({ ...long.tracker.counts, memberBytes: expect.any(Number) })
  expect(short.errors.concat(long.errors)).toEqual([])
})

test('[H01 H18] 5,000 mutated streams end within their limits', () => {
  const random = new Prng('streams')
  const seed = `GET ${TARGET} ${HEAD}Connection: keep-alive\r\n\r\nGET /scrape?info_hash=x ${HEAD}\r\n`
  const { connect, serving, errors } = serverOf()
  for (let input = 0; input < 5000; input++) {
    const bytes = ascii(seed)
    for (let edit = random.below(6); edit > 0; edit--)
      bytes[random.below(bytes.length)] = random.below(256)
    const { connection } = connect()
    const cut = random.below(bytes.length)
    if (connection.received(bytes.subarray(0, cut), 0) === 'go on')
      connection.received(bytes.subarray(cut), 0)
    if (serving.out.length > 4000) throw new Error(`input ${input}: ${serving.out.length} bytes`)
    serving.out.clear()
  }
  expect(errors).toEqual([])
})
