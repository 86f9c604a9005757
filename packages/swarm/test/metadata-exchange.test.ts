import {
  type InfoHash,
  type InfoHashV2,
  Prng,
  parseInfoHash,
  parseInfoHashV2,
  sha1,
  sha256,
} from '@bt/primitives'
import { METADATA_PIECE_LENGTH } from '@bt/wire'
import { describe, expect, test } from 'vitest'
import { type MetadataAction, MetadataExchange } from '../src/extensions/metadata-exchange.ts'
import {
  METADATA_LIMITS,
  METADATA_SERVING,
  type MetadataLimits,
} from '../src/extensions/metadata-limits.ts'
import { MetadataServer } from '../src/extensions/metadata-server.ts'

const INFO = new Uint8Array(5 * METADATA_PIECE_LENGTH + 777)
new Prng('info').fill(INFO)
const V1 = parseInfoHash(sha1(INFO)) as InfoHash
const V2 = parseInfoHashV2(sha256(INFO)) as InfoHashV2

/** What a peer does with requests: the bytes it has for metadata of this length, a reject, or nothing. */
interface Behaviour {
  readonly length: number
  readonly answer: 'right' | 'wrong' | 'reject' | 'silent' | 'other-length'
  /** Milliseconds to an answer. */
  readonly delayMs?: number
}

/** Peers answer; time passes by deadlines. Answers what came out, and when. */
function run(
  peers: Readonly<Record<string, Behaviour>>,
  options: {
    untilMs?: number
    limits?: Partial<MetadataLimits>
    want?: { infoHashV1?: InfoHash; infoHashV2?: InfoHashV2 }
  } = {},
): {
  readonly doneAt: number | undefined
  readonly dropped: string[]
  readonly blamed: string[]
  readonly requests: Map<string, number>
  readonly openMax: number
} {
  const exchange = new MetadataExchange<string>(options.want ?? { infoHashV1: V1 }, options.limits)
  const inbox: { at: number; order: number; peer: string; piece: number }[] = []
  const result = {
    doneAt: undefined as number | undefined,
    dropped: [] as string[],
    blamed: [] as string[],
    requests: new Map<string, number>(),
    openMax: 0,
  }
  let now = 0
  let order = 0
  const drain = (): void => {
    for (let action = exchange.next(); action !== undefined; action = exchange.next()) {
      if (action.type === 'done') {
        expect(action.infoBytes).toEqual(INFO)
        result.doneAt = now
      } else if (action.type === 'blame') {
        result.blamed.push(action.peer)
        if (!action.drop) continue
        result.dropped.push(action.peer)
        exchange.left(action.peer, now)
      } else {
        const { peer, piece } = action
        result.requests.set(peer, (result.requests.get(peer) ?? 0) + 1)
        const open = inbox.filter((one) => one.peer === peer).length + 1
        result.openMax = Math.max(result.openMax, open)
        const { answer, delayMs = 50 } = peers[peer] as Behaviour
        if (answer !== 'silent') inbox.push({ at: now + delayMs, order: order++, peer, piece })
      }
    }
  }
  for (const [peer, { length }] of Object.entries(peers)) exchange.offered(peer, length, now)
  drain()
  const untilMs = options.untilMs ?? 600_000
  while (result.doneAt === undefined) {
    inbox.sort((one, other) => one.at - other.at || one.order - other.order)
    const next = inbox[0]
    const deadline = exchange.deadline()
    if (next === undefined && deadline === Number.POSITIVE_INFINITY) return result
    now = Math.max(now, Math.min(next?.at ?? deadline, deadline))
    if (now > untilMs) return result
    if (next !== undefined && next.at <= now) {
      inbox.shift()
      const { length, answer } = peers[next.peer] as Behaviour
      const source = answer === 'wrong' ? new Uint8Array(length).fill(next.piece) : INFO
      const begin = next.piece * METADATA_PIECE_LENGTH
      const bytes = source.slice(begin, Math.min(begin + METADATA_PIECE_LENGTH, length))
      const totalLength = answer === 'other-length' ? length + 1 : length
      if (answer === 'reject')
        exchange.received(next.peer, { type: 'reject', piece: next.piece }, now)
      else
        exchange.received(next.peer, { type: 'data', piece: next.piece, totalLength, bytes }, now)
    } else exchange.tick(now)
    drain()
  }
  return result
}

const GOOD: Behaviour = { length: INFO.length, answer: 'right' }

describe('metadata from peers', () => {
  test('comes from several at once, each asked for a few pieces', () => {
    const { doneAt, requests, openMax } = run({ a: GOOD, b: GOOD, c: GOOD })
    expect(doneAt).toBe(50)
    expect([...requests.values()].reduce((sum, count) => sum + count, 0)).toBe(6)
    expect(openMax).toBeLessThanOrEqual(METADATA_LIMITS.requestsPerPeerMax)
    expect(requests.size).toBe(2)
  })

  test('is believed when all hashes that are wanted agree: v1, v2, both', () => {
    for (const want of [
      { infoHashV1: V1 },
      { infoHashV2: V2 },
      { infoHashV1: V1, infoHashV2: V2 },
    ]) {
      expect(run({ a: GOOD }, { want }).doneAt).toBe(100)
    }
    const half = { infoHashV1: V1, infoHashV2: '00'.repeat(32) as InfoHashV2 }
    expect(run({ a: GOOD }, { want: half })).toMatchObject({ doneAt: undefined, dropped: ['a'] })
  })

  test.each([
    0,
    -1,
    1.5,
    2_038_487_152,
    2 ** 63,
    METADATA_LIMITS.lengthMax + 1,
    '16384',
    2n ** 63n,
    undefined,
    null,
  ])('[C03] a peer that says its metadata has %s bytes is not asked', (size) => {
    const exchange = new MetadataExchange<string>({ infoHashV1: V1 })
    exchange.offered('a', size, 0)
    expect([exchange.next(), exchange.supplierCount, exchange.deadline()]).toEqual([
      undefined,
      0,
      Number.POSITIVE_INFINITY,
    ])
  })

  test('[C03] the largest that is believed is the limit, and it takes no memory before data comes', () => {
    const exchange = new MetadataExchange<string>({ infoHashV1: V1 })
    exchange.offered('a', METADATA_LIMITS.lengthMax, 0)
    expect(exchange.next()).toEqual({ type: 'request', peer: 'a', piece: 0 })
    expect(exchange.progress).toEqual({ received: 0, total: 2_048 })
  })

  test('[C04] peers that speak of different lengths are tried side by side: a liar holds up nobody', () => {
    const liars = Object.fromEntries(
      [1, 2, 3, 4, 5].map(
        (at) => [`liar${at}`, { length: 100_000 * at, answer: 'silent' }] as const,
      ),
    )
    expect(run({ ...liars, a: GOOD } as Record<string, Behaviour>).doneAt).toBe(100)
  })

  test('[C04] a peer that changes the length on the way is blamed and asked no more', () => {
    const { doneAt, blamed, requests } = run({
      liar: { length: INFO.length, answer: 'other-length' },
      slow: { ...GOOD, delayMs: 3_000 },
    })
    expect(blamed).toEqual(['liar'])
    expect(requests.get('liar')).toBe(METADATA_LIMITS.requestsPerPeerMax)
    expect(doneAt).toBeLessThan(20_000)
  })

  test('[C05] wrong metadata from one peer is thrown away, and the peer with it', () => {
    const { doneAt, dropped } = run({ liar: { length: INFO.length, answer: 'wrong' } })
    expect([doneAt, dropped]).toEqual([undefined, ['liar']])
  })

  test('[C05] wrong metadata from several: they are told apart one by one, and it ends well', () => {
    const wrong: Behaviour = { length: INFO.length, answer: 'wrong' }
    const { doneAt, dropped, blamed } = run({
      liar1: wrong,
      a: GOOD,
      liar2: wrong,
      b: GOOD,
      liar3: wrong,
    })
    expect(doneAt).toBeLessThan(1_000)
    for (const peer of dropped) expect(peer).toMatch(/^liar/)
    expect(blamed.length).toBeGreaterThan(0)
  })

  test('[C05] liars that drip hold up the honest no longer than half a minute', () => {
    const drip: Behaviour = { length: INFO.length, answer: 'wrong', delayMs: 9_000 }
    const wrong: Behaviour = { length: INFO.length, answer: 'wrong' }
    const { doneAt, dropped } = run({ drip1: drip, drip2: drip, drip3: drip, wrong, honest: GOOD })
    expect(doneAt).toBeLessThanOrEqual(60_000)
    expect(dropped).not.toContain('honest')
  })

  test('a peer that rejects, or never answers, is left alone for a while; others are asked', () => {
    const { doneAt, requests } = run({
      refuses: { length: INFO.length, answer: 'reject', delayMs: 10 },
      silent: { length: INFO.length, answer: 'silent' },
      good: { ...GOOD, delayMs: 500 },
    })
    expect(doneAt).toBeLessThan(METADATA_LIMITS.answerMs + 3_000)
    expect(requests.get('refuses')).toBeLessThanOrEqual(METADATA_LIMITS.requestsPerPeerMax)
    expect(requests.get('silent')).toBeLessThanOrEqual(METADATA_LIMITS.requestsPerPeerMax)
  })

  test('[C08] nobody has it: no work, no alarm; it goes on when somebody comes', () => {
    const exchange = new MetadataExchange<string>({ infoHashV1: V1 })
    expect(exchange.deadline()).toBe(Number.POSITIVE_INFINITY)
    exchange.offered('a', INFO.length, 0)
    while (exchange.next() !== undefined);
    exchange.received('a', { type: 'reject', piece: 0 }, 100)
    expect(exchange.next()).toBe(undefined)
    expect(exchange.deadline()).toBe(100 + METADATA_LIMITS.pauseMs)
    exchange.left('a', 200)
    expect([exchange.deadline(), exchange.progress.received]).toEqual([Number.POSITIVE_INFINITY, 0])
    exchange.offered('b', INFO.length, 3_600_000)
    expect(exchange.next()).toEqual({ type: 'request', peer: 'b', piece: 0 })
  })

  test('asking a peer that rejects everything goes on once in half a minute, not in a loop', () => {
    const { requests } = run({ a: { length: INFO.length, answer: 'reject' } }, { untilMs: 300_000 })
    expect(requests.get('a')).toBeLessThanOrEqual(11 * METADATA_LIMITS.requestsPerPeerMax)
    expect(requests.get('a')).toBeGreaterThanOrEqual(10)
  })

  test('data that nobody asked for, or that was asked of another, is nothing', () => {
    const exchange = new MetadataExchange<string>({ infoHashV1: V1 })
    exchange.offered('a', INFO.length, 0)
    const bytes = INFO.slice(0, METADATA_PIECE_LENGTH)
    const data = { type: 'data', piece: 0, totalLength: INFO.length, bytes } as const
    exchange.received('stranger', data, 0)
    exchange.received('a', { ...data, piece: 5, bytes: INFO.slice(5 * METADATA_PIECE_LENGTH) }, 0)
    expect(exchange.progress.received).toBe(0)
    exchange.received('a', data, 0)
    exchange.received('a', data, 0)
    exchange.received('a', { type: 'request', piece: 0 }, 0)
    exchange.received('a', { type: 'unknown', messageType: 9 }, 0)
    expect(exchange.progress).toEqual({ received: 1, total: 6 })
  })

  test('all attempts together keep no more bytes than the limit; the least supported gives way', () => {
    const exchange = new MetadataExchange<string>(
      { infoHashV1: V1 },
      { bufferedMax: 3 * METADATA_PIECE_LENGTH },
    )
    const length = 100 * METADATA_PIECE_LENGTH
    exchange.offered('liar', length, 0)
    for (const peer of ['a', 'b']) exchange.offered(peer, INFO.length, 0)
    const bytes = new Uint8Array(METADATA_PIECE_LENGTH)
    for (const piece of [0, 1, 2])
      exchange.received('liar', { type: 'data', piece, totalLength: length, bytes }, 0)
    expect(exchange.supplierCount).toBe(3)
    exchange.received('a', { type: 'data', piece: 0, totalLength: INFO.length, bytes }, 0)
    expect(exchange.supplierCount).toBe(2)
    expect(exchange.progress).toEqual({ received: 1, total: 6 })
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    'one honest peer among any others is enough (seed %i)',
    (seed) => {
      const random = new Prng(seed)
      const peers: Record<string, Behaviour> = {}
      for (let at = 0; at < 1 + random.below(8); at++) {
        const answers = ['wrong', 'reject', 'silent', 'other-length', 'right'] as const
        const length = random.below(3) === 0 ? 20_000 + random.below(200_000) : INFO.length
        const answer = length === INFO.length ? answers[random.below(5)] : answers[random.below(4)]
        peers[`p${at}`] = {
          length,
          answer: answer as Behaviour['answer'],
          delayMs: random.below(9_000),
        }
      }
      peers['honest'] = { ...GOOD, delayMs: 200 }
      const { doneAt, dropped } = run(peers)
      expect(doneAt).toBeLessThan(300_000)
      expect(dropped).not.toContain('honest')
    },
  )
})

describe('serving metadata', () => {
  test('answers each piece with its bytes and the length of the whole', () => {
    const server = new MetadataServer<string>(INFO)
    const answers = [0, 1, 2, 3, 4, 5].map((piece) => server.requested('a', piece, 0))
    const whole = answers.flatMap((answer) => (answer.type === 'data' ? [...answer.bytes] : []))
    expect(new Uint8Array(whole)).toEqual(INFO)
    expect(
      answers.every((answer) => answer.type === 'data' && answer.totalLength === INFO.length),
    ).toBe(true)
  })

  test.each([-1, 6, 2 ** 31, 0.5, Number.NaN])(
    '[C07] piece %d, which is none, is rejected',
    (piece) => {
      expect(new MetadataServer<string>(INFO).requested('a', piece, 0)).toEqual({
        type: 'reject',
        piece,
      })
    },
  )

  test('[C07] a flood of one peer is served twice the metadata and then once a minute', () => {
    const server = new MetadataServer<string>(INFO)
    let served = 0
    for (let now = 0; now < 600_000; now += 10) {
      if (server.requested('a', Math.floor(now / 10) % 6, now).type === 'data') served++
    }
    expect(served).toBeLessThanOrEqual(6 * (METADATA_SERVING.copiesAtOnce + 10))
    expect(server.requested('b', 0, 600_000).type).toBe('data')
    server.left('a')
  })

  test('[C07] all peers together get no more than so many pieces a second', () => {
    const server = new MetadataServer<number>(INFO)
    let served = 0
    for (let now = 0; now < 10_000; now++) {
      for (const peer of [2 * now, 2 * now + 1]) {
        if (server.requested(peer, 0, now).type === 'data') served++
        server.left(peer)
      }
    }
    const { piecesAtOnce, piecesPerSecond } = METADATA_SERVING
    expect(served).toBeLessThanOrEqual(piecesAtOnce + 10 * piecesPerSecond)
    expect(served).toBeGreaterThan(piecesAtOnce + 9 * piecesPerSecond)
  })
})

test('an action is told once', () => {
  const exchange = new MetadataExchange<string>({ infoHashV1: V1 })
  exchange.offered('a', 10, 0)
  exchange.offered('a', 10, 0)
  const actions: MetadataAction<string>[] = []
  for (let action = exchange.next(); action !== undefined; action = exchange.next())
    actions.push(action)
  expect(actions).toEqual([{ type: 'request', peer: 'a', piece: 0 }])
})
