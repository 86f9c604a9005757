// One connection as messages: flags, pieces, the machine contract, and the path without framing.
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { type Message, type PeerEvent, PeerSession } from '../src/index.ts'
import { INFO_HASH, Pair, SLOW as slow, type Side, admission, bytesOf, identity } from './pair.ts'
import type { End } from './pair.ts'

const remote = (code: string): object => expect.objectContaining({ code, blame: 'remote' })

function inject(end: End, ...messages: readonly Message[]): void {
  end.take(bytesOf(...messages), 0)
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
    dialer.connection.receive(bytesOf({ type: 'have', piece: 1 }, { type: 'have', piece: 2 }), 0)
    expect(() => dialer.connection.receive(bytesOf({ type: 'choke' }), 0)).toThrow(
      'events are taken',
    )
    dialer.drain()
    dialer.connection.receive(bytesOf({ type: 'choke' }), 0)
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
