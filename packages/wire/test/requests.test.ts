// Requests, answers, chokes between two peers, with the fast extension and without (BEP 3, 6).
import type { BlockData } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { encodeMessage, type Message } from '../src/index.ts'
import { ALLOWED_FAST_MAX, REQUESTS_UNSAID, USELESS_BURST_MAX } from '../src/wire-limits.ts'
import { Pair, type Side, concat } from './pair.ts'

const BLOCK = 16_384
const data = (length = BLOCK): BlockData => new Uint8Array(length).fill(7)
const bytesOf = (...messages: readonly Message[]): Uint8Array =>
  concat(messages.map((message) => encodeMessage(message)))

/** The dialer may ask; nothing is told. */
function unchoked(dialer: Side = {}, acceptor: Side = {}): Pair {
  const pair = Pair.open(dialer, acceptor)
  pair.acceptor.session.unchoke()
  pair.run()
  pair.dialer.told()
  return pair
}

const slow = { fast: false }
const local = (code: string): object => expect.objectContaining({ code, blame: 'local' })

describe('a request of ours', () => {
  test('is open until its block comes', () => {
    const pair = unchoked()
    const { dialer, acceptor } = pair
    dialer.session.request(1, BLOCK, BLOCK, 0)
    expect([dialer.session.requestsOpen, dialer.session.requestsOpenBytes]).toEqual([1, BLOCK])
    pair.run()
    expect(acceptor.told()).toEqual([{ type: 'request', piece: 1, begin: BLOCK, length: BLOCK }])
    expect(acceptor.session.requestsFromPeer).toBe(1)
    expect(acceptor.session.sendBlock(1, BLOCK, data())).toBe(true)
    pair.run()
    expect(dialer.told()).toEqual([
      { type: 'block', piece: 1, begin: BLOCK, data: data(), asked: 'open' },
    ])
    expect([dialer.session.requestsOpen, acceptor.session.requestsFromPeer]).toEqual([0, 0])
  })

  test('is refused locally while choked, beyond the torrent, twice, and past what the peer takes', () => {
    const pair = Pair.open()
    const { session } = pair.dialer
    expect(session.mayRequest(0)).toBe(false)
    expect(() => session.request(0, 0, BLOCK, 0)).toThrow(local('MESSAGE_OUT_OF_TURN'))
    pair.acceptor.session.unchoke()
    pair.run()
    expect(session.mayRequest(0)).toBe(true)
    expect(() => session.request(10, 0, BLOCK, 0)).toThrow(local('OUT_OF_RANGE'))
    expect(() => session.request(0, BLOCK, BLOCK + 1, 0)).toThrow(local('OUT_OF_RANGE'))
    session.request(0, 0, BLOCK, 0)
    expect(() => session.request(0, 0, BLOCK, 0)).toThrow(local('MESSAGE_OUT_OF_TURN'))
    for (let begin = 1; session.mayRequest(0); begin++) session.request(0, begin, 1, 0)
    expect(session.requestsOpen).toBe(REQUESTS_UNSAID)
    expect(() => session.request(1, 0, BLOCK, 0)).toThrow(local('MESSAGE_OUT_OF_TURN'))
  })

  test('is refused locally before the metadata is here', () => {
    const pair = Pair.open({ geometry: undefined })
    pair.acceptor.session.unchoke()
    pair.run()
    expect(pair.dialer.session.mayRequest(0)).toBe(false)
    expect(() => pair.dialer.session.request(0, 0, BLOCK, 0)).toThrow(local('MESSAGE_OUT_OF_TURN'))
  })

  test('expires at its deadline with a cancel, and its late block is known', () => {
    const pair = unchoked()
    const { dialer, acceptor } = pair
    dialer.session.request(2, 0, BLOCK, 0, { deadlineMs: 60_000 })
    dialer.session.request(3, 0, BLOCK, 0, { soft: true, deadlineMs: 10_000 })
    pair.run()
    expect(dialer.session.requestsSoft).toBe(1)
    expect(dialer.session.deadline()).toBe(10_000)
    pair.advance(9_999)
    expect(dialer.told()).toEqual([])
    pair.advance(1)
    expect(dialer.told()).toEqual([
      { type: 'reject', piece: 3, begin: 0, length: BLOCK, why: 'expired' },
    ])
    expect(acceptor.told()).toMatchObject([
      { type: 'request' },
      { type: 'request' },
      { type: 'cancel', piece: 3 },
    ])
    expect([dialer.session.requestsOpen, dialer.session.requestsSoft]).toEqual([1, 0])
    pair.inject(dialer, bytesOf({ type: 'piece', piece: 2, begin: 0, data: data() }))
    expect(dialer.told()).toMatchObject([{ type: 'block', asked: 'open' }])
    pair.inject(dialer, bytesOf({ type: 'piece', piece: 3, begin: 0, data: data() }))
    expect(dialer.error).toBeUndefined()
  })

  test('that was cancelled brings a late block as cancelled, once', () => {
    const pair = unchoked(slow, slow)
    const { dialer } = pair
    dialer.session.request(2, 0, BLOCK, 0)
    dialer.session.cancel(2, 0, BLOCK)
    dialer.session.cancel(2, 0, BLOCK)
    pair.run()
    expect(pair.acceptor.told()).toMatchObject([{ type: 'request' }, { type: 'cancel' }])
    const block = bytesOf({ type: 'piece', piece: 2, begin: 0, data: data() })
    pair.inject(dialer, concat([block, block]))
    expect(dialer.told()).toMatchObject([
      { type: 'block', asked: 'cancelled' },
      { type: 'block', asked: 'never' },
    ])
  })

  test('open requests are listed oldest first', () => {
    const pair = unchoked()
    for (const piece of [4, 2, 9]) pair.dialer.session.request(piece, 0, BLOCK, 0)
    pair.dialer.session.cancel(2, 0, BLOCK)
    expect(Array.from(pair.dialer.session.openRequests(), ({ piece }) => piece)).toEqual([4, 9])
    pair.run()
    const owed = Array.from(pair.acceptor.session.openRequestsFromPeer(), ({ piece }) => piece)
    expect(owed).toEqual([4, 9])
  })
})

describe('a choke', () => {
  test('drops open requests when the fast extension is off, and late blocks are ours still', () => {
    const pair = unchoked(slow, slow)
    const { dialer, acceptor } = pair
    dialer.session.request(2, 0, BLOCK, 0)
    dialer.session.request(3, 0, BLOCK, 0)
    pair.run()
    acceptor.session.choke()
    expect(acceptor.session.sendBlock(2, 0, data())).toBe(false)
    pair.run()
    expect(dialer.told()).toEqual([
      { type: 'choke' },
      { type: 'reject', piece: 2, begin: 0, length: BLOCK, why: 'choked' },
      { type: 'reject', piece: 3, begin: 0, length: BLOCK, why: 'choked' },
    ])
    expect(dialer.session.requestsOpen).toBe(0)
    pair.inject(dialer, bytesOf({ type: 'piece', piece: 3, begin: 0, data: data() }))
    expect(dialer.told()).toMatchObject([{ type: 'block', asked: 'cancelled' }])
  })

  test('rejects each open request, after the choke, when the fast extension is on', () => {
    const pair = unchoked()
    const { dialer, acceptor } = pair
    dialer.session.request(2, 0, BLOCK, 0)
    dialer.session.request(3, 0, BLOCK, 0)
    pair.run()
    acceptor.session.hold(3, 0, BLOCK, 5_000)
    acceptor.session.choke()
    expect([acceptor.session.requestsFromPeer, acceptor.session.requestsHeld]).toEqual([0, 0])
    pair.run()
    expect(dialer.told()).toEqual([
      { type: 'choke' },
      { type: 'reject', piece: 2, begin: 0, length: BLOCK, why: 'rejected' },
      { type: 'reject', piece: 3, begin: 0, length: BLOCK, why: 'rejected' },
    ])
  })

  test('leaves requests open that crossed it, until they are answered (fast)', () => {
    const pair = unchoked()
    const { dialer } = pair
    dialer.session.request(2, 0, BLOCK, 0)
    pair.inject(dialer, bytesOf({ type: 'choke' }))
    expect(dialer.session.requestsOpen).toBe(1)
    pair.inject(dialer, bytesOf({ type: 'piece', piece: 2, begin: 0, data: data() }))
    expect(dialer.told()).toMatchObject([{ type: 'choke' }, { type: 'block', asked: 'open' }])
  })

  test('and unchoke are said once', () => {
    const pair = unchoked()
    pair.acceptor.session.unchoke()
    expect(pair.acceptor.connection.takeOutput()).toBeUndefined()
    pair.acceptor.session.choke()
    pair.acceptor.session.choke()
    expect(pair.acceptor.connection.takeOutput()?.length).toBe(5)
  })
})

describe('a request of the peer', () => {
  test.each([
    ['with a reject where there is fast', {}, 'rejected'],
    ['in silence where there is none', slow, 'choked'],
  ] as const)('that crosses our choke is answered here, %s', (_, side, why) => {
    const pair = unchoked(side, side)
    pair.dialer.session.request(1, 0, BLOCK, 0)
    pair.acceptor.session.choke()
    pair.run()
    expect(pair.acceptor.told()).toEqual([])
    expect(pair.acceptor.session.requestsFromPeer).toBe(0)
    expect(pair.dialer.told()).toMatchObject([{ type: 'choke' }, { type: 'reject', why }])
  })

  test('every request gets exactly one answer: block, reject, cancel, choke (fast)', () => {
    const pair = unchoked()
    const { dialer, acceptor } = pair
    for (let piece = 0; piece < 6; piece++) dialer.session.request(piece, 0, BLOCK, 0)
    pair.run()
    acceptor.session.sendBlock(0, 0, data())
    acceptor.session.reject(1, 0, BLOCK)
    acceptor.session.reject(1, 0, BLOCK)
    dialer.session.cancel(2, 0, BLOCK)
    acceptor.session.hold(3, 0, BLOCK, 100)
    pair.run()
    pair.advance(100)
    acceptor.session.choke()
    pair.run()
    const answers = dialer.told().filter(({ type }) => type !== 'choke')
    expect(answers.map((event) => [event.type, 'piece' in event && event.piece])).toEqual([
      ['block', 0],
      ['reject', 1],
      ['reject', 3],
      ['reject', 4],
      ['reject', 5],
    ])
    expect(dialer.session.requestsOpen).toBe(0)
    expect(acceptor.session.requestsFromPeer).toBe(0)
  })

  test('cancelled while its data is read is not sent', () => {
    const pair = unchoked()
    pair.dialer.session.request(1, 0, BLOCK, 0)
    pair.run()
    pair.dialer.session.cancel(1, 0, BLOCK)
    pair.run()
    let sent = false
    expect(
      pair.acceptor.session.sendBlock(1, 0, data(), () => {
        sent = true
      }),
    ).toBe(false)
    pair.run()
    expect(sent).toBe(false)
    expect(pair.acceptor.told().map(({ type }) => type)).toEqual(['request', 'cancel'])
    expect(pair.dialer.told()).toEqual([])
  })

  test('a hold ends at its time with an event, and a reject where there is fast', () => {
    for (const side of [{}, slow]) {
      const pair = unchoked(side, side)
      const { dialer, acceptor } = pair
      dialer.session.request(1, 0, BLOCK, 0)
      pair.run()
      acceptor.told()
      acceptor.session.hold(1, 0, BLOCK, 2_000)
      expect(acceptor.session.requestsHeld).toBe(1)
      expect(acceptor.session.deadline()).toBe(2_000)
      pair.advance(1_999)
      expect(acceptor.told()).toEqual([])
      pair.advance(1)
      expect(acceptor.told()).toEqual([{ type: 'hold-expired', piece: 1, begin: 0, length: BLOCK }])
      expect(acceptor.session.requestsFromPeer).toBe(0)
      expect(dialer.told().map(({ type }) => type)).toEqual(side === slow ? [] : ['reject'])
    }
  })

  test('a held request can be served before its time', () => {
    const pair = unchoked()
    pair.dialer.session.request(1, 0, BLOCK, 0)
    pair.run()
    pair.acceptor.session.hold(1, 0, BLOCK, 2_000)
    expect(pair.acceptor.session.sendBlock(1, 0, data())).toBe(true)
    expect(pair.acceptor.session.requestsHeld).toBe(0)
    pair.advance(3_000)
    expect(pair.acceptor.told().map(({ type }) => type)).toEqual(['request'])
  })

  test('a second one at the same place is refused, the first stays', () => {
    const pair = unchoked()
    const request = { type: 'request', piece: 1, begin: 0, length: BLOCK } as const
    pair.inject(pair.acceptor, bytesOf(request, request))
    expect(pair.acceptor.told()).toHaveLength(1)
    expect(pair.acceptor.session.requestsFromPeer).toBe(1)
  })

  test('longer than the limit ends the connection, at the limit it is fine', () => {
    const limits = { requestLengthMax: 20_000 }
    const pair = unchoked({}, { limits })
    pair.inject(pair.acceptor, bytesOf({ type: 'request', piece: 1, begin: 0, length: 20_000 }))
    expect(pair.acceptor.error).toBeUndefined()
    pair.inject(pair.acceptor, bytesOf({ type: 'request', piece: 2, begin: 0, length: 20_001 }))
    expect(pair.acceptor.error).toMatchObject({ code: 'OUT_OF_RANGE', blame: 'remote' })
    expect(pair.acceptor.error?.message).toContain('20001')
  })

  test('[D11] of 100,000 in one write the book takes its limit, the rest is rejected, then the peer is dropped', () => {
    const pair = unchoked({}, { limits: { requestsFromPeerMax: 500 } })
    const { acceptor } = pair
    const flood = concat(
      Array.from({ length: 100_000 }, (_, at) =>
        encodeMessage({ type: 'request', piece: at % 10, begin: (at / 10) | 0, length: 1 }),
      ),
    )
    acceptor.take(flood, 0)
    expect(acceptor.events.filter(({ type }) => type === 'request')).toHaveLength(500)
    expect(acceptor.error).toMatchObject({ code: 'REQUEST_FLOOD', blame: 'remote' })
    expect(acceptor.connection.takeOutput()).toBeUndefined()
  })

  test('[D11] a refused pipeline of twice our book does not end the connection', () => {
    const pair = unchoked()
    const requests = Array.from({ length: USELESS_BURST_MAX }, (_, begin) =>
      encodeMessage({ type: 'request', piece: 0, begin, length: 1 }),
    )
    pair.acceptor.session.choke()
    pair.acceptor.take(concat(requests), 0)
    expect(pair.acceptor.error).toBeUndefined()
    expect(pair.acceptor.connection.takeOutput()?.length).toBe(5 + 17 * USELESS_BURST_MAX)
    pair.acceptor.take(concat(requests).subarray(0, 17), 0)
    expect(pair.acceptor.error).toMatchObject({ code: 'REQUEST_FLOOD' })
  })
})

describe('allowed-fast', () => {
  test('lets a choked peer ask, and is not a have', () => {
    const pair = Pair.open()
    const { dialer, acceptor } = pair
    acceptor.session.sendAllowedFast(3)
    acceptor.session.sendAllowedFast(3)
    pair.run()
    expect(dialer.told()).toEqual([{ type: 'allowed-fast', piece: 3 }])
    expect(dialer.session.peerPieces?.has(3)).toBe(false)
    expect([dialer.session.mayRequest(3), dialer.session.mayRequest(4)]).toEqual([true, false])
    dialer.session.request(3, 0, BLOCK, 0)
    pair.run()
    expect(acceptor.told()).toMatchObject([{ type: 'request', piece: 3 }])
    expect(acceptor.session.sendBlock(3, 0, data())).toBe(true)
  })

  test('requests outlive a choke', () => {
    const pair = Pair.open()
    pair.acceptor.session.sendAllowedFast(3)
    pair.acceptor.session.unchoke()
    pair.run()
    pair.dialer.session.request(3, 0, BLOCK, 0)
    pair.dialer.session.request(4, 0, BLOCK, 0)
    pair.run()
    pair.acceptor.session.choke()
    pair.run()
    expect(pair.dialer.session.requestsOpen).toBe(1)
    expect(pair.acceptor.session.sendBlock(3, 0, data())).toBe(true)
  })

  test('[E08] a choked peer has each piece once over, then it is rejected', () => {
    const pair = Pair.open()
    const { dialer, acceptor } = pair
    acceptor.session.sendAllowedFast(3)
    pair.run()
    acceptor.onEvent = (event) => {
      if (event.type === 'request') acceptor.session.sendBlock(3, event.begin, data())
    }
    dialer.told()
    for (let round = 0; round < 10; round++) {
      dialer.session.request(3, (round % 2) * BLOCK, BLOCK, 0)
      pair.run()
    }
    expect(dialer.told().map(({ type }) => type)).toEqual([
      'block',
      'block',
      ...Array.from({ length: 8 }, () => 'reject'),
    ])
  })

  test('past its limit is ignored', () => {
    const pieces = ALLOWED_FAST_MAX + 1
    const pair = Pair.open({ geometry: undefined })
    const flood = Array.from({ length: pieces }, (_, piece) =>
      encodeMessage({ type: 'allowed-fast', piece }),
    )
    pair.inject(pair.dialer, concat(flood))
    expect(pair.dialer.told()).toHaveLength(ALLOWED_FAST_MAX)
  })
})

describe('a block', () => {
  test('[D10] of another length than asked is reported as never asked, the request stays open', () => {
    const pair = unchoked()
    pair.dialer.session.request(1, 0, BLOCK, 0)
    for (const length of [BLOCK + 1, BLOCK - 1]) {
      pair.inject(pair.dialer, bytesOf({ type: 'piece', piece: 1, begin: 0, data: data(length) }))
    }
    expect(pair.dialer.told()).toMatchObject([
      { type: 'block', asked: 'never' },
      { type: 'block', asked: 'never' },
    ])
    expect(pair.dialer.session.requestsOpen).toBe(1)
  })

  test.each([
    ['past the end of its piece', { piece: 1, begin: BLOCK + 1, length: BLOCK }],
    ['of a piece that is not', { piece: 10, begin: 0, length: BLOCK }],
    ['of nothing', { piece: 1, begin: 0, length: 0 }],
  ])('[D07] %s ends the connection', (_, { piece, begin, length }) => {
    const pair = unchoked()
    pair.inject(pair.dialer, bytesOf({ type: 'piece', piece, begin, data: data(length) }))
    expect(pair.dialer.error).toMatchObject({ code: 'OUT_OF_RANGE', blame: 'remote' })
  })

  test('[D10] nobody asked for is waste a few times, then a flood', () => {
    const pair = unchoked()
    const block = bytesOf({ type: 'piece', piece: 1, begin: 0, data: data(1) })
    for (let count = 0; count < 255; count++) pair.inject(pair.dialer, block)
    expect(pair.dialer.error).toBeUndefined()
    pair.inject(pair.dialer, block)
    expect(pair.dialer.error).toMatchObject({ code: 'MESSAGE_FLOOD', blame: 'remote' })
  })
})

test('sent runs once for all blocks of a drain, in their order, after the output says so', () => {
  const pair = unchoked()
  for (const piece of [1, 2, 3]) pair.dialer.session.request(piece, 0, BLOCK, 0)
  pair.run()
  const sent: number[] = []
  const blocks = [1, 2, 3].map((piece) => ({ piece, data: new Uint8Array(BLOCK).fill(piece) }))
  for (const block of blocks) {
    pair.acceptor.session.sendBlock(block.piece, 0, block.data, () => sent.push(block.piece))
  }
  const output = pair.acceptor.connection.takeOutput()!
  expect(sent).toEqual([])
  expect(output.chunks.map(({ length }) => length)).toEqual([13, BLOCK, 13, BLOCK, 13, BLOCK])
  expect(output.chunks[1]).toBe(blocks[0]!.data)
  output.sent()
  expect(sent).toEqual([1, 2, 3])
})

test('closing gives back the data of blocks that never went out', () => {
  const pair = unchoked()
  pair.dialer.session.request(1, 0, BLOCK, 0)
  pair.run()
  let returned = 0
  pair.acceptor.session.sendBlock(1, 0, data(), () => returned++)
  pair.acceptor.session.close()
  pair.acceptor.session.close()
  expect(returned).toBe(1)
  expect(pair.acceptor.connection.takeOutput()).toBeUndefined()
})
