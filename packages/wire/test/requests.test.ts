// What we ask of a peer and what comes back, with the fast extension and without (BEP 3, 6).
import { describe, expect, test } from 'vitest'
import { REQUESTS_UNSAID } from '../src/wire-limits.ts'
import { BLOCK, Pair, SLOW as slow, bytesOf, concat, data, unchoked } from './pair.ts'

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
