import { readFileSync } from 'node:fs'
import { type InfoHash, parsePeerId, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import {
  HandshakeReader,
  type PeerEvent,
  PeerSession,
  WireError,
  encodeHandshake,
  featuresOf,
  reservedBytes,
} from '../src/index.ts'
import { hex, latin1 } from './bytes.ts'
import { INFO_HASH, OTHER_HASH, Pair, admission, chunksOf, identity } from './pair.ts'

interface Case {
  readonly name: string
  readonly hex: string
  readonly infoHash: InfoHash
  readonly peerId: string
  readonly features: Record<string, boolean>
}
const { cases } = JSON.parse(
  readFileSync(new URL('vectors/handshakes.json', import.meta.url), 'utf8'),
) as { cases: readonly Case[] }

describe('the 68 bytes', () => {
  test.each(cases)('are written: $name', ({ hex: bytes, infoHash, peerId, features }) => {
    const written = encodeHandshake({
      infoHash,
      peerId: parsePeerId(latin1(peerId))!,
      reserved: reservedBytes(features),
    })
    expect(toHex(written)).toBe(bytes)
  })

  test.each(cases)(
    'are read, cut anywhere: $name',
    ({ hex: bytes, infoHash, peerId, features }) => {
      const whole = hex(bytes)
      for (let cut = 0; cut <= whole.length; cut++) {
        const reader = new HandshakeReader()
        reader.push(whole.subarray(0, cut), 0)
        const early = reader.head()
        expect(early !== undefined).toBe(cut >= 48)
        expect(reader.whole() !== undefined).toBe(cut === 68)
        reader.push(whole, cut)
        const head = early ?? reader.head()
        expect(head?.infoHash).toBe(infoHash)
        expect(featuresOf(head?.reserved as Uint8Array)).toEqual(features)
        expect(reader.whole()?.peerId).toBe(parsePeerId(latin1(peerId)))
        expect(reader.head()).toBeUndefined()
      }
    },
  )

  test('bytes after the handshake are left alone', () => {
    const bytes = new Uint8Array(100)
    bytes.set(hex(cases[0]!.hex))
    expect(new HandshakeReader().push(bytes, 0)).toBe(68)
  })

  test.each([
    ['an HTTP request', latin1('GET / HTTP/1.1\r\n'), 0],
    ['a TLS hello', hex('16030102000100'), 0],
    ['another length', hex('14426974'), 0],
    ['another protocol', latin1('\x13BitTorrent Protocol'), 12],
    ['an encrypted stream', hex('8f0a1b2c'), 0],
  ])('[D02] %s is refused at its first wrong byte, with nothing sent', (_, bytes, wrongAt) => {
    const pair = new Pair()
    for (let at = 0; at < wrongAt; at++) pair.acceptor.take(bytes.slice(at, at + 1), 0)
    expect(pair.acceptor.error).toBeUndefined()
    pair.acceptor.take(bytes.slice(wrongAt, wrongAt + 1), 0)
    expect(pair.acceptor.error).toMatchObject({ code: 'NOT_BITTORRENT', blame: 'remote' })
    expect(pair.acceptor.connection.takeOutput()).toBeUndefined()
    expect(pair.acceptor.session.closed).toBe(true)
  })
})

describe('the accepting side', () => {
  test('is asked after 48 bytes and answers before the peer id is here', () => {
    const pair = new Pair()
    const bytes = pair.dialer.connection.takeOutput()!.chunks[0]!
    pair.acceptor.take(bytes.subarray(0, 47), 0)
    expect(pair.acceptor.told()).toEqual([])
    pair.acceptor.take(bytes.subarray(47, 48), 0)
    expect(pair.acceptor.told()).toMatchObject([{ type: 'asked', infoHash: INFO_HASH }])
    const answer = pair.acceptor.connection.takeOutput()
    expect(answer?.length).toBe(68)
    pair.acceptor.take(bytes.subarray(48, 67), 0)
    expect(pair.acceptor.told()).toEqual([])
    pair.acceptor.take(bytes.subarray(67), 0)
    expect(pair.acceptor.told()).toMatchObject([
      { type: 'handshake', version: '1', remote: { peerId: identity('dialer').peerId } },
    ])
  })

  test('[D03] that refuses sends nothing and hears nothing more', () => {
    const pair = new Pair({}, { admits: false })
    pair.run()
    expect(pair.acceptor.told()).toMatchObject([{ type: 'asked' }])
    expect(pair.acceptor.session.closed).toBe(true)
    expect(pair.dialer.told()).toEqual([])
    pair.inject(pair.acceptor, hex('0000000101'))
    expect(pair.acceptor.told()).toEqual([])
    expect(pair.acceptor.session.deadline()).toBe(Number.POSITIVE_INFINITY)
  })

  test('that asks for the next event without answering has a bug', () => {
    const session = new PeerSession({ role: 'accepted', identity: identity('us'), now: 0 })
    session.receive({ infoHash: INFO_HASH, reserved: new Uint8Array(8) }, 0)
    expect(session.next()?.type).toBe('asked')
    expect(() => session.next()).toThrow('admit or refuse')
  })

  test('that admits another torrent than was asked for has a bug', () => {
    const session = new PeerSession({ role: 'accepted', identity: identity('us'), now: 0 })
    session.receive({ infoHash: OTHER_HASH, reserved: new Uint8Array(8) }, 0)
    session.next()
    expect(() => session.admit(admission())).toThrow('asked for')
  })

  test('may speak as soon as it has answered, before the peer id is here', () => {
    const pair = new Pair()
    const bytes = pair.dialer.connection.takeOutput()!.chunks[0]!
    pair.acceptor.take(bytes.subarray(0, 48), 0)
    pair.acceptor.session.unchoke()
    expect(pair.acceptor.connection.takeOutput()?.length).toBe(68 + 5)
  })
})

describe('the dialing side', () => {
  test('sends its handshake at once', () => {
    const { dialer } = new Pair()
    expect(dialer.connection.takeOutput()?.length).toBe(68)
    expect(dialer.connection.takeOutput()).toBeUndefined()
  })

  test('drops a peer that answers with another torrent, before its peer id is here', () => {
    const pair = new Pair({}, { admission: { answer: OTHER_HASH, accept: [INFO_HASH] } })
    pair.run(chunksOf(48))
    expect(pair.dialer.error).toBeInstanceOf(WireError)
    expect(pair.dialer.error).toMatchObject({ code: 'INFO_HASH_WRONG', blame: 'remote' })
    expect(pair.dialer.told()).toEqual([])
  })

  test('says nothing before it knows the peer', () => {
    const { dialer } = new Pair()
    for (const say of [
      () => dialer.session.unchoke(),
      () => dialer.session.setInterested(true),
      () => dialer.session.sendHave(1),
      () => dialer.session.sendPort(1),
    ]) {
      expect(say).toThrow(expect.objectContaining({ code: 'MESSAGE_OUT_OF_TURN', blame: 'local' }))
    }
  })
})

test('features hold when both sides have them', () => {
  for (const ours of [true, false]) {
    for (const theirs of [true, false]) {
      const pair = Pair.open({ fast: ours, extensions: ours }, { fast: theirs, extensions: theirs })
      expect(pair.dialer.session.fast).toBe(ours && theirs)
      expect(pair.acceptor.session.fast).toBe(ours && theirs)
      expect(pair.dialer.session.extended).toBe(ours && theirs)
    }
  }
})

test('both handshakes arrive whatever the chunks are', () => {
  for (let length = 1; length <= 70; length++) {
    const pair = new Pair()
    pair.run(chunksOf(length))
    const types = (events: readonly PeerEvent[]): string[] => events.map(({ type }) => type)
    expect(types(pair.dialer.told())).toEqual(['handshake'])
    expect(types(pair.acceptor.told())).toEqual(['asked', 'handshake'])
  }
})
