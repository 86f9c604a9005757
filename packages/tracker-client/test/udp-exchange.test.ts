// Goal: BEP 15's rules of patience, one packet at a time. Oracle: the times and ids of the BEP.
import { Prng } from '@bt/primitives'
import {
  encodeConnectResponse,
  encodeUdpAnnounceResponse,
  encodeUdpError,
  encodeUdpScrapeResponse,
} from '@bt/tracker-protocol'
import { describe, expect, test } from 'vitest'
import { UdpExchange, type UdpExchangeOptions } from '../src/index.ts'

const ID = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const ANSWER = { intervalSeconds: 1800, complete: 1, incomplete: 2, peers: [] }

function exchange(more: Partial<UdpExchangeOptions> = {}): UdpExchange {
  return new UdpExchange({
    question: (connectionId, transactionId) => {
      const packet = new Uint8Array(98)
      packet.set(connectionId)
      new DataView(packet.buffer).setUint32(8, 1)
      new DataView(packet.buffer).setUint32(12, transactionId)
      return packet
    },
    accepts: ({ action }) => action === 'announce',
    stride: 6,
    random: new Prng('exchange'),
    now: 0,
    ...more,
  })
}

const kindOf = (packet: Uint8Array | undefined): string =>
  packet === undefined ? 'nothing' : packet.length === 16 ? 'connect' : 'ask'
const transactionOf = (packet: Uint8Array | undefined): number =>
  new DataView((packet as Uint8Array).buffer).getUint32(12)

/** Connected, and the question sent at `now`; answers its transaction. */
function connect(one: UdpExchange, now = 0): number {
  one.receive(encodeConnectResponse(transactionOf(one.takeOutput()), ID), now)
  return transactionOf(one.takeOutput())
}

test('a connect comes first, then the question with the id that it brought', () => {
  const one = exchange()
  const first = one.takeOutput()
  expect(kindOf(first)).toBe('connect')
  one.receive(encodeConnectResponse(transactionOf(first), ID), 100)
  const second = one.takeOutput()
  expect(kindOf(second)).toBe('ask')
  expect(second?.subarray(0, 8)).toEqual(ID)
  one.receive(encodeUdpAnnounceResponse(transactionOf(second), ANSWER, 6), 200)
  expect(one.state).toBe('answered')
  expect(one.answer).toMatchObject({ action: 'announce', response: ANSWER })
  expect(one.deadline()).toBe(Number.POSITIVE_INFINITY)
})

test('[G09] silence is answered after 15·2ⁿ s, n up to 8, and then given up', () => {
  const one = exchange()
  const times: number[] = []
  for (let now = 0; one.state === 'open'; now = one.deadline()) {
    one.tick(now)
    if (one.takeOutput() !== undefined) times.push(now / 1000)
  }
  const expected = [0]
  for (let n = 0; n < 8; n++) expected.push((expected.at(-1) as number) + 15 * 2 ** n)
  expect(times).toEqual(expected)
  expect(one.state).toBe('given-up')
})

test('the impatient give up after as many packets as they say', () => {
  const one = exchange({ attemptsMax: 2 })
  let sent = 0
  for (let now = 0; one.state === 'open'; now = one.deadline()) {
    one.tick(now)
    if (one.takeOutput() !== undefined) sent++
  }
  expect(sent).toBe(2)
})

test('[G09] an id that expires while the question is repeated is fetched anew', () => {
  const one = exchange()
  connect(one)
  const kinds: string[] = []
  for (const now of [15_000, 45_000, 105_000]) {
    one.tick(now)
    kinds.push(kindOf(one.takeOutput()))
  }
  expect(kinds).toEqual(['ask', 'ask', 'connect'])
})

describe('an id of an earlier question', () => {
  const connection = { bytes: ID, untilMs: 60_000 }

  test('spares the connect', () => {
    expect(kindOf(exchange({ connection }).takeOutput())).toBe('ask')
  })

  test('is fetched anew once, when the tracker answers an error', () => {
    const one = exchange({ connection })
    one.receive(encodeUdpError(transactionOf(one.takeOutput()), 'bad id'), 10)
    expect(one.state).toBe('open')
    const transaction = connect(one, 20)
    one.receive(encodeUdpError(transaction, 'no'), 30)
    expect(one.answer).toMatchObject({ action: 'error', sentence: 'no' })
  })

  test('is fetched anew when the tracker is silent', () => {
    const one = exchange({ connection })
    one.takeOutput()
    one.tick(15_000)
    expect(kindOf(one.takeOutput())).toBe('connect')
  })

  test('that expired is not used', () => {
    expect(kindOf(exchange({ connection, now: 60_000 }).takeOutput())).toBe('connect')
  })
})

describe('[G08] what is not for us leaves the question open', () => {
  test.each([
    ['another transaction', (id: number) => encodeUdpAnnounceResponse(id ^ 1, ANSWER, 6)],
    ['another action', (id: number) => encodeUdpScrapeResponse(id, [])],
    ['a second connect', (id: number) => encodeConnectResponse(id, ID)],
    ['a packet cut short', (id: number) => encodeUdpAnnounceResponse(id, ANSWER, 6).slice(0, 19)],
    [
      '5 bytes of a peer',
      (id: number) => new Uint8Array([...encodeUdpAnnounceResponse(id, ANSWER, 6), 1, 2, 3, 4, 5]),
    ],
    ['7 bytes', () => new Uint8Array(7)],
    ['nothing', () => new Uint8Array(0)],
  ])('%s', (_name, packet) => {
    const one = exchange()
    const transaction = connect(one)
    const before = one.deadline()
    one.receive(packet(transaction), 10)
    expect(one.state).toBe('open')
    expect(one.deadline()).toBe(before)
    one.receive(encodeUdpAnnounceResponse(transaction, ANSWER, 6), 20)
    expect(one.state).toBe('answered')
  })
})

test('an error ends the question, in the connect as well', () => {
  const one = exchange()
  one.receive(encodeUdpError(transactionOf(one.takeOutput()), 'go away'), 10)
  expect(one.answer).toMatchObject({ action: 'error', sentence: 'go away' })
})

test('an extension may let its own action in', () => {
  const one = exchange({
    accepts: (response) => response.action === 'other' && response.code === 0x7a7a,
  })
  const transaction = connect(one)
  const packet = new Uint8Array(10)
  new DataView(packet.buffer).setUint32(0, 0x7a7a)
  new DataView(packet.buffer).setUint32(4, transaction)
  one.receive(packet, 10)
  expect(one.answer).toMatchObject({ action: 'other', code: 0x7a7a })
})
