// What a peer asks of us and the one answer that each request gets, with the fast extension and without (BEP 3, 6).
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../src/index.ts'
import { ALLOWED_FAST_MAX, USELESS_BURST_MAX } from '../src/wire-limits.ts'
import { BLOCK, Pair, SLOW as slow, bytesOf, concat, data, unchoked } from './pair.ts'

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
