import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { BURST_MS, RETRY_MS, TURN_MS, TokenBucket } from '../src/transfer/byte-budget.ts'

interface Taker {
  readonly name: string
  readonly bucket: TokenBucket
  readonly bytes: number
  taken: number
  at: number
}

function taker(name: string, bucket: TokenBucket, bytes: number): Taker {
  return { name, bucket, bytes, taken: 0, at: 0 }
}

/** Everybody takes whenever `availableAt` says so, until `untilMs`. Answers how often one was sent away. */
function run(takers: readonly Taker[], untilMs: number): number {
  let refused = 0
  for (;;) {
    const next = takers.reduce((first, one) => (one.at < first.at ? one : first))
    if (next.at > untilMs) return refused
    const now = next.at
    if (next.bucket.take(next.bytes, now)) next.taken += next.bytes
    else {
      refused++
      next.at = next.bucket.availableAt(next.bytes, now)
      if (next.at <= now) throw new Error('a refused take is to be tried later')
    }
  }
}

describe('a budget', () => {
  test('without a limit gives everything at once', () => {
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY, 0)
    expect([bucket.take(2 ** 40, 0), bucket.take(2 ** 40, 0)]).toEqual([true, true])
    expect(bucket.availableAt(2 ** 40, 0)).toBe(0)
  })

  test('of nothing gives nothing, ever', () => {
    const bucket = new TokenBucket(0, 0)
    expect([bucket.take(1, 0), bucket.take(1, 1e9)]).toEqual([false, false])
    expect(bucket.availableAt(1, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([1_000, 50_000, 1_048_576, 100_000_000])(
    'of %i B/s gives exactly that in the long run, whatever the size of a block',
    (rate) => {
      for (const bytes of [1_000, 16_384, 131_072]) {
        const one = taker('one', new TokenBucket(rate, 0), bytes)
        run([one], 200_000)
        const exact = rate * 200
        // What was saved up at the start, and the last block.
        expect(one.taken).toBeGreaterThan(exact - bytes)
        expect(one.taken).toBeLessThanOrEqual(exact + (rate * BURST_MS) / 1000 + bytes)
      }
    },
  )

  test('saves up no more than a second of silence', () => {
    const bucket = new TokenBucket(1_000, 0)
    let taken = 0
    while (bucket.take(100, 3_600_000)) taken += 100
    expect(taken).toBe(1_000)
  })

  test('is shared in equal parts by all that want it, one peer or many to a torrent', () => {
    const session = new TokenBucket(1_000_000, 0)
    const torrents = [1, 2].map(() => new TokenBucket(Number.POSITIVE_INFINITY, 0, session))
    const [first, second] = torrents as [TokenBucket, TokenBucket]
    const takers = [
      taker('a', new TokenBucket(Number.POSITIVE_INFINITY, 0, first), 16_384),
      taker('b1', new TokenBucket(Number.POSITIVE_INFINITY, 0, second), 16_384),
      taker('b2', new TokenBucket(Number.POSITIVE_INFINITY, 0, second), 16_384),
      taker('b3', new TokenBucket(Number.POSITIVE_INFINITY, 0, second), 16_384),
    ]
    run(takers, 60_000)
    const [a, ...bs] = takers.map(({ taken }) => taken) as [number, number, number, number]
    const all = a + bs.reduce((sum, taken) => sum + taken, 0)
    expect(all / 60_000_000).toBeGreaterThan(0.98)
    expect(a / all).toBeGreaterThan(0.4)
    expect(a / all).toBeLessThan(0.6)
    for (const b of bs) expect(b / (all - a)).toBeCloseTo(1 / 3, 1)
  })

  test('a peer with a limit of its own leaves the rest to the others', () => {
    const torrent = new TokenBucket(300_000, 0)
    const slow = taker('slow', new TokenBucket(30_000, 0, torrent), 16_384)
    const free = taker('free', new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent), 16_384)
    run([slow, free], 100_000)
    expect(slow.taken / 3_000_000).toBeCloseTo(1, 1)
    expect(free.taken / 27_000_000).toBeCloseTo(1, 1)
  })

  test('small and large takers, eager and patient, all get their turn', () => {
    const torrent = new TokenBucket(200_000, 0)
    const takers = [1_000, 16_384, 65_536, 131_072].map((bytes, at) =>
      taker(`t${at}`, new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent), bytes),
    )
    run(takers, 5_000)
    for (const one of takers) one.taken = 0
    run(takers, 300_000)
    // Turns are equal, so each gets in proportion to what it takes at a time.
    const turns = takers.map(({ taken, bytes }) => taken / bytes)
    expect(Math.max(...turns) / Math.min(...turns)).toBeLessThan(1.2)
  })

  test('who asks most often gets no more for it', () => {
    const torrent = new TokenBucket(100_000, 0)
    const polite = taker('polite', new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent), 16_384)
    const pushy = new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent)
    let pushed = 0
    for (let now = 0; now <= 60_000; now++) {
      if (pushy.take(16_384, now)) pushed += 16_384
      if (polite.at > now) continue
      if (polite.bucket.take(polite.bytes, now)) polite.taken += polite.bytes
      else polite.at = polite.bucket.availableAt(polite.bytes, now)
    }
    expect(polite.taken / (polite.taken + pushed)).toBeGreaterThan(0.45)
  })

  test('a turn that nobody takes is over soon', () => {
    const torrent = new TokenBucket(100_000, 0)
    const gone = new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent)
    const here = new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent)
    expect(torrent.take(200_000, 0)).toBe(true)
    expect([gone.take(1_000, 0), here.take(1_000, 0)]).toEqual([false, false])
    const turnAt = here.availableAt(1_000, 0)
    expect(here.take(1_000, turnAt)).toBe(false)
    expect(here.take(1_000, turnAt + TURN_MS)).toBe(true)
  })

  test('a turn that is given up is over at once', () => {
    const torrent = new TokenBucket(100_000, 0)
    const gone = new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent)
    const here = new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent)
    torrent.take(200_000, 0)
    gone.take(1_000, 0)
    here.take(1_000, 0)
    gone.withdraw()
    expect(here.take(1_000, here.availableAt(1_000, 0))).toBe(true)
  })

  test('a refused take says when to come back, never at once', () => {
    const torrent = new TokenBucket(100_000, 0)
    const [first, second] = [1, 2].map(
      () => new TokenBucket(Number.POSITIVE_INFINITY, 0, torrent),
    ) as [TokenBucket, TokenBucket]
    torrent.take(150_000, 0)
    first.take(50_000, 0)
    second.take(1, 0)
    expect(first.availableAt(50_000, 0)).toBe(501)
    expect(second.availableAt(1, 0)).toBe(1_001)
    expect(second.availableAt(1, 5_000)).toBe(5_000 + RETRY_MS)
  })

  test('counts what has moved already, and pays it back', () => {
    const bucket = new TokenBucket(1_000, 0)
    bucket.spend(5_000, 0)
    expect(bucket.availableAt(1, 0)).toBe(4_001)
    expect(bucket.take(1, 4_000)).toBe(false)
    expect(bucket.take(1, 4_001)).toBe(true)
  })

  test('a new rate holds from now on', () => {
    const bucket = new TokenBucket(Number.POSITIVE_INFINITY, 0)
    bucket.take(1e9, 0)
    bucket.setRate(1_000, 0)
    const one = taker('one', bucket, 100)
    run([one], 10_000)
    expect(one.taken).toBeGreaterThanOrEqual(10_900)
    expect(one.taken).toBeLessThanOrEqual(11_100)
    bucket.setRate(Number.POSITIVE_INFINITY, 10_001)
    expect(bucket.take(1e9, 10_001)).toBe(true)
  })

  test.each([1, 2, 3, 4, 5])('no level of a random tree exceeds its rate (seed %i)', (seed) => {
    const random = new Prng(seed)
    const rate = (): number => 10_000 * (1 + random.below(50))
    const rates = new Map<TokenBucket, number>()
    const parents = new Map<TokenBucket, TokenBucket>()
    const make = (parent?: TokenBucket): TokenBucket => {
      const its = rate()
      const bucket = new TokenBucket(its, 0, parent)
      rates.set(bucket, its)
      if (parent !== undefined) parents.set(bucket, parent)
      return bucket
    }
    const root = make()
    const torrents = [make(root), make(root), make(root)]
    const takers = Array.from({ length: 9 }, (_, at) =>
      taker(`t${at}`, make(torrents[at % 3] as TokenBucket), 1_000 * (1 + random.below(30))),
    )
    run(takers, 60_000)
    for (const [bucket, its] of rates) {
      const below = takers.filter(({ bucket: leaf }) => {
        const parent = parents.get(leaf)
        return leaf === bucket || parent === bucket || parents.get(parent as TokenBucket) === bucket
      })
      const taken = below.reduce((sum, one) => sum + one.taken, 0)
      const most = its * 61 + Math.max(...below.map(({ bytes }) => bytes))
      expect(taken).toBeLessThanOrEqual(most)
    }
    for (const { taken } of takers) expect(taken).toBeGreaterThan(0)
  })
})
