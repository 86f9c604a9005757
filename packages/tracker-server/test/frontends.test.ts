// Goal: nothing that a stranger sends gets more than it may. Method: published packets and requests through the
// frontends, every answer to an unproven sender weighed.
import { fromHex, Prng } from '@bt/primitives'
import {
  encodeConnectRequest,
  encodeUdpAnnounce,
  encodeUdpScrape,
  parseAnnounceBody,
  parseScrapeBody,
  parseUdpResponse,
  UDP_ACTION,
  UDP_RESPONSE_LENGTH_MAX,
} from '@bt/tracker-protocol'
import { describe, expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { type AnnounceHook, HttpFrontend, sourceAddress, UdpFrontend } from '../src/index.ts'
import { sipHash } from '../src/sip-hash.ts'
import { targets } from './fuzz-targets.ts'
import { addressOf, ANNOUNCE, HASH, hashOf, hostOf, trackerOf } from './world.ts'

function udp(options = {}) {
  const { clock, random, tracker, announce } = trackerOf(options)
  const frontend = new UdpFrontend(tracker, { clock, random })
  const at = (host: string, port = 5000): Uint8Array => addressOf({ host, port })
  const idFor = (host: string): Uint8Array => {
    const reply = frontend.answer(encodeConnectRequest(1), at(host)) as Uint8Array
    return reply.slice(8, 16)
  }
  return { clock, tracker, announce, frontend, at, idFor }
}

describe('extended answers over UDP', () => {
  const EXTRA = new Map([['ct', new Map([['v', 1]])]])
  const hook: AnnounceHook = { shape: (_request, response) => ({ ...response, extra: EXTRA }) }
  const ask = (id: Uint8Array, urlData: string): Uint8Array =>
    encodeUdpAnnounce(id, 9, ANNOUNCE, urlData)

  test('go to who says ct=1 with a valid connection id, and to nobody else', () => {
    const { frontend, at, idFor } = udp({ hooks: [hook] })
    const id = idFor('20.0.0.1')
    const extended = frontend.answer(ask(id, '/announce?ct=1'), at('20.0.0.1')) as Uint8Array
    expect(extended.subarray(0, 8)).toEqual(Uint8Array.from([0, 0, 0x63, 0x74, 0, 0, 0, 9]))
    expect(parseUdpResponse(extended, 6)).toMatchObject({
      action: 'announce',
      response: { extra: EXTRA },
    })
    for (const urlData of ['', '/announce?ct=2', '/announce']) {
      const common = frontend.answer(ask(id, urlData), at('20.0.0.1')) as Uint8Array
      expect(common[3]).toBe(UDP_ACTION.announce)
    }
    const guessed = ask(new Uint8Array(8), '/announce?ct=1')
    const refused = frontend.answer(guessed, at('20.0.0.1')) as Uint8Array
    expect(refused[3]).toBe(UDP_ACTION.error)
    expect(refused.length).toBeLessThanOrEqual(guessed.length)
  })

  test('are common ones where no hook has a word to add', () => {
    const { frontend, at, idFor } = udp()
    const answer = frontend.answer(ask(idFor('20.0.0.1'), '/announce?ct=1'), at('20.0.0.1'))
    expect(answer?.[3]).toBe(UDP_ACTION.announce)
  })
})

test('SipHash-2-4 gives the digest of the paper (appendix A)', () => {
  const key = new Uint32Array(Uint8Array.from({ length: 16 }, (_, at) => at).buffer)
  const input = Uint8Array.from({ length: 15 }, (_, at) => at)
  // 0xa129ca6149be45e5, of which we take the low word.
  expect(sipHash(key, input)).toBe(0x49be45e5)
})

test('SipHash-2-4 gives the digests of the reference implementation for inputs of 0 … 8 bytes', () => {
  const key = new Uint32Array(Uint8Array.from({ length: 16 }, (_, at) => at).buffer)
  const words = Array.from({ length: 9 }, (_, length) =>
    (
      sipHash(
        key,
        Uint8Array.from({ length }, (__, at) => at),
      ) >>> 0
    ).toString(16),
  )
  // The first four of each line of vectors_sip64 in veorq/SipHash, as `openssl mac … SIPHASH` prints them.
  expect(words).toEqual(
    [
      '310e0edd',
      'fd67dc93',
      '5a4fa9d9',
      '2d7efbd7',
      'b7877127',
      '8da699cd',
      'cee3fe58',
      '37d1018b',
      '6224939a',
    ].map((text) => text.match(/../g)?.toReversed().join('').replace(/^0+/, '')),
  )
})

describe('connection ids', () => {
  test('a peer that proved its address is stored at it, whatever the IP field says', () => {
    const { frontend, at, idFor, tracker, announce } = udp()
    const packet = encodeUdpAnnounce(idFor('20.0.0.1'), 7, ANNOUNCE)
    new DataView(packet.buffer).setUint32(84, 0x08080808)
    const reply = frontend.answer(packet, at('20.0.0.1')) as Uint8Array
    expect(parseUdpResponse(reply, 6)).toMatchObject({ action: 'announce', transactionId: 7 })
    expect(tracker.counts.peers).toBe(1)
    expect(announce('20.0.0.2').peers.map(({ host, port }) => [host, port])).toEqual([
      ['20.0.0.1', 6881],
    ])
  })

  test.each([
    ['the magic number', () => fromHex('0000041727101980') as Uint8Array],
    ['zeros', () => new Uint8Array(8)],
    ['the id of another address', (idFor: (host: string) => Uint8Array) => idFor('20.0.0.2')],
  ])(
    '[H03] %s is refused: nothing stored, no peers, no more bytes than were sent',
    (_name, make) => {
      const { frontend, at, idFor, tracker, announce } = udp()
      announce('20.0.0.9')
      const packet = encodeUdpAnnounce(make(idFor), 7, ANNOUNCE)
      const reply = frontend.answer(packet, at('20.0.0.1')) as Uint8Array
      expect(parseUdpResponse(reply, 6)).toMatchObject({ action: 'error', transactionId: 7 })
      expect(reply.length).toBeLessThanOrEqual(packet.length)
      expect(tracker.counts.peers).toBe(1)
    },
  )

  test('[H03] an id holds from any port, for two minutes, and for three at most', () => {
    const { frontend, at, idFor, clock } = udp()
    const id = idFor('20.0.0.1')
    const kind = (): string =>
      parseUdpResponse(
        frontend.answer(encodeUdpScrape(id, 1, [HASH]), at('20.0.0.1', 1)) as Uint8Array,
        6,
      ).action
    expect(kind()).toBe('scrape')
    clock.pass(120_000)
    expect(kind()).toBe('scrape')
    clock.pass(60_000)
    expect(kind()).toBe('error')
  })

  test('[H14] an id of the future is none', () => {
    const { frontend, at, idFor, clock } = udp()
    clock.pass(10 * 60_000)
    const id = idFor('20.0.0.1')
    clock.timeMs -= 5 * 60_000
    const reply = frontend.answer(encodeUdpScrape(id, 1, [HASH]), at('20.0.0.1')) as Uint8Array
    expect(parseUdpResponse(reply, 6).action).toBe('error')
  })

  test('[H04] the eleventh guess in a minute hears nothing; a true id is still served', () => {
    const { frontend, at, idFor, clock } = udp()
    const id = idFor('20.0.0.1')
    const guess = (): boolean =>
      frontend.answer(encodeUdpScrape(new Uint8Array(8), 1, [HASH]), at('20.0.0.1')) !== undefined
    expect(Array.from({ length: 12 }, guess)).toEqual([
      ...Array<boolean>(10).fill(true),
      false,
      false,
    ])
    expect(frontend.answer(encodeUdpScrape(id, 1, [HASH]), at('20.0.0.1'))).toBeDefined()
    expect(
      frontend.answer(encodeUdpScrape(new Uint8Array(8), 1, [HASH]), at('20.0.0.2')),
    ).toBeDefined()
    clock.pass(61_000)
    expect(guess()).toBe(true)
  })

  test('[H04] of 100,000 guessed ids none is taken', () => {
    const { frontend, at, tracker } = udp()
    const random = new Prng('guess')
    const id = new Uint8Array(8)
    for (let guess = 0; guess < 100_000; guess++) {
      random.fill(id)
      // The step of the clock is known: only the 32 bits of the digest are guessed.
      id.fill(0, 0, 4)
      frontend.answer(encodeUdpAnnounce(id, 1, ANNOUNCE), at(hostOf(guess)))
    }
    expect(tracker.counts).toMatchObject({ peers: 0, announces: 0 })
  })

  test('[H05] connects store nothing: 100,000 of them leave no trace', () => {
    const { frontend, at, tracker } = udp()
    const packet = encodeConnectRequest(9)
    for (let connect = 0; connect < 100_000; connect++) {
      const reply = frontend.answer(packet, at(hostOf(connect))) as Uint8Array
      if (reply.length > packet.length) throw new Error('an amplifier')
    }
    expect(tracker.counts).toMatchObject({ peers: 0, swarms: 0 })
  })
})

describe('answers over UDP', () => {
  test('name peers of the asker’s family only', () => {
    const { frontend, at, idFor, announce } = udp()
    announce('20.0.0.1')
    announce('2600:1::1')
    for (const [host, stride, told] of [
      ['20.0.0.5', 6, '20.0.0.1'],
      ['2600:5::5', 18, '2600:1::1'],
    ] as const) {
      const reply = frontend.answer(
        encodeUdpAnnounce(idFor(host), 7, ANNOUNCE),
        at(host),
      ) as Uint8Array
      expect(parseUdpResponse(reply, stride)).toMatchObject({
        response: { peers: [{ host: told }] },
      })
    }
  })

  test('[H07 H08] are at most an unfragmented packet, whatever numwant is', () => {
    const { frontend, at, idFor, announce } = udp({ peersMax: 1000 })
    for (let peer = 0; peer < 1000; peer++) announce(hostOf(peer), { numWant: 0 })
    for (const numWant of [2 ** 31 - 1, -1, 300]) {
      const packet = encodeUdpAnnounce(idFor('21.0.0.1'), 7, { ...ANNOUNCE, numWant })
      const reply = frontend.answer(packet, at('21.0.0.1')) as Uint8Array
      expect(reply.length).toBeLessThanOrEqual(UDP_RESPONSE_LENGTH_MAX)
    }
  })

  test('[H09] a scrape of none is empty, of 74 whole, of 75 an error', () => {
    const { frontend, at, idFor } = udp()
    const id = idFor('20.0.0.1')
    const scrape = (count: number): Uint8Array => {
      const packet = new Uint8Array(16 + 20 * count)
      packet.set(encodeUdpScrape(id, 7, []))
      return packet
    }
    expect(frontend.answer(scrape(0), at('20.0.0.1'))).toHaveLength(8)
    expect(frontend.answer(scrape(74), at('20.0.0.1'))).toHaveLength(8 + 12 * 74)
    const reply = frontend.answer(scrape(75), at('20.0.0.1')) as Uint8Array
    expect(parseUdpResponse(reply, 6).action).toBe('error')
  })

  test('a batch is answered datagram by datagram, in flat memory', () => {
    const { frontend, at } = udp()
    const batch = (capacity: number, stride: number) => ({
      count: 0,
      capacity,
      stride,
      bytes: new Uint8Array(capacity * stride),
      lengths: new Uint16Array(capacity),
      addresses: new Uint8Array(capacity * 18),
    })
    const asked = batch(3, 100)
    const replies = batch(3, 2048)
    for (const [index, packet] of [
      encodeConnectRequest(1),
      new Uint8Array(3),
      encodeConnectRequest(2),
    ].entries()) {
      asked.bytes.set(packet, index * 100)
      asked.lengths[index] = packet.length
      asked.addresses.set(at(hostOf(index)), index * 18)
      asked.count++
    }
    frontend.received(asked, replies)
    expect(replies.count).toBe(2)
    const transactions = [0, 1].map((index) =>
      new DataView(replies.bytes.buffer).getUint32(index * 2048 + 4),
    )
    expect(transactions).toEqual([1, 2])
    expect(replies.addresses.subarray(18, 36)).toEqual(at(hostOf(2)))
  })

  test('what breaks on our side is told to us and not to them', () => {
    const { clock, random, tracker } = trackerOf({
      hooks: [
        {
          before: () => {
            throw new RangeError('a bug')
          },
        },
      ],
    })
    const errors: unknown[] = []
    const frontend = new UdpFrontend(tracker, { clock, random }, (error) => errors.push(error))
    const from = addressOf({ host: '20.0.0.1', port: 1 })
    const id = (frontend.answer(encodeConnectRequest(1), from) as Uint8Array).slice(8)
    const packet = encodeUdpAnnounce(id, 1, ANNOUNCE)
    const batch = {
      count: 1,
      capacity: 1,
      stride: packet.length,
      bytes: packet,
      lengths: Uint16Array.of(packet.length),
      addresses: from,
    }
    const replies = { ...batch, count: 0, stride: 2048, bytes: new Uint8Array(2048) }
    frontend.received(batch, replies)
    expect(replies.count).toBe(0)
    expect(errors).toMatchObject([{ message: 'a bug' }])
  })
})

describeVectors('bep15-udp-tracker requests', (vectors) => {
  const cases = vectors
    .kat('bep15-udp-tracker')
    .filter((one) => one['direction'] === 'request')
    .map((one) => ({ id: one.id, packet: fromHex(one['hex'] as string) as Uint8Array }))

  test.each(cases)('[H03] $id from an unproven sender gets no more than it sent', ({ packet }) => {
    const { frontend, at, tracker } = udp()
    const reply = frontend.answer(packet, at('20.0.0.1'))
    expect(reply?.length ?? 0).toBeLessThanOrEqual(packet.length)
    expect(tracker.counts.peers).toBe(0)
  })

  test.each(cases)('$id with a true id is answered as the vectors word it', ({ id, packet }) => {
    const { frontend, at, idFor, tracker } = udp()
    const proven = packet.slice()
    if (packet.length >= 16 && !id.startsWith('connect')) proven.set(idFor('20.0.0.1'))
    const reply = frontend.answer(proven, at('20.0.0.1'))
    const stored =
      !/^(srv-empty|srv-announce-action-9|srv-announce-port-0|srv-scrape|connect)/.test(id)
    expect(tracker.counts.peers).toBe(stored ? 1 : 0)
    if (id === 'srv-announce-left-neg')
      expect(tracker.scrape([HASH_OF_VECTORS])).toMatchObject([{ incomplete: 1 }])
    expect(reply?.length ?? 0).toBeLessThanOrEqual(UDP_RESPONSE_LENGTH_MAX)
  })
})

const HASH_OF_VECTORS = '000102030405060708090a0b0c0d0e0f10111213' as typeof HASH

describeVectors('http-tracker-requests', (vectors) => {
  const cases = vectors.kat('http-tracker-requests').map((one) => ({
    id: one.id,
    target: one['request_target'] as string,
    remote: one['remote'] as string,
    forwarded: (one['headers'] as Record<string, string> | undefined)?.['X-Forwarded-For'],
    outcome: one['outcome'] as string,
  }))

  test.each(cases)('[H01] $id: $outcome', ({ id, target, remote, forwarded, outcome }) => {
    const { tracker } = trackerOf()
    const host = sourceAddress(remote, forwarded, (address) => address === '127.0.0.1')
    if (id === 'xff-proxy-bad') {
      expect(host).toBeUndefined()
      return
    }
    if (host === undefined) throw new Error('no source')
    const { status, body } = new HttpFrontend(tracker).answer(target, { host, port: 1 })
    if (id === 'path-announce-php') {
      expect(status).toBe(404)
      return
    }
    expect(status).toBe(200)
    const isRefused = parseAnnounceBody(body).failure !== undefined
    if (outcome !== 'policy') expect(isRefused).toBe(outcome === 'error')
    expect(tracker.counts.peers).toBe(isRefused ? 0 : 1)
    if (isRefused) return
    const mine = { host: '20.0.0.1', port: 1 }
    const told = tracker.announce(
      { ...ANNOUNCE, infoHash: id === 'ok-plus' ? hash('20') : HASH_OF_VECTORS },
      mine,
    )
    // The address of documentation is nobody's and told to nobody; the private one to private askers only.
    expect(told.peers).toEqual([])
  })

  test('[H02] the right-most hop that is not trusted counts', () => {
    const one = cases.find(({ id }) => id === 'xff-multi')
    expect(sourceAddress('127.0.0.1', one?.forwarded, (address) => address === '127.0.0.1')).toBe(
      '203.0.113.9',
    )
  })
})

const hash = (byte: string): typeof HASH => byte.repeat(20) as typeof HASH

describe('[H02] X-Forwarded-For', () => {
  const trusted = (address: string): boolean => address.startsWith('10.')
  test.each([
    ['20.0.0.1', '8.8.8.8', '20.0.0.1'],
    ['20.0.0.1', undefined, '20.0.0.1'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '8.8.8.8', '8.8.8.8'],
    ['10.0.0.1', '6.6.6.6, 8.8.8.8, 10.0.0.2', '8.8.8.8'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', 'unknown', undefined],
    ['10.0.0.1', '8.8.8.8:80', undefined],
    ['::ffff:10.0.0.1', '::ffff:8.8.8.8', '8.8.8.8'],
    ['nonsense', undefined, undefined],
  ])('from %s saying %s is %s', (remote, forwarded, source) => {
    expect(sourceAddress(remote, forwarded, trusted)).toBe(source)
  })
})

describe('answers over HTTP', () => {
  const announceOf = (infoHash: string): string =>
    `info_hash=${infoHash.replace(/../g, '%$&')}&peer_id=-XX0001-0123456789ab&port=6881&left=1`

  test('are compact unless that is refused', () => {
    const { tracker, announce } = trackerOf()
    announce('20.0.0.2')
    const frontend = new HttpFrontend(tracker)
    const text = (more: string): string =>
      String.fromCharCode(
        ...frontend.answer(`/announce?${announceOf(HASH)}${more}`, { host: '20.0.0.1', port: 1 })
          .body,
      )
    expect(text('')).toContain('5:peers6:')
    expect(text('&compact=2')).toContain('5:peers6:')
    expect(text('&compact=0')).toContain('d2:ip8:20.0.0.27:peer id20:')
    expect(text('&compact=0&no_peer_id=1')).toContain('d2:ip8:20.0.0.24:porti6881ee')
  })

  test('tell the asker its address (BEP 24)', () => {
    const { tracker } = trackerOf()
    const { body } = new HttpFrontend(tracker).answer(`/announce?${announceOf(HASH)}`, {
      host: '20.0.0.1',
      port: 1,
    })
    expect(parseAnnounceBody(body).externalAddress).toBe('20.0.0.1')
  })

  test('[H09] a scrape names what was asked; a scrape of everything and of 75 is refused', () => {
    const { tracker, announce } = trackerOf()
    announce('20.0.0.1', { infoHash: hashOf(1) })
    const frontend = new HttpFrontend(tracker)
    const scrape = (hashes: readonly string[]) => {
      const query = hashes.map((one) => `info_hash=${one.replace(/../g, '%$&')}`).join('&')
      return parseScrapeBody(
        frontend.answer(`/scrape?${query}`, { host: '20.0.0.9', port: 1 }).body,
      )
    }
    expect(Object.fromEntries(scrape([hashOf(1), hashOf(2)]).files)).toEqual({
      [hashOf(1)]: { complete: 0, incomplete: 1, downloaded: 0, downloaders: 1 },
      [hashOf(2)]: { complete: 0, incomplete: 0, downloaded: 0, downloaders: 0 },
    })
    expect(scrape([]).failure).toMatch(/missing/)
    expect(scrape(Array<string>(75).fill(hashOf(1))).failure).toMatch(/74/)
    expect(scrape(Array<string>(3000).fill(hashOf(1))).failure).toMatch(/8192/)
  })

  test('paths end in announce or scrape, behind any prefix; others are not found', () => {
    const { tracker } = trackerOf()
    const frontend = new HttpFrontend(tracker)
    const statusOf = (path: string): number =>
      frontend.answer(path, { host: '20.0.0.1', port: 1 }).status
    expect(['/announce', '/key/announce', '/scrape'].map(statusOf)).toEqual([200, 200, 200])
    expect(['/', '/metrics', '/announcement', '/announce/x', ''].map(statusOf)).toEqual([
      404, 404, 404, 404, 404,
    ])
  })

  test('what breaks on our side is thrown to the server, not told to the client', () => {
    const { tracker } = trackerOf({
      hooks: [
        {
          before: () => {
            throw new RangeError('a bug')
          },
        },
      ],
    })
    expect(() =>
      new HttpFrontend(tracker).answer(`/announce?${announceOf(HASH)}`, {
        host: '20.0.0.1',
        port: 1,
      }),
    ).toThrow(RangeError)
  })
})

describe.each(Object.entries(targets))('%s', (_name, target) => {
  test('[H01 H18] 5,000 mutations are answered within their limits', () => {
    fuzz(target, { inputs: 5000, seed: 48 })
  })
})
