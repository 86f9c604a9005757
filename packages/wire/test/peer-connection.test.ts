// Framing around a session: a whole conversation cut in every way, and what one drain's output looks like.
import { Bitfield, Prng, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { encodeMessage, extensionHandshake } from '../src/index.ts'
import { GEOMETRY, PIECE_LENGTH, Pair, chunksOf, concat } from './pair.ts'

const BLOCK = 100

/** Both sides say everything there is to say once. Content is a function of its place. */
function converse(pair: Pair, cut?: (bytes: Uint8Array) => readonly Uint8Array[]): void {
  const { dialer, acceptor } = pair
  const run = (): void => pair.run(cut)
  acceptor.onEvent = (event) => {
    if (event.type === 'request') {
      acceptor.session.sendBlock(event.piece, event.begin, content(event.piece, event.length))
    }
    if (event.type === 'interested') acceptor.session.unchoke()
  }
  run()
  for (const { session } of [dialer, acceptor]) {
    session.sendExtensionHandshake(
      extensionHandshake({ extensions: { ut_pex: 4, lt_donthave: 7 } }),
    )
    session.sendPieces(new Bitfield(10, Uint8Array.of(0xa5, 0x40)))
  }
  acceptor.session.sendAllowedFast(9)
  acceptor.session.sendSuggest(2)
  dialer.session.sendPort(6881)
  dialer.session.setInterested(true)
  run()
  for (const piece of [0, 2, 5]) dialer.session.request(piece, 0, BLOCK, 0)
  dialer.session.sendExtended('ut_pex', Uint8Array.of(1, 2, 3))
  run()
  dialer.session.request(7, 0, BLOCK, 0)
  dialer.session.cancel(7, 0, BLOCK)
  acceptor.session.sendDontHave(7)
  acceptor.session.choke()
  dialer.session.setInterested(false)
  run()
}

function content(piece: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => piece * 31 + at)
}

/** All that both sides were told, as text: quick to compare. */
function told(cut?: (bytes: Uint8Array) => readonly Uint8Array[]): string {
  const pair = new Pair()
  converse(pair, cut)
  expect([pair.dialer.error, pair.acceptor.error]).toEqual([undefined, undefined])
  return asText([pair.dialer.events, pair.acceptor.events])
}

function asText(events: unknown): string {
  return JSON.stringify(events, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(value)
    if (value instanceof Bitfield) return toHex(value.toBytes())
    return value instanceof Map ? [...value] : value
  })
}

describe('a conversation', () => {
  const whole = told()

  test('has every kind of event that a v1 connection can have', () => {
    const pair = new Pair()
    converse(pair)
    const { events } = pair.dialer
    const types = new Set([...events, ...pair.acceptor.events].map(({ type }) => type))
    expect([...types].toSorted((one, other) => (one < other ? -1 : 1))).toEqual([
      'allowed-fast',
      'asked',
      'block',
      'choke',
      'dont-have',
      'extended',
      'extension-handshake',
      'handshake',
      'interested',
      'not-interested',
      'pieces',
      'port',
      'request',
      'suggest',
      'unchoke',
    ])
    const blocks = events.filter((event) => event.type === 'block')
    expect(blocks.map(({ piece, data }) => [piece, data])).toEqual(
      [0, 2, 5].map((piece) => [piece, content(piece, BLOCK)]),
    )
  })

  test('[D16] means the same split at every byte boundary', () => {
    for (let at = 1; at < 300; at++) {
      expect(
        told((bytes) =>
          [bytes.subarray(0, at), bytes.subarray(at)].filter((one) => one.length > 0),
        ),
      ).toBe(whole)
    }
  })

  test('[D16] means the same byte by byte, and in chunks of any one length', () => {
    for (const length of [1, 2, 3, 5, 7, 13, 16, 17, 68, 100, 99, 113, 400]) {
      expect(told(chunksOf(length))).toBe(whole)
    }
  })

  test('[D16] means the same in chunks of random lengths', () => {
    const random = new Prng('conversation')
    for (let round = 0; round < 50; round++) {
      const cut = (bytes: Uint8Array): Uint8Array[] => {
        const chunks: Uint8Array[] = []
        for (let at = 0; at < bytes.length; ) {
          const length = 1 + random.below(60)
          chunks.push(bytes.subarray(at, at + length))
          at += length
        }
        return chunks
      }
      expect(told(cut), `round ${round}`).toBe(whole)
    }
  })

  test('cut off at any byte leaves both sides waiting, without an error', () => {
    const stream = encodeMessage({ type: 'piece', piece: 1, begin: 0, data: content(1, BLOCK) })
    for (let length = 0; length < stream.length; length++) {
      const { acceptor } = Pair.open()
      acceptor.take(stream.slice(0, length), 0)
      expect([acceptor.error, acceptor.told()]).toEqual([undefined, []])
    }
  })
})

describe('an output', () => {
  test('is one chunk for everything but blocks, whose data goes as it is', () => {
    const pair = Pair.open()
    pair.acceptor.session.unchoke()
    pair.run()
    for (const piece of [1, 2]) pair.dialer.session.request(piece, 0, BLOCK, 0)
    const asked = pair.dialer.connection.takeOutput()!
    expect(asked.chunks.map(({ length }) => length)).toEqual([34])
    pair.acceptor.take(concat(asked.chunks), 0)
    const data = new Uint8Array(BLOCK)
    pair.acceptor.session.sendHave(4)
    pair.acceptor.session.sendBlock(1, 0, data)
    pair.acceptor.session.sendHave(5)
    const output = pair.acceptor.connection.takeOutput()!
    expect(output.chunks.map(({ length }) => length)).toEqual([9 + 13, BLOCK, 9])
    expect(output.chunks[1]).toBe(data)
    expect(output.length).toBe(9 + 13 + BLOCK + 9)
    expect(pair.acceptor.connection.takeOutput()).toBeUndefined()
  })

  test('of a block without bytes cannot be framed', () => {
    const pair = Pair.open()
    pair.acceptor.session.unchoke()
    pair.run()
    pair.dialer.session.request(1, 0, PIECE_LENGTH, 0)
    pair.run()
    pair.acceptor.session.sendBlock(1, 0, { length: PIECE_LENGTH, genuine: true })
    expect(() => pair.acceptor.connection.takeOutput()).toThrow('has bytes')
  })
})

test('the bitfield limit follows the torrent once that is known', () => {
  const limits = { piecesBeforeGeometryMax: 8 }
  const magnet = Pair.open({ geometry: undefined, limits }).dialer
  magnet.session.adopt(GEOMETRY)
  magnet.drain()
  magnet.take(encodeMessage({ type: 'bitfield', bits: Uint8Array.of(255, 0xc0) }), 0)
  expect(magnet.error).toBeUndefined()
  expect(magnet.told()).toMatchObject([{ type: 'pieces' }])
})
