import type { FoundPeer } from '@bt/ports'
import { type Endpoint, type PeerId, Prng, parseEndpoint } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { KNOWN_PEERS_LIMITS } from '../src/peers/known-peers-limits.ts'
import { Bans } from '../src/peers/bans.ts'
import { KnownPeers, type KnownPeersOptions } from '../src/peers/known-peers.ts'
import { peerPriority } from '../src/peers/peer-priority.ts'

const TRACKER = '192.0.3.1'

function at(text: string): Endpoint {
  const endpoint = parseEndpoint(text)
  if (endpoint === undefined) throw new Error(`no endpoint: ${text}`)
  return endpoint
}

function found(...texts: string[]): FoundPeer[] {
  return texts.map((text) => ({ endpoint: at(text) }))
}

/** So many global addresses. */
function crowd(count: number, first = 1): FoundPeer[] {
  return Array.from({ length: count }, (_, index) => ({
    endpoint: { host: `8.${first}.${index >> 8}.${index & 255}`, port: 6881 },
  }))
}

function make(options?: KnownPeersOptions): KnownPeers {
  return new KnownPeers(new Prng(1), options)
}

function hosts(known: KnownPeers, count: number, now: number): string[] {
  return known.candidates(count, now).map(({ endpoint }) => endpoint.host)
}

/** When the endpoint may next be dialled, if nothing else happens. */
function nextDial(known: KnownPeers, endpoint: Endpoint, now: number): number {
  known.dialFailed(endpoint, now)
  return known.deadline(now)
}

describe('who may be dialled', () => {
  test.each([
    ['1.1.1.1', '10.0.0.5:1', false],
    ['1.1.1.1', '127.0.0.1:1', false],
    ['1.1.1.1', '[fe80::1]:1', false],
    ['1.1.1.1', '8.8.8.8:1', true],
    ['10.0.0.1', '10.0.0.5:1', true],
    ['10.0.0.1', '8.8.8.8:1', true],
    ['10.0.0.1', '169.254.0.1:1', false],
    ['10.0.0.1', '127.0.0.1:1', false],
    ['127.0.0.1', '127.0.0.1:1', true],
    ['127.0.0.1', '10.0.0.5:1', true],
    ['127.0.0.1', '224.0.0.1:1', false],
    [undefined, '10.0.0.5:1', false],
    [undefined, '8.8.8.8:1', true],
  ])('told by %s, %s: %s', (source, endpoint, expected) => {
    expect(make().found(found(endpoint), 'tracker', source, 0)).toBe(expected ? 1 : 0)
  })

  test('what the user typed may be anything but nobody: names, loopback, private', () => {
    const known = make()
    const typed = ['127.0.0.1:1', '10.0.0.5:1', 'seed.example:6881', '[fe80::1]:1']
    expect(known.found(found(...typed), 'user', undefined, 0)).toBe(4)
    const nobody = [{ endpoint: { host: '0.0.0.0', port: 1 } }, ...found('224.0.0.1:1')]
    expect(known.found(nobody, 'user', undefined, 0)).toBe(0)
    expect(known.found(found('seed2.example:6881'), 'tracker', TRACKER, 0)).toBe(0)
  })

  test('the DHT counts as global, local discovery as private', () => {
    expect(make().found(found('10.0.0.5:1'), 'dht', '10.0.0.1', 0)).toBe(0)
    expect(make().found(found('10.0.0.5:1'), 'lsd', undefined, 0)).toBe(1)
    expect(make().found(found('127.0.0.1:1'), 'lsd', undefined, 0)).toBe(0)
  })

  test('a public tracker of a private network may be allowed to name it', () => {
    const known = make({ privateFromPublic: true })
    expect(known.found(found('10.0.0.5:1', '127.0.0.1:1'), 'tracker', '1.1.1.1', 0)).toBe(1)
  })

  test('port 0 and ports that are none are nobody', () => {
    const ports = [0, -1, 65_536, 1.5].map((port) => ({ endpoint: { host: '8.8.8.8', port } }))
    expect(make().found(ports, 'tracker', TRACKER, 0)).toBe(0)
  })
})

describeVectors('addresses named by a global source', (vectors) => {
  test.each(vectors.kat('ip-class').map((one) => [one['address'] as string, one] as const))(
    '%s',
    (host, one) => {
      const peer = { endpoint: { host, port: 6881 } }
      const added = make().found([peer], 'pex', undefined, 0)
      expect(added === 1).toBe(one['dial_from_pex_dht_tracker'])
    },
  )
})

describe('whom to dial', () => {
  test('each endpoint once, however many sources name it', () => {
    const known = make()
    for (const origin of ['tracker', 'pex', 'dht', 'lsd'] as const) {
      known.found(found('8.8.8.8:1'), origin, undefined, 0)
    }
    expect(known.count).toBe(1)
    expect(known.candidates(9, 0)).toHaveLength(1)
    expect(known.candidates(9, 0)).toHaveLength(0)
  })

  test('is the same for the same seed, and another for another', () => {
    const orders = [1, 1, 2].map((seed) => {
      const known = new KnownPeers(new Prng(seed))
      known.found(crowd(50), 'tracker', TRACKER, 0)
      return hosts(known, 50, 0).join()
    })
    expect(orders[0]).toBe(orders[1])
    expect(orders[0]).not.toBe(orders[2])
  })

  test('is ordered by canonical priority once we know our own address', () => {
    const known = make()
    known.learnOwnAddress('not an address')
    known.learnOwnAddress('9.9.9.9')
    known.found(crowd(30), 'tracker', TRACKER, 0)
    const order = known.candidates(30, 0).map(({ endpoint }) => endpoint)
    const priorities = order.map((one) => peerPriority({ host: '9.9.9.9', port: 0 }, one) as number)
    expect(priorities).toEqual(priorities.toSorted((a, b) => b - a))
  })

  test('is what the policy scores highest; 0 is not now, −1 never', () => {
    const known = make()
    known.found(crowd(5), 'tracker', TRACKER, 0)
    const scores = new Map([
      ['8.1.0.0', 1],
      ['8.1.0.1', 0],
      ['8.1.0.2', 9],
      ['8.1.0.3', -1],
      ['8.1.0.4', 5],
    ])
    const order = known.candidates(9, 0, ({ host }) => scores.get(host) ?? 0)
    expect(order.map(({ endpoint }) => endpoint.host)).toEqual(['8.1.0.2', '8.1.0.4', '8.1.0.0'])
  })

  test('is the user’s own before strangers, and those that never failed before those that did', () => {
    const known = make()
    known.found(crowd(5), 'tracker', TRACKER, 0)
    known.found(found('5.5.5.5:5'), 'user', undefined, 0)
    expect(hosts(known, 1, 0)).toEqual(['5.5.5.5'])
    known.dialFailed(at('5.5.5.5:5'), 0)
    expect(hosts(known, 9, 600_000).at(-1)).toBe('5.5.5.5')
  })

  test('is no seed when we have everything', () => {
    const known = make()
    known.found(
      [{ endpoint: at('8.8.8.8:1'), seed: true }, ...found('8.8.4.4:1')],
      'pex',
      undefined,
      0,
    )
    known.found(found('8.8.1.1:1'), 'tracker', TRACKER, 0)
    known.seedMet(at('8.8.1.1:1'))
    expect(known.candidates(9, 0, undefined, true).map(({ endpoint }) => endpoint.host)).toEqual([
      '8.8.4.4',
    ])
    expect(known.candidates(9, 0)).toHaveLength(2)
  })

  test('says what is known of it', () => {
    const known = make()
    known.found(
      [{ endpoint: at('8.8.8.8:1'), utp: true, encrypted: true, seed: true }],
      'pex',
      undefined,
      0,
    )
    expect(known.candidates(1, 0)).toEqual([
      { endpoint: at('8.8.8.8:1'), origin: 'pex', seed: true, utp: true, encrypted: true },
    ])
  })

  test('is no more than three of one address at a time, whoever they say they are; loopback as many as there are', () => {
    const known = make()
    known.found(found('8.8.8.8:1', '8.8.8.8:2', '8.8.8.8:3', '8.8.8.8:4'), 'tracker', TRACKER, 0)
    expect(known.candidates(9, 0)).toHaveLength(3)
    known.disconnected(at('8.8.8.8:1'), 0, 'useful')
    known.dialFailed(at('8.8.8.8:2'), 0)
    expect(known.candidates(9, 0)).toHaveLength(1)
    const local = Array.from({ length: 40 }, (_, port) => `127.0.0.1:${port + 1}`)
    known.found(found(...local), 'tracker', '127.0.0.1', 0)
    expect(known.candidates(99, 0)).toHaveLength(40)
  })

  test('counts accepted connections of an address too', () => {
    const known = make()
    known.found(found('8.8.8.8:1', '8.8.8.8:2', '8.8.8.8:3'), 'tracker', TRACKER, 0)
    known.incoming(at('8.8.8.8:50000'))
    known.incoming(at('8.8.8.8:50001'))
    expect(known.candidates(9, 0)).toHaveLength(1)
    known.disconnected(at('8.8.8.8:50000'), 0, 'useful')
    known.disconnected(at('8.8.8.8:50000'), 0, 'useful')
    expect(known.candidates(9, 0)).toHaveLength(1)
    expect(known.candidates(9, 0)).toHaveLength(0)
  })
})

describe('back-off', () => {
  test('doubles from a quarter of a minute to an hour, give or take a quarter', () => {
    const known = make({ failuresMax: 99 })
    const endpoint = at('8.8.8.8:1')
    known.found([{ endpoint }], 'tracker', TRACKER, 0)
    let now = 0
    for (let failures = 1; failures <= 12; failures++) {
      const due = nextDial(known, endpoint, now)
      const nominal = Math.min(
        KNOWN_PEERS_LIMITS.backOffMaxMs,
        KNOWN_PEERS_LIMITS.backOffMs * 2 ** (failures - 1),
      )
      expect(due - now).toBeGreaterThanOrEqual(0.75 * nominal)
      expect(due - now).toBeLessThanOrEqual(1.25 * nominal)
      expect(known.candidates(1, due - 1)).toEqual([])
      expect(known.candidates(1, due)).toHaveLength(1)
      now = due
    }
  })

  test('of peers that failed together does not end together', () => {
    const known = make()
    const peers = crowd(50)
    known.found(peers, 'tracker', TRACKER, 0)
    known.candidates(50, 0)
    for (const { endpoint } of peers) known.dialFailed(endpoint, 0)
    const early = known.candidates(50, KNOWN_PEERS_LIMITS.backOffMs).length
    expect(early).toBeGreaterThan(10)
    expect(early).toBeLessThan(40)
  })

  test('an endpoint that fails again and again is forgotten, but not the user’s own', () => {
    const known = make()
    known.found(found('8.8.8.8:1'), 'tracker', TRACKER, 0)
    known.found(found('8.8.4.4:1'), 'user', undefined, 0)
    for (let failures = 0; failures < KNOWN_PEERS_LIMITS.failuresMax; failures++) {
      known.dialFailed(at('8.8.8.8:1'), 0)
      known.dialFailed(at('8.8.4.4:1'), 0)
    }
    expect(known.entries(9).map(({ host }) => host)).toEqual(['8.8.4.4'])
  })

  test('[E07] everybody gone for an hour: who is named again is tried again within seconds', () => {
    const known = make()
    const peers = crowd(3)
    known.found(peers, 'tracker', TRACKER, 0)
    let now = 0
    for (let failures = 1; failures < KNOWN_PEERS_LIMITS.failuresMax; failures++) {
      for (const { endpoint } of peers) known.dialFailed(endpoint, now)
      now = 3_600_000
    }
    expect(known.candidates(9, now)).toEqual([])
    for (let announce = 0; announce < 6; announce++) known.found(peers, 'tracker', TRACKER, now)
    expect(known.candidates(9, now + KNOWN_PEERS_LIMITS.backOffMs)).toHaveLength(3)
    const hearsay = make()
    hearsay.found(peers, 'pex', undefined, 0)
    hearsay.dialFailed((peers[0] as FoundPeer).endpoint, 0)
    const due = hearsay.deadline(1)
    hearsay.found(peers, 'pex', undefined, 1)
    expect(hearsay.deadline(1)).toBe(due)
  })

  test('a connection that ended in order is made again sooner than one that was of no use', () => {
    const known = make()
    known.found(crowd(2), 'tracker', TRACKER, 0)
    const [one, other] = crowd(2).map(({ endpoint }) => endpoint) as [Endpoint, Endpoint]
    known.candidates(2, 0)
    for (const endpoint of [one, other]) known.connected(endpoint)
    known.disconnected(one, 0, 'useful')
    known.disconnected(other, 0, 'useless')
    expect(hosts(known, 2, KNOWN_PEERS_LIMITS.reconnectMs * 1.25)).toEqual([one.host])
    expect(hosts(known, 2, KNOWN_PEERS_LIMITS.uselessMs * 1.25)).toEqual([other.host])
  })

  test('who was there when we had no room is dialled again after seconds', () => {
    const known = make()
    known.found(crowd(1), 'tracker', TRACKER, 0)
    const [{ endpoint }] = crowd(1) as [FoundPeer]
    known.candidates(1, 0)
    known.disconnected(endpoint, 0, 'no-room')
    expect(hosts(known, 1, 0.74 * KNOWN_PEERS_LIMITS.noRoomMs)).toEqual([])
    expect(hosts(known, 1, 1.25 * KNOWN_PEERS_LIMITS.noRoomMs)).toEqual([endpoint.host])
  })

  test('those that were of no use may be dialled at once when we want something again; failures still back off', () => {
    const known = make()
    known.found(crowd(2), 'tracker', TRACKER, 0)
    const [useless, broken] = crowd(2).map(({ endpoint }) => endpoint) as [Endpoint, Endpoint]
    known.candidates(2, 0)
    known.disconnected(useless, 0, 'useless')
    known.dialFailed(broken, 0)
    expect(known.candidates(2, 1)).toEqual([])
    known.wantAgain(1)
    expect(hosts(known, 2, 1)).toEqual([useless.host])
  })

  test('a handshake wipes out failures; a broken protocol counts as one', () => {
    const known = make()
    const [{ endpoint }] = crowd(1) as [FoundPeer]
    known.found([{ endpoint }], 'tracker', TRACKER, 0)
    for (let turn = 0; turn < 5; turn++) known.dialFailed(endpoint, 0)
    known.handshaken(endpoint, 'aa' as PeerId)
    known.connected(endpoint)
    known.disconnected(endpoint, 0, 'failed')
    expect(known.deadline(0)).toBeLessThanOrEqual(KNOWN_PEERS_LIMITS.backOffMs * 1.25)
  })
})

describe('bounds', () => {
  test('one source fills a quarter of the list, not all of it', () => {
    const known = make()
    expect(known.found(crowd(3_000), 'pex', '7.7.7.7', 0)).toBe(
      KNOWN_PEERS_LIMITS.peersPerSourceMax,
    )
    expect(known.found(crowd(100, 2), 'pex', '7.7.7.8', 0)).toBe(100)
  })

  test('one address is listed a few times: a list of a victim’s ports is no list of peers', () => {
    const ports = Array.from({ length: 500 }, (_, port) => ({
      endpoint: { host: '8.8.8.8', port: port + 1 },
    }))
    expect(make().found(ports, 'tracker', TRACKER, 0)).toBe(KNOWN_PEERS_LIMITS.peersPerAddressMax)
    const v6 = Array.from({ length: 500 }, (_, low) => ({
      endpoint: { host: `2a00:1::${(low + 1).toString(16)}`, port: 6881 },
    }))
    expect(make().found(v6, 'tracker', TRACKER, 0)).toBe(KNOWN_PEERS_LIMITS.peersPerAddressMax)
  })

  test('a full list makes room for better ones, and keeps connected and proven ones', () => {
    const known = make({ peersMax: 10 })
    known.found(crowd(8), 'pex', undefined, 0)
    const [connected, proven] = crowd(2).map(({ endpoint }) => endpoint) as [Endpoint, Endpoint]
    known.candidates(8, 0)
    known.connected(connected)
    known.handshaken(proven, 'aa' as PeerId)
    for (const { endpoint } of crowd(8).slice(1)) known.disconnected(endpoint, 0, 'useful')
    known.found(crowd(20, 2), 'tracker', TRACKER, 0)
    expect(known.count).toBe(10)
    const kept = known.entries(10).map(({ host }) => host)
    expect(kept).toContain(connected.host)
    expect(kept[0]).toBe(proven.host)
    expect(kept.filter((host) => host.startsWith('8.2.'))).toHaveLength(8)
    expect(known.found(crowd(5, 3), 'pex', undefined, 0)).toBe(0)
    expect(known.found(found('5.5.5.5:5'), 'user', undefined, 0)).toBe(1)
  })
})

describe('bans', () => {
  const banned = (bans: Bans): KnownPeers => new KnownPeers(new Prng(1), {}, bans)

  test('[E02] are on the address: another port or peer id is refused all the same', () => {
    const bans = new Bans()
    const known = banned(bans)
    known.found(found('8.8.8.8:1'), 'tracker', TRACKER, 0)
    expect(bans.add('8.8.8.8', 'three wrong pieces')).toBe(true)
    expect(known.accepts(at('8.8.8.8:40000'))).toBe(false)
    expect(known.candidates(9, 0)).toEqual([])
    expect(known.found(found('8.8.8.8:2'), 'tracker', TRACKER, 0)).toBe(0)
    expect([bans.has('8.8.8.8'), bans.has('8.8.8.9')]).toEqual([true, false])
    expect(known.deadline(0)).toBe(Number.POSITIVE_INFINITY)
  })

  test('[E02] hold for all of an IPv6 /64', () => {
    const bans = new Bans()
    const known = banned(bans)
    bans.add('2a00:1:2:3::1', 'wrong')
    expect(known.accepts(at('[2a00:1:2:3:ffff::9]:1'))).toBe(false)
    expect(known.accepts(at('[2a00:1:2:4::1]:1'))).toBe(true)
    expect(bans.addresses()).toEqual(['2a00:1:2:3::/64'])
  })

  test('never fall on loopback', () => {
    const bans = new Bans()
    expect([bans.add('127.0.0.1', 'wrong'), bans.add('::1', 'wrong')]).toEqual([false, false])
    expect(banned(bans).accepts(at('127.0.0.1:1'))).toBe(true)
  })

  test('are forgotten, the oldest first, when there are too many', () => {
    const bans = new Bans(3)
    for (const host of ['8.0.0.1', '8.0.0.2', '8.0.0.3', '8.0.0.4']) bans.add(host, 'wrong')
    expect(bans.addresses()).toEqual(['8.0.0.2', '8.0.0.3', '8.0.0.4'])
  })
})

describe('ourselves and others that came to us', () => {
  test('an endpoint that answers with our own id is never dialled again', () => {
    const known = make()
    known.ourId('ab' as PeerId)
    known.found(found('8.8.8.8:1'), 'tracker', TRACKER, 0)
    known.candidates(1, 0)
    expect(known.handshaken(at('8.8.8.8:1'), 'ab' as PeerId)).toBe('self')
    known.disconnected(at('8.8.8.8:1'), 0, 'failed')
    known.found(found('8.8.8.8:1'), 'tracker', TRACKER, 0)
    expect(known.candidates(1, 1e9)).toEqual([])
    expect(known.entries(9)).toEqual([])
    expect(known.handshaken(at('8.8.4.4:1'), 'cd' as PeerId)).toBe('ok')
  })

  test('an accepted peer that says where it listens can be dialled there after it left, not before', () => {
    const known = make()
    const remote = at('8.8.8.8:50000')
    known.incoming(remote)
    known.listensAt(remote, 6881, 0)
    expect(known.candidates(9, 0)).toEqual([])
    known.disconnected(remote, 0, 'useful')
    expect(known.candidates(9, 60_000).map(({ endpoint }) => endpoint)).toEqual([
      at('8.8.8.8:6881'),
    ])
    known.disconnected(at('8.8.8.8:6881'), 0, 'useful')
    known.found(found('8.8.8.8:1', '8.8.8.8:2', '8.8.8.8:3'), 'tracker', TRACKER, 60_000)
    expect(known.candidates(9, 100_000)).toHaveLength(3)
  })

  test('a port that is none, and a peer that we do not know of, say nothing', () => {
    const known = make()
    known.incoming(at('8.8.8.8:50000'))
    known.listensAt(at('8.8.8.8:50000'), 0, 0)
    known.listensAt(at('8.8.4.4:50000'), 6881, 0)
    known.dialFailed(at('8.8.4.4:50000'), 0)
    known.connected(at('8.8.4.4:50000'))
    known.disconnected(at('8.8.4.4:50000'), 0, 'useful')
    expect(known.count).toBe(0)
  })
})

test.each([1, 2, 3, 4])('any history keeps the counts of addresses right (seed %i)', (seed) => {
  const random = new Prng(seed)
  const known = make({ peersMax: 40, peersPerAddressMax: 6, connectionsPerAddressMax: 2 })
  const dialed = new Map<string, Endpoint>()
  const accepted = new Map<string, Endpoint>()
  let now = 0
  const busy = (host: string): number =>
    [...dialed.values(), ...accepted.values()].filter((endpoint) => endpoint.host === host).length
  for (let step = 0; step < 5_000; step++) {
    now += random.below(5_000)
    const host = `8.8.8.${random.below(12)}`
    const endpoint = { host, port: 1 + random.below(9) }
    const open = [...dialed.values()]
    const one = open[random.below(Math.max(1, open.length))]
    const came = [...accepted.values()]
    const other = came[random.below(Math.max(1, came.length))]
    const what = random.below(8)
    if (what < 2) known.found([{ endpoint }], what === 0 ? 'tracker' : 'pex', undefined, now)
    else if (what === 2) {
      for (const candidate of known.candidates(1 + random.below(3), now)) {
        expect(busy(candidate.endpoint.host)).toBeLessThan(2)
        dialed.set(`${candidate.endpoint.host}:${candidate.endpoint.port}`, candidate.endpoint)
      }
    } else if (what === 3 && one !== undefined) {
      dialed.delete(`${one.host}:${one.port}`)
      known.dialFailed(one, now)
    } else if (what === 4 && one !== undefined) {
      known.connected(one)
    } else if (what === 5 && one !== undefined) {
      dialed.delete(`${one.host}:${one.port}`)
      known.disconnected(one, now, random.below(2) === 0 ? 'useful' : 'failed')
    } else if (what === 6) {
      const remote = { host, port: 40_000 + random.below(9) }
      accepted.set(`${remote.host}:${remote.port}`, remote)
      known.incoming(remote)
      if (random.below(2) === 0) known.listensAt(remote, 1 + random.below(9), now)
    } else if (other !== undefined) {
      accepted.delete(`${other.host}:${other.port}`)
      known.disconnected(other, now, 'useful')
    }
    expect(known.count).toBeLessThanOrEqual(40)
  }
  for (const endpoint of [...dialed.values(), ...accepted.values()])
    known.disconnected(endpoint, now, 'useful')
  known.found(crowd(1, 9), 'user', undefined, now)
  // Nothing is held any more: every address may be dialled twice again.
  const free = known.candidates(99, now + 1e9)
  const perHost = new Map<string, number>()
  for (const { endpoint } of free) perHost.set(endpoint.host, (perHost.get(endpoint.host) ?? 0) + 1)
  for (let last = 0; last < 12; last++) {
    const host = `8.8.8.${last}`
    const listed = known.entries(99).filter((endpoint) => endpoint.host === host).length
    expect(perHost.get(host) ?? 0).toBe(Math.min(2, listed))
  }
})
