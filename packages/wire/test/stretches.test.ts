// Adjacent blocks in one request: only where the peer says that it answers long ones, and told block by block.
import { PieceGeometry } from '@bt/metainfo'
import { describe, expect, test } from 'vitest'
import { CONNECTION_LIMITS, encodeMessage, extensionHandshake } from '../src/index.ts'
import { BLOCK, Pair, bytesOf, data } from './pair.ts'

const GEOMETRY = new PieceGeometry({
  pieceLength: 8 * BLOCK,
  files: [{ length: 16 * BLOCK - 1 }],
})
const MAX = { stretchMax: 4 * BLOCK }

/** Unchoked, and told by the acceptor how long a request it answers; 0: nothing is told. */
function told(requestLengthMax: number, fast = true): Pair {
  const pair = Pair.open({ geometry: GEOMETRY, fast }, { geometry: GEOMETRY, fast })
  const { dialer, acceptor } = pair
  acceptor.session.sendExtensionHandshake(
    extensionHandshake(requestLengthMax === 0 ? {} : { requestLengthMax }),
  )
  acceptor.session.unchoke()
  pair.run()
  dialer.told()
  acceptor.told()
  return pair
}

function ask(pair: Pair, piece: number, blocks: readonly number[], options: object = MAX): void {
  for (const block of blocks) {
    const begin = block * BLOCK
    const length = Math.min(BLOCK, GEOMETRY.dataLengthOf(GEOMETRY.piece(piece)) - begin)
    pair.dialer.session.request(piece, begin, length, 0, options)
  }
  pair.run()
}

const range = (piece: number, block: number, blocks: number): object => ({
  piece,
  begin: block * BLOCK,
  length: blocks * BLOCK,
})

describe('adjacent blocks', () => {
  test('[speed] are asked for in one request, up to what the peer answers and what was allowed', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 0, [0, 1, 2, 3, 4, 5])
    expect(pair.acceptor.told()).toEqual([
      { type: 'request', ...range(0, 0, 4) },
      { type: 'request', ...range(0, 4, 2) },
    ])
    expect(pair.dialer.session.requestsOpen).toBe(6)
    const modest = told(2 * BLOCK)
    ask(modest, 0, [0, 1, 2])
    expect(modest.acceptor.told()).toMatchObject([range(0, 0, 2), range(0, 2, 1)])
  })

  test('stay apart where the peer said nothing, nothing was allowed, or another request is between them', () => {
    const silent = told(0)
    ask(silent, 0, [0, 1])
    expect(silent.acceptor.told()).toMatchObject([range(0, 0, 1), range(0, 1, 1)])
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 0, [0, 1], {})
    ask(pair, 0, [3, 2, 4, 5])
    expect(pair.acceptor.told()).toMatchObject([
      range(0, 0, 1),
      range(0, 1, 1),
      range(0, 3, 1),
      range(0, 2, 1),
      range(0, 4, 2),
    ])
  })

  test('come as one block, the short last one of a torrent too', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 1, [6, 7])
    const [asked] = pair.acceptor.told()
    const length = 2 * BLOCK - 1
    expect(asked).toEqual({ type: 'request', piece: 1, begin: 6 * BLOCK, length })
    expect(pair.acceptor.session.sendBlock(1, 6 * BLOCK, data(length))).toBe(true)
    pair.run()
    expect(pair.dialer.told()).toEqual([
      { type: 'block', piece: 1, begin: 6 * BLOCK, data: data(length), asked: 'open' },
    ])
    expect(pair.dialer.session.requestsOpen).toBe(0)
    expect(pair.dialer.session.requestsOpenBytes).toBe(0)
  })

  test('are told apart where some of them were given up', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 0, [0, 1, 2])
    pair.dialer.session.cancel(0, BLOCK, BLOCK)
    pair.run()
    expect(pair.acceptor.told()).toMatchObject([{ type: 'request' }])
    pair.acceptor.session.sendBlock(0, 0, data(3 * BLOCK))
    pair.run()
    expect(pair.dialer.told()).toMatchObject([
      { type: 'block', begin: 0, asked: 'open' },
      { type: 'block', begin: BLOCK, asked: 'cancelled' },
      { type: 'block', begin: 2 * BLOCK, asked: 'open' },
    ])
  })

  test('are cancelled as they were asked for when all are given up, by us or by time', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 0, [0, 1], { ...MAX, deadlineMs: 1_000 })
    pair.dialer.session.cancel(0, 0, BLOCK)
    pair.run()
    expect(pair.acceptor.told()).toMatchObject([{ type: 'request' }])
    pair.advance(1_000)
    expect(pair.acceptor.told()).toEqual([{ type: 'cancel', ...range(0, 0, 2) }])
    expect(pair.acceptor.session.requestsFromPeer).toBe(0)
    expect(pair.dialer.session.requestsOpen).toBe(0)
  })

  test('are rejected as one, and told as rejects of each', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 0, [2, 3])
    pair.acceptor.session.reject(0, 2 * BLOCK, 2 * BLOCK)
    pair.run()
    expect(pair.dialer.told()).toEqual([
      { type: 'reject', ...range(0, 2, 1), why: 'rejected' },
      { type: 'reject', ...range(0, 3, 1), why: 'rejected' },
    ])
    expect(pair.dialer.session.requestsOpen).toBe(0)
  })

  test('are lost with a choke of a peer without the fast extension', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax, false)
    ask(pair, 0, [0, 1])
    pair.acceptor.session.choke()
    pair.run()
    expect(pair.dialer.told()).toMatchObject([
      { type: 'choke' },
      { type: 'reject', begin: 0, why: 'choked' },
      { type: 'reject', begin: BLOCK, why: 'choked' },
    ])
  })

  test('[D10] of another length than asked are reported as never asked', () => {
    const pair = told(CONNECTION_LIMITS.requestLengthMax)
    ask(pair, 0, [0, 1, 2])
    for (const blocks of [2, 4]) {
      pair.inject(
        pair.dialer,
        bytesOf({ type: 'piece', piece: 0, begin: 0, data: data(blocks * BLOCK) }),
      )
    }
    expect(pair.dialer.told()).toMatchObject([
      { type: 'block', asked: 'never' },
      { type: 'block', asked: 'never' },
    ])
    expect(pair.dialer.session.requestsOpen).toBe(3)
  })
})

test('a length that makes no sense is as good as none', () => {
  const pair = told(0)
  for (const value of ['i0e', 'i-5e', '2:ab']) {
    const payload = new TextEncoder().encode(`d4:reql${value}e`)
    pair.inject(pair.dialer, encodeMessage({ type: 'extended', id: 0, payload }))
  }
  ask(pair, 0, [0, 1])
  expect(pair.acceptor.told()).toMatchObject([range(0, 0, 1), range(0, 1, 1)])
})
