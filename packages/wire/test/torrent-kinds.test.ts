// Connections of magnets, whose metadata comes later, and of hybrid and v2 torrents (BEP 9, 52).
import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import type { Message } from '../src/index.ts'
import { GEOMETRY, INFO_HASH, OTHER_HASH, Pair, V2_HASH, bytesOf } from './pair.ts'
import type { End } from './pair.ts'

function inject(end: End, ...messages: readonly Message[]): void {
  end.take(bytesOf(...messages), 0)
}

describe('a magnet', () => {
  test('hears pieces before the metadata and tells them when it comes', () => {
    const pair = Pair.open({ geometry: undefined })
    const { dialer, acceptor } = pair
    acceptor.session.sendPieces(new Bitfield(10, Uint8Array.of(0x80, 0)))
    acceptor.session.sendHave(9)
    acceptor.session.sendAllowedFast(5)
    pair.run()
    expect(dialer.told()).toEqual([{ type: 'allowed-fast', piece: 5 }])
    expect(dialer.session.peerPieces).toBeUndefined()
    dialer.session.adopt(GEOMETRY)
    dialer.drain()
    const [event, ...more] = dialer.told()
    expect(more).toEqual([])
    expect(event?.type === 'pieces' && event.pieces.toBytes()).toEqual(Uint8Array.of(0x80, 0x40))
    expect(dialer.session.mayRequest(5)).toBe(true)
  })

  test('tells nothing when nothing was heard', () => {
    const { dialer } = Pair.open({ geometry: undefined })
    dialer.session.adopt(GEOMETRY)
    dialer.drain()
    expect(dialer.told()).toEqual([])
    expect(dialer.session.peerPieces?.count).toBe(0)
  })

  test('drops a peer whose pieces this torrent cannot have', () => {
    for (const lie of [
      { type: 'have', piece: 10 },
      { type: 'bitfield', bits: Uint8Array.of(1, 2, 3) },
      { type: 'bitfield', bits: Uint8Array.of(255, 255) },
    ] satisfies Message[]) {
      const { dialer } = Pair.open({ geometry: undefined })
      inject(dialer, lie)
      expect(dialer.error).toBeUndefined()
      expect(() => dialer.session.adopt(GEOMETRY)).toThrow(
        expect.objectContaining({ blame: 'remote' }),
      )
      expect(dialer.session.closed).toBe(true)
    }
  })

  test('believes indices up to its limit', () => {
    const limits = { piecesBeforeGeometryMax: 100 }
    for (const type of ['have', 'suggest-piece', 'allowed-fast'] as const) {
      const { dialer } = Pair.open({ geometry: undefined, limits })
      inject(dialer, { type, piece: 99 })
      expect(dialer.error).toBeUndefined()
      inject(dialer, { type, piece: 100 })
      expect(dialer.error).toMatchObject({ code: 'OUT_OF_RANGE' })
    }
    const { dialer } = Pair.open({ geometry: undefined, limits })
    inject(dialer, { type: 'bitfield', bits: new Uint8Array(14) })
    expect(dialer.error).toMatchObject({ code: 'MESSAGE_TOO_LONG' })
  })

  test('refuses requests, as it has nothing', () => {
    const { acceptor } = Pair.open({}, { geometry: undefined })
    acceptor.session.unchoke()
    acceptor.connection.takeOutput()
    inject(acceptor, { type: 'request', piece: 99, begin: 0, length: 5 })
    expect(acceptor.told()).toEqual([])
    expect(acceptor.connection.takeOutput()?.length).toBe(17)
  })

  test('adopts once', () => {
    const { dialer } = Pair.open()
    expect(() => dialer.session.adopt(GEOMETRY)).toThrow('once')
  })
})

describe('a hybrid torrent', () => {
  const both = { answer: INFO_HASH, accept: [INFO_HASH, V2_HASH], answerV2: V2_HASH }

  test('asked for by its v1 hash with the v2 bit is answered with the truncated v2 hash', () => {
    const pair = new Pair({ v2: true, admission: both }, { v2: true, admission: both })
    pair.run()
    expect(pair.dialer.error).toBeUndefined()
    expect(pair.dialer.told()).toMatchObject([
      { type: 'handshake', version: '2', remote: { infoHash: V2_HASH } },
    ])
    expect([pair.dialer.session.version, pair.acceptor.session.version]).toEqual(['2', '2'])
  })

  test.each([
    ['the asker', false, true],
    ['the answerer', true, false],
  ])('without the v2 bit of %s stays a v1 connection', (_, dialerV2, acceptorV2) => {
    const pair = new Pair({ v2: dialerV2, admission: both }, { v2: acceptorV2, admission: both })
    pair.run()
    expect(pair.dialer.told()).toMatchObject([{ version: '1', remote: { infoHash: INFO_HASH } }])
    expect([pair.dialer.session.version, pair.acceptor.session.version]).toEqual(['1', '1'])
  })

  test('asked for by its v2 hash is a v2 connection', () => {
    const v2 = { answer: V2_HASH, accept: [INFO_HASH, V2_HASH], answerV2: V2_HASH }
    const pair = new Pair({ admission: v2 }, { admission: v2 })
    pair.run()
    expect([pair.dialer.session.version, pair.acceptor.session.version]).toEqual(['2', '2'])
  })

  test('answered with a hash of another torrent is dropped', () => {
    const pair = new Pair(
      { v2: true, admission: both },
      { v2: true, admission: { answer: OTHER_HASH, accept: [INFO_HASH] } },
    )
    pair.run()
    expect(pair.dialer.error).toMatchObject({ code: 'INFO_HASH_WRONG', blame: 'remote' })
  })
})

describe('hashes', () => {
  const v2 = { answer: V2_HASH, accept: [V2_HASH], answerV2: V2_HASH }
  const open = (): Pair => Pair.open({ admission: v2 }, { admission: v2 })
  const piecesRoot = new Uint8Array(32).fill(1)
  const range = { piecesRoot, baseLayer: 1, index: 4, length: 2, proofLayers: 3 }

  test('are asked for, given and rejected in a v2 connection, choked or not', () => {
    const pair = open()
    pair.dialer.session.sendHashRequest(range)
    pair.run()
    expect(pair.acceptor.told()).toMatchObject([{ type: 'hash-request', range: { index: 4 } }])
    pair.acceptor.session.sendHashes(range, new Uint8Array(5 * 32))
    pair.acceptor.session.sendHashReject(range)
    pair.run()
    expect(pair.dialer.told()).toMatchObject([
      { type: 'hashes', hashes: new Uint8Array(160) },
      { type: 'hash-reject' },
    ])
  })

  test.each([
    ['3 hashes', { ...range, length: 3, index: 3 }],
    ['2^31 hashes', { ...range, length: 2 ** 31, index: 0 }],
    ['no hashes', { ...range, length: 0, index: 0 }],
    ['a span that is not aligned', { ...range, index: 3 }],
    ['layer 40', { ...range, baseLayer: 40 }],
    ['4 billion proof layers', { ...range, proofLayers: 2 ** 32 - 1 }],
  ])('[D20] a request of %s is rejected here', (_, impossible) => {
    const pair = open()
    pair.dialer.session.sendHashRequest(impossible)
    pair.run()
    expect(pair.acceptor.told()).toEqual([])
    expect(pair.acceptor.error).toBeUndefined()
    expect(pair.dialer.told()).toMatchObject([{ type: 'hash-reject' }])
  })

  test.each([
    { type: 'hash-request', range },
    { type: 'hash-reject', range },
    { type: 'hashes', range, hashes: new Uint8Array(64) },
  ] satisfies Message[])('[D20] $type in a v1 connection ends it', (message) => {
    const { dialer } = Pair.open()
    inject(dialer, message)
    expect(dialer.error).toMatchObject({ code: 'MESSAGE_OUT_OF_TURN', blame: 'remote' })
  })

  test('said in a v1 connection are our bug', () => {
    const { session } = Pair.open().dialer
    expect(() => session.sendHashRequest(range)).toThrow(
      expect.objectContaining({ blame: 'local' }),
    )
  })
})
