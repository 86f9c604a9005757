// One connection as messages: flags, magnets, the hybrid upgrade, hashes, floods, and the machine contract.
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { type Message, type PeerEvent, PeerSession, encodeMessage } from '../src/index.ts'
import { USELESS_BURST_MAX, USELESS_PER_SECOND } from '../src/wire-limits.ts'
import {
  GEOMETRY,
  INFO_HASH,
  OTHER_HASH,
  Pair,
  type Side,
  V2_HASH,
  admission,
  concat,
  identity,
} from './pair.ts'
import type { End } from './pair.ts'

const slow = { fast: false }
const remote = (code: string): object => expect.objectContaining({ code, blame: 'remote' })
const times = (count: number, message: Message): Uint8Array =>
  concat(Array.from({ length: count }, () => encodeMessage(message)))

function inject(end: End, ...messages: readonly Message[]): void {
  end.take(concat(messages.map((message) => encodeMessage(message))), 0)
}

describe('the four flags', () => {
  test('begin choked and uninterested on both sides', () => {
    const { session } = Pair.open().dialer
    expect([session.amChoking, session.peerChoking]).toEqual([true, true])
    expect([session.amInterested, session.peerInterested]).toEqual([false, false])
  })

  test('change on both sides, are said on change and told on change', () => {
    const pair = Pair.open()
    const { dialer, acceptor } = pair
    dialer.session.setInterested(true)
    dialer.session.setInterested(true)
    acceptor.session.unchoke()
    pair.run()
    expect(acceptor.told()).toEqual([{ type: 'interested' }])
    expect(dialer.told()).toEqual([{ type: 'unchoke' }])
    expect([dialer.session.amInterested, acceptor.session.peerInterested]).toEqual([true, true])
    expect([acceptor.session.amChoking, dialer.session.peerChoking]).toEqual([false, false])
    inject(acceptor, { type: 'interested' }, { type: 'choke' })
    inject(dialer, { type: 'unchoke' }, { type: 'not-interested' })
    expect([...acceptor.told(), ...dialer.told()]).toEqual([])
    dialer.session.setInterested(false)
    acceptor.session.choke()
    pair.run()
    expect(acceptor.told()).toEqual([{ type: 'not-interested' }])
    expect(dialer.told()).toEqual([{ type: 'choke' }])
  })
})

describe('pieces', () => {
  const told = (dialer: Side, have: ReadonlyBitfield): { types: string[]; length: number } => {
    const pair = Pair.open(dialer)
    pair.acceptor.session.sendPieces(have)
    const length = pair.acceptor.connection.takeOutput()?.length ?? 0
    return { types: pair.dialer.told().map(({ type }) => type), length }
  }
  const some = new Bitfield(10, Uint8Array.of(0x80, 0))

  test('are said in the shortest way that the peer understands', () => {
    expect(told({}, Bitfield.full(10)).length).toBe(5)
    expect(told({}, new Bitfield(10)).length).toBe(5)
    expect(told({}, some).length).toBe(7)
    expect(told(slow, Bitfield.full(10)).length).toBe(7)
    expect(told(slow, new Bitfield(10)).length).toBe(0)
    expect(told({}, new Bitfield(0)).length).toBe(5)
  })

  test('arrive as one event, then single ones', () => {
    const pair = Pair.open()
    pair.acceptor.session.sendPieces(some)
    pair.acceptor.session.sendHave(7)
    pair.run()
    const [whole, single] = pair.dialer.told()
    expect(whole).toMatchObject({ type: 'pieces' })
    expect(single).toEqual({ type: 'have', piece: 7 })
    expect(pair.dialer.session.peerPieces?.toBytes()).toEqual(Uint8Array.of(0x81, 0))
  })

  test('are told as a whole once, and not after a have: saying so again is our bug', () => {
    const { session } = Pair.open().dialer
    session.sendHave(1)
    expect(() => session.sendPieces(some)).toThrow(expect.objectContaining({ blame: 'local' }))
  })

  test('a have that changes nothing is not told', () => {
    const { dialer } = Pair.open()
    inject(dialer, { type: 'have', piece: 3 }, { type: 'have', piece: 3 })
    expect(dialer.told()).toEqual([{ type: 'have', piece: 3 }])
  })

  test('a suggestion is told', () => {
    const pair = Pair.open()
    pair.acceptor.session.sendSuggest(4)
    pair.run()
    expect(pair.dialer.told()).toEqual([{ type: 'suggest', piece: 4 }])
  })

  test.each(['have-all', 'have-none'] as const)(
    '[D09] %s without the fast extension ends the connection',
    (type) => {
      const { dialer } = Pair.open(slow)
      inject(dialer, { type })
      expect(dialer.error).toMatchObject({ code: 'MESSAGE_OUT_OF_TURN', blame: 'remote' })
    },
  )

  test.each(['suggest-piece', 'allowed-fast'] as const)(
    '[D09] %s without the fast extension ends the connection',
    (type) => {
      const { dialer } = Pair.open(slow)
      inject(dialer, { type, piece: 1 })
      expect(dialer.error).toMatchObject({ code: 'MESSAGE_OUT_OF_TURN', blame: 'remote' })
    },
  )

  test('suggestions and allowed-fast are not said to a peer without the fast extension', () => {
    const { acceptor } = Pair.open(slow)
    acceptor.session.sendSuggest(1)
    acceptor.session.sendAllowedFast(1)
    expect(acceptor.connection.takeOutput()).toBeUndefined()
  })
})

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

describe('[D12] messages of no use', () => {
  const useless: readonly (readonly [string, Message, Side])[] = [
    ['keep-alives', { type: 'keep-alive' }, {}],
    ['interested again', { type: 'interested' }, {}],
    ['chokes again', { type: 'choke' }, {}],
    ['haves again', { type: 'have', piece: 1 }, {}],
    ['unknown ids', { type: 'unknown', id: 99, length: 3 }, {}],
    ['cancels of nothing', { type: 'cancel', piece: 0, begin: 0, length: 1 }, {}],
    ['rejects of nothing', { type: 'reject-request', piece: 0, begin: 0, length: 1 }, {}],
    ['allowed-fast again', { type: 'allowed-fast', piece: 1 }, {}],
    ['suggestions', { type: 'suggest-piece', piece: 1 }, {}],
    ['ports', { type: 'port', port: 1 }, {}],
    [
      'extended messages of ids never given',
      { type: 'extended', id: 9, payload: new Uint8Array(1) },
      {},
    ],
    [
      'extension handshakes',
      { type: 'extended', id: 0, payload: new TextEncoder().encode('de') },
      {},
    ],
  ]

  test.each(useless)('%s are a flood past the burst', (_, message, side) => {
    const { dialer } = Pair.open(side)
    dialer.take(times(USELESS_BURST_MAX - 1, message), 0)
    expect(dialer.error).toBeUndefined()
    dialer.take(times(3, message), 0)
    expect(dialer.error).toMatchObject({ code: 'MESSAGE_FLOOD', blame: 'remote' })
  })

  test('interest that flaps is a flood too', () => {
    const { dialer } = Pair.open()
    const flap = concat([times(1, { type: 'interested' }), times(1, { type: 'not-interested' })])
    dialer.take(concat(Array.from({ length: USELESS_BURST_MAX }, () => flap)), 0)
    expect(dialer.error).toMatchObject({ code: 'MESSAGE_FLOOD' })
  })

  test('at the slow rate may go on for ever', () => {
    const { dialer } = Pair.open({ limits: { idleMs: 1e9 } })
    for (let second = 0; second < 1000; second++) {
      dialer.take(times(USELESS_PER_SECOND, { type: 'keep-alive' }), second * 1000)
    }
    expect(dialer.error).toBeUndefined()
  })

  test('a have for each of a hundred thousand pieces is of use', () => {
    const { dialer } = Pair.open({ geometry: undefined })
    const haves = new Uint8Array(9 * 100_000)
    for (let piece = 0; piece < 100_000; piece++) {
      haves.set(encodeMessage({ type: 'have', piece }), 9 * piece)
    }
    dialer.take(haves, 0)
    expect(dialer.error).toBeUndefined()
  })
})

describe('the machine contract', () => {
  test('a call while undrained throws', () => {
    const session = new PeerSession({
      role: 'dialed',
      identity: identity('us'),
      admission: admission(),
      now: 0,
    })
    const shake = { ...identity('them'), infoHash: INFO_HASH }
    session.receive(shake, 0)
    expect(() => session.receive({ type: 'unchoke' }, 0)).toThrow('events are taken')
    expect(() => session.tick(0)).toThrow('events are taken')
    expect(session.next()?.type).toBe('handshake')
    expect(() => session.tick(0)).toThrow('events are taken')
    expect(session.next()).toBeUndefined()
    session.receive({ type: 'unchoke' }, 0)
    session.request(0, 0, 16_384, 0)
    expect(session.next()?.type).toBe('unchoke')
  })

  test('a chunk while undrained throws', () => {
    const { dialer } = Pair.open()
    dialer.connection.receive(times(2, { type: 'have', piece: 1 }), 0)
    expect(() => dialer.connection.receive(times(1, { type: 'choke' }), 0)).toThrow(
      'events are taken',
    )
    dialer.drain()
    dialer.connection.receive(times(1, { type: 'choke' }), 0)
  })

  test('a closed session is deaf and mute', () => {
    const { dialer } = Pair.open()
    const { session } = dialer
    session.close()
    session.receive({ type: 'unchoke' }, 0)
    session.tick(1e9)
    session.unchoke()
    session.sendHave(1)
    session.reject(0, 0, 1)
    session.cancel(0, 0, 1)
    session.hold(0, 0, 1, 5)
    expect(session.sendBlock(0, 0, new Uint8Array(1))).toBe(false)
    expect(session.mayRequest(0)).toBe(false)
    expect(session.next()).toBeUndefined()
    expect(session.takeMessages()).toBeUndefined()
    expect(session.deadline()).toBe(Number.POSITIVE_INFINITY)
    expect(() => session.request(0, 0, 1, 0)).toThrow(expect.objectContaining({ blame: 'local' }))
  })

  test('a peer that broke a rule is not heard again', () => {
    const { dialer } = Pair.open()
    inject(dialer, { type: 'have', piece: 99 })
    expect(dialer.error).toEqual(remote('OUT_OF_RANGE'))
    expect(dialer.session.closed).toBe(true)
    expect(dialer.connection.next()).toBeUndefined()
  })

  test('messages before the handshake, and a second handshake, are out of turn', () => {
    const session = new PeerSession({ role: 'accepted', identity: identity('us'), now: 0 })
    expect(() => session.receive({ type: 'unchoke' }, 0)).toThrow(remote('MESSAGE_OUT_OF_TURN'))
    const { dialer } = Pair.open()
    const shake = { ...identity('them'), infoHash: INFO_HASH }
    expect(() => dialer.session.receive(shake, 0)).toThrow(remote('MESSAGE_OUT_OF_TURN'))
  })
})

test('the object path drives the same rules as the byte path', () => {
  const script = (dialer: PeerSession, acceptor: PeerSession, run: () => void): void => {
    run()
    acceptor.sendPieces(Bitfield.full(10))
    acceptor.sendAllowedFast(2)
    dialer.setInterested(true)
    run()
    dialer.request(2, 0, 100, 0)
    run()
    acceptor.sendBlock(2, 0, new Uint8Array(100))
    acceptor.unchoke()
    run()
    for (let piece = 0; piece < 5; piece++) dialer.request(piece, 0, 100, 0)
    dialer.cancel(1, 0, 100)
    run()
    acceptor.sendBlock(0, 0, new Uint8Array(100))
    acceptor.choke()
    run()
  }
  const bytes = new Pair()
  script(bytes.dialer.session, bytes.acceptor.session, () => bytes.run())

  const told: Record<'dialer' | 'acceptor', PeerEvent[]> = { dialer: [], acceptor: [] }
  const objects = new Pair()
  const { session: dialer } = objects.dialer
  const { session: acceptor } = objects.acceptor
  const deliver = (from: PeerSession, to: PeerSession, events: PeerEvent[]): boolean => {
    const output = from.takeMessages()
    for (const message of output?.messages ?? []) {
      to.receive(message, 0)
      for (let event = to.next(); event; event = to.next()) {
        events.push({ ...event })
        if (event.type === 'asked') to.admit(admission())
      }
    }
    output?.sent()
    return output !== undefined
  }
  script(dialer, acceptor, () => {
    for (let busy = true; busy; ) {
      const there = deliver(dialer, acceptor, told.acceptor)
      busy = deliver(acceptor, dialer, told.dialer) || there
    }
  })
  expect(told.dialer).toEqual(bytes.dialer.events)
  expect(told.acceptor).toEqual(bytes.acceptor.events)
})

test('a block without bytes travels on the object path and is counted at its length', () => {
  const pair = Pair.open()
  const { session: dialer } = pair.dialer
  const { session: acceptor } = pair.acceptor
  acceptor.unchoke()
  pair.run()
  dialer.request(1, 0, 32_768, 0)
  pair.run()
  acceptor.sendBlock(1, 0, { length: 32_768, genuine: true })
  const output = acceptor.takeMessages()!
  expect(output.length).toBe(13 + 32_768)
  dialer.receive(output.messages[0]!, 0)
  expect(dialer.next()).toMatchObject({ type: 'block', asked: 'open', data: { genuine: true } })
})
