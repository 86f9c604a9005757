import { type Endpoint, Prng, endpointText } from '@bt/primitives'
import { type PexMessage, decodePex, encodePex } from '@bt/wire'
import { describe, expect, test } from 'vitest'
import { PEER_EXCHANGE_LIMITS, PeerExchange } from '../src/extensions/peer-exchange.ts'

const { intervalMs, firstMs, peersMax, addedMax, firstAddedMax, burst } = PEER_EXCHANGE_LIMITS

function at(last: number): Endpoint {
  return { host: `8.8.${last >> 8}.${last & 255}`, port: 6881 }
}

function hosts(message: PexMessage | undefined): [string[], string[]] {
  return [
    message?.added.map(({ endpoint }) => endpoint.host) ?? [],
    message?.dropped.map(({ host }) => host) ?? [],
  ]
}

describe('telling', () => {
  test('begins soon after the handshake, and then once a minute, with what has changed', () => {
    const exchange = new PeerExchange<string>()
    expect(exchange.deadline()).toBe(Number.POSITIVE_INFINITY)
    exchange.opened('a', { endpoint: at(1) })
    exchange.opened('b', { endpoint: at(2), seed: true, reachable: true })
    exchange.speaks('a', 0)
    expect(exchange.deadline()).toBe(firstMs)
    expect(exchange.messageFor('a', firstMs - 1)).toBe(undefined)
    expect(exchange.messageFor('a', firstMs)).toEqual({
      added: [{ endpoint: at(2), seed: true, reachable: true }],
      dropped: [],
    })
    expect(exchange.deadline()).toBe(firstMs + intervalMs)
    exchange.closed('b')
    exchange.opened('c', { endpoint: at(3) })
    expect(exchange.messageFor('a', firstMs + intervalMs - 1)).toBe(undefined)
    expect(hosts(exchange.messageFor('a', firstMs + intervalMs))).toEqual([
      ['8.8.0.3'],
      ['8.8.0.2'],
    ])
    expect(exchange.messageFor('a', firstMs + 2 * intervalMs)).toBe(undefined)
  })

  test('says nothing to peers that do not speak it, of peers whose port is not known, or of itself', () => {
    const exchange = new PeerExchange<string>()
    exchange.opened('mute', { endpoint: at(1) })
    exchange.opened('hidden', undefined)
    exchange.opened('twin', { endpoint: at(2) })
    exchange.opened('a', { endpoint: at(2) })
    exchange.speaks('a', 0)
    expect(exchange.messageFor('mute', 1e9)).toBe(undefined)
    expect(hosts(exchange.messageFor('a', 1e6))).toEqual([['8.8.0.1'], []])
  })

  test('names at most fifty in a message; the rest follow a minute later', () => {
    const exchange = new PeerExchange<number>()
    for (let peer = 0; peer < 120; peer++) exchange.opened(peer, { endpoint: at(peer) })
    exchange.speaks(0, 0)
    const told = [1, 2, 3].map((minute) => hosts(exchange.messageFor(0, minute * intervalMs))[0])
    expect(told.map((hosts_) => hosts_.length)).toEqual([peersMax, peersMax, 19])
    expect(new Set(told.flat()).size).toBe(119)
    for (let peer = 1; peer < 120; peer++) exchange.closed(peer)
    const dropped = [4, 5, 6].map((minute) => hosts(exchange.messageFor(0, minute * intervalMs))[1])
    expect(dropped.map((hosts_) => hosts_.length)).toEqual([peersMax, peersMax, 19])
  })

  test.each([1, 2, 3, 4])(
    'who applies all messages knows who is connected, and no address is on both lists (seed %i)',
    (seed) => {
      const random = new Prng(seed)
      const exchange = new PeerExchange<string>()
      const connected = new Map<string, Endpoint>()
      const known = new Map<string, Set<string>>()
      let now = 0
      for (let step = 0; step < 3_000; step++) {
        now += random.below(20_000)
        const number = random.below(80)
        const peer = `p${number}`
        if (connected.has(peer)) {
          if (random.below(2) === 0) {
            connected.delete(peer)
            known.delete(peer)
            exchange.closed(peer)
          }
        } else {
          connected.set(peer, at(number))
          exchange.opened(peer, { endpoint: at(number) })
          if (random.below(2) === 0) {
            exchange.speaks(peer, now)
            known.set(peer, new Set())
          }
        }
        for (const [listener, its] of known) {
          const message = exchange.messageFor(listener, now)
          if (message === undefined) continue
          // As the other side reads it.
          const read = decodePex(encodePex(message))
          const added = read.added.map(({ endpoint }) => endpointText(endpoint))
          const dropped = read.dropped.map(endpointText)
          expect(new Set([...added, ...dropped]).size).toBe(added.length + dropped.length)
          for (const text of dropped) expect(its.delete(text)).toBe(true)
          for (const text of added) its.add(text)
          const others = [...connected].filter(([other]) => other !== listener)
          if (added.length < peersMax && dropped.length < peersMax) {
            expect([...its].toSorted()).toEqual(
              others.map(([, endpoint]) => endpointText(endpoint)).toSorted(),
            )
          }
        }
      }
    },
  )
})

describe('hearing', () => {
  const message = (count: number): PexMessage => ({
    added: Array.from({ length: count }, (_, last) => ({ endpoint: at(last) })),
    dropped: [],
  })

  test('takes what a peer names, with what its flags say', () => {
    const exchange = new PeerExchange<string>()
    const added = [
      { endpoint: at(1), seed: true, utp: true },
      { endpoint: at(2), encrypted: true },
    ]
    expect(exchange.received('a', { added, dropped: [at(3)] }, 0)).toEqual([
      { endpoint: at(1), seed: true, utp: true, encrypted: false },
      { endpoint: at(2), seed: false, utp: false, encrypted: true },
    ])
  })

  test('takes a hundred from the first message and fifty from each later one', () => {
    const exchange = new PeerExchange<string>()
    expect(exchange.received('a', message(500), 0)).toHaveLength(firstAddedMax)
    expect(exchange.received('a', message(500), 60_000)).toHaveLength(addedMax)
  })

  test('a message a second is not listened to: one a minute is, after a few', () => {
    const exchange = new PeerExchange<string>()
    let heard = 0
    for (let now = 0; now < 600_000; now += 1_000) {
      if (exchange.received('a', message(1), now) !== 'too-often') heard++
    }
    expect(heard).toBeLessThanOrEqual(burst + 10)
    expect(heard).toBeGreaterThanOrEqual(burst + 8)
    expect(exchange.received('b', message(1), 600_000)).toHaveLength(1)
  })
})
