import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../src/index.ts'
import { CONNECTION_LIMITS } from '../src/wire-limits.ts'
import { Pair } from './pair.ts'

const { handshakeMs, idleMs, keepAliveMs } = CONNECTION_LIMITS

test('[D13] a handshake that drips in is given up at its absolute deadline', () => {
  const pair = new Pair()
  const bytes = pair.dialer.connection.takeOutput()!.chunks[0]!
  for (let at = 0; at < 14; at++) {
    pair.acceptor.take(bytes.slice(at, at + 1), 1000 * at)
    expect(pair.acceptor.session.deadline()).toBe(handshakeMs)
  }
  pair.acceptor.session.tick(handshakeMs - 1)
  expect(() => pair.acceptor.session.tick(handshakeMs)).toThrow(
    expect.objectContaining({ code: 'TIMED_OUT', blame: 'remote' }),
  )
  expect(pair.acceptor.session.closed).toBe(true)
})

test('[D13] a peer that sends its head and never its id is given up too', () => {
  const pair = new Pair()
  pair.acceptor.take(pair.dialer.connection.takeOutput()!.chunks[0]!.slice(0, 60), 5000)
  pair.acceptor.connection.takeOutput()
  expect(() => pair.acceptor.session.tick(handshakeMs)).toThrow(
    expect.objectContaining({ code: 'TIMED_OUT' }),
  )
})

test('[D13] a silent peer is given up after the idle time, not before', () => {
  const pair = Pair.open()
  const { session } = pair.dialer
  session.tick(idleMs - 1)
  expect(() => session.tick(idleMs)).toThrow(expect.objectContaining({ code: 'TIMED_OUT' }))
})

test('says when a byte came last, of a message that is not whole yet, too', () => {
  const { dialer } = Pair.open()
  const have = encodeMessage({ type: 'have', piece: 0 as never })
  dialer.take(have.slice(0, 5), 7000)
  expect(dialer.session.heardAt).toBe(7000)
})

test('[D13] a block that drips in keeps the peer alive, but its request expires', () => {
  const pair = Pair.open()
  const { dialer, acceptor } = pair
  acceptor.session.unchoke()
  pair.run()
  dialer.session.request(0, 0, 16_384, 0, { deadlineMs: 60_000 })
  const block = encodeMessage({ type: 'piece', piece: 0, begin: 0, data: new Uint8Array(16_384) })
  for (let minute = 0; minute < 5; minute++) {
    dialer.take(block.slice(minute, minute + 1), 60_000 * minute)
    dialer.session.tick(60_000 * minute)
    dialer.drain()
  }
  expect(dialer.error).toBeUndefined()
  expect(dialer.told()).toMatchObject([{ type: 'unchoke' }, { type: 'reject', why: 'expired' }])
})

describe('keep-alives', () => {
  test('keep two quiet peers together for a day', () => {
    const pair = Pair.open()
    pair.advance(24 * 3600 * 1000)
    expect([pair.dialer.error, pair.acceptor.error]).toEqual([undefined, undefined])
  })

  test('are sent after our silence only', () => {
    const pair = Pair.open()
    const { session, connection } = pair.dialer
    expect(session.deadline()).toBe(keepAliveMs)
    session.tick(keepAliveMs - 1)
    expect(connection.takeOutput()).toBeUndefined()
    session.tick(keepAliveMs)
    expect(connection.takeOutput()?.chunks).toEqual([new Uint8Array(4)])
    expect(session.deadline()).toBe(Math.min(idleMs, 2 * keepAliveMs))
    session.tick(keepAliveMs + 1)
    expect(connection.takeOutput()).toBeUndefined()
  })
})

test('[L04] a tick that comes five seconds late drops nobody who is in time', () => {
  const pair = Pair.open()
  pair.advance(keepAliveMs)
  pair.dialer.session.tick(keepAliveMs + 5000)
  expect(pair.dialer.session.closed).toBe(false)
})
