import { describe, expect, test } from 'vitest'
import {
  type MessageObject,
  ObjectConnection,
  objectLength,
  type PeerEvent,
  PeerSession,
} from '../src/index.ts'
import { admission, identity } from './pair.ts'

const BLOCK = 16_384

interface End {
  readonly connection: ObjectConnection
  readonly events: PeerEvent[]
  /** What it sent, with lengths, not yet delivered. */
  readonly sent: { readonly value: object; readonly length: number; readonly done: () => void }[]
}

function end(session: PeerSession): End {
  return { connection: new ObjectConnection(session), events: [], sent: [] }
}

function flush({ connection, sent }: End): boolean {
  return connection.send({
    sendObject: (value, length, done = () => {}) => {
      sent.push({ value, length, done })
      return true
    },
  })
}

function deliver(from: End, to: End): void {
  for (const { value, done } of from.sent.splice(0)) {
    done()
    to.connection.receive(value as MessageObject, 0)
    for (;;) {
      const event = to.connection.next()
      if (event === undefined) break
      if (event.type === 'asked') to.connection.session.admit(admission())
      to.events.push(event)
    }
  }
}

function pair(): { dialer: End; acceptor: End; run: () => void } {
  const dialer = end(
    new PeerSession({
      role: 'dialed',
      identity: identity('dialer'),
      admission: admission(),
      now: 0,
    }),
  )
  const acceptor = end(
    new PeerSession({ role: 'accepted', identity: identity('acceptor'), now: 0 }),
  )
  const run = (): void => {
    for (let turn = 0; turn < 4; turn++) {
      flush(dialer)
      deliver(dialer, acceptor)
      flush(acceptor)
      deliver(acceptor, dialer)
    }
  }
  run()
  return { dialer, acceptor, run }
}

describe('a connection of objects', () => {
  test('shakes hands, asks and answers by the rules of the session', () => {
    const { dialer, acceptor, run } = pair()
    expect(dialer.events.map(({ type }) => type)).toEqual(['handshake'])
    expect(acceptor.events.map(({ type }) => type)).toEqual(['asked', 'handshake'])
    acceptor.connection.session.unchoke()
    run()
    dialer.connection.session.request(1, 0, BLOCK, 0)
    run()
    const data = { length: BLOCK, genuine: true }
    expect(acceptor.connection.session.sendBlock(1, 0, data)).toBe(true)
    run()
    expect(dialer.events.at(-1)).toEqual({ type: 'block', piece: 1, begin: 0, data, asked: 'open' })
  })

  test('sends what leaves together as one object, blocks alone, each with its length on the wire', () => {
    const { dialer, acceptor, run } = pair()
    acceptor.connection.session.unchoke()
    run()
    dialer.connection.session.request(1, 0, BLOCK, 0)
    dialer.connection.session.request(1, BLOCK, BLOCK, 0)
    flush(dialer)
    expect(dialer.sent.map(({ length }) => length)).toEqual([34])
    deliver(dialer, acceptor)
    const { session } = acceptor.connection
    const calls: string[] = []
    session.sendHave(3)
    session.sendHave(4)
    session.sendBlock(1, 0, { length: BLOCK, genuine: true }, () => calls.push('first'))
    session.sendHave(5)
    session.sendBlock(1, BLOCK, { length: BLOCK, genuine: true }, () => calls.push('second'))
    flush(acceptor)
    expect(acceptor.sent.map(({ length }) => length)).toEqual([18, BLOCK + 13, 9, BLOCK + 13])
    for (const { value, length } of acceptor.sent) {
      expect(objectLength(value as MessageObject)).toBe(length)
    }
    expect(calls).toEqual([])
    deliver(acceptor, dialer)
    expect(calls).toEqual(['first', 'second'])
    const told = dialer.events.slice(-5).map(({ type }) => type)
    expect(told).toEqual(['have', 'have', 'block', 'have', 'block'])
  })

  test('says what waits for company when it is told to, and before an unchoke', () => {
    const { acceptor, dialer } = pair()
    const { session } = acceptor.connection
    session.sendHave(1, false)
    session.sendWaiting()
    expect(session.hasOutput).toBe(true)
    session.sendHave(2, false)
    session.unchoke()
    flush(acceptor)
    deliver(acceptor, dialer)
    const told = dialer.events.slice(-3)
    expect(told).toMatchObject([
      { type: 'have', piece: 1 },
      { type: 'have', piece: 2 },
      { type: 'unchoke' },
    ])
    session.sendWaiting()
    expect(session.hasOutput).toBe(false)
  })

  test('lets a have that is not urgent wait for company, which 64 of them are', () => {
    const { acceptor } = pair()
    const { session } = acceptor.connection
    session.sendHave(1, false)
    flush(acceptor)
    expect(acceptor.sent).toEqual([])
    session.sendHave(2)
    flush(acceptor)
    const values = acceptor.sent.splice(0).map(({ value }) => value)
    expect(values).toEqual([
      [
        { type: 'have', piece: 2 },
        { type: 'have', piece: 1 },
      ],
    ])
    for (let count = 1; count < 64; count++) session.sendHave(3, false)
    expect(session.hasOutput).toBe(false)
    session.sendHave(3, false)
    expect(session.hasOutput).toBe(true)
  })

  test('copies what was lent to it', () => {
    const { dialer, acceptor, run } = pair()
    acceptor.connection.session.unchoke()
    run()
    dialer.connection.session.request(0, 0, 4, 0)
    run()
    const lent = Uint8Array.of(1, 2, 3, 4)
    acceptor.connection.session.sendBlock(0, 0, lent)
    flush(acceptor)
    lent.fill(0xdb)
    deliver(acceptor, dialer)
    expect(dialer.events.at(-1)).toMatchObject({ type: 'block', data: Uint8Array.of(1, 2, 3, 4) })
  })

  test('blames the peer for what its object may not say, and is deaf then', () => {
    const { dialer } = pair()
    dialer.connection.receive([{ type: 'have', piece: 99 }], 0)
    expect(() => dialer.connection.next()).toThrow(
      expect.objectContaining({ code: 'OUT_OF_RANGE', blame: 'remote' }),
    )
    expect(dialer.connection.session.closed).toBe(true)
    dialer.connection.receive({ type: 'have', piece: 1 }, 0)
    expect(dialer.connection.next()).toBeUndefined()
  })

  test('is told something new only after its events are taken', () => {
    const { dialer } = pair()
    dialer.connection.receive([{ type: 'have', piece: 1 }], 0)
    expect(() => dialer.connection.receive({ type: 'have', piece: 2 }, 0)).toThrow('taken')
  })
})
