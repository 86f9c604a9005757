import { describe, expect, test } from 'vitest'
import { PIPELINE_LIMITS, Pipeline } from '../src/picking/pipeline.ts'

const BLOCK = 16_384
/** Patience for one block at the slowest rate that counts. */
const GRACE_MS = 1_000

/** A peer that sends `bytesPerSecond` with a latency, asked for as much as the pipeline says; answers the sizes over time. */
function run(
  pipeline: Pipeline,
  peer: { bytesPerSecond: number; latencyMs: number; blockLength?: number },
  untilMs: number,
): { readonly sizes: readonly number[]; readonly bytes: number } {
  const blockLength = peer.blockLength ?? BLOCK
  const perBlockMs = (blockLength * 1000) / peer.bytesPerSecond
  const due: number[] = []
  let lineFreeAt = 0
  let bytes = 0
  const sizes: number[] = []
  pipeline.unchoked(0)
  for (let now = 0; now <= untilMs; now++) {
    while (due.length > 0 && (due[0] as number) <= now) {
      due.shift()
      bytes += blockLength
      pipeline.arrived(blockLength, now)
    }
    const room = pipeline.size(now) - due.length
    if (room > 0) pipeline.requested(room, now)
    for (let ask = 0; ask < room; ask++) {
      lineFreeAt = Math.max(lineFreeAt, now + peer.latencyMs) + perBlockMs
      due.push(lineFreeAt)
    }
    if (now % 1_000 === 0) sizes.push(pipeline.size(now))
  }
  return { sizes, bytes }
}

describe('the pipeline', () => {
  test.each([
    { bytesPerSecond: 20_000, latencyMs: 50 },
    { bytesPerSecond: 1_000_000, latencyMs: 100 },
    { bytesPerSecond: 10_000_000, latencyMs: 20 },
    { bytesPerSecond: 30_000_000, latencyMs: 200 },
  ])('keeps a line of $bytesPerSecond B/s and $latencyMs ms full within seconds', (peer) => {
    const pipeline = new Pipeline(BLOCK, 0)
    pipeline.requestsMaxOfPeer(2_000)
    const { bytes } = run(pipeline, peer, 20_000)
    expect(bytes).toBeGreaterThan(0.85 * 20 * peer.bytesPerSecond)
  })

  test('doubles in a round trip at the start', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    const { requestsAtStart } = PIPELINE_LIMITS
    expect(pipeline.size(0)).toBe(requestsAtStart)
    pipeline.requested(requestsAtStart, 0)
    for (let block = 0; block < requestsAtStart; block++) pipeline.arrived(BLOCK, 100)
    expect(pipeline.size(100)).toBe(2 * requestsAtStart)
  })

  test('counts several blocks that come as one', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    const { requestsAtStart } = PIPELINE_LIMITS
    pipeline.requested(requestsAtStart, 0)
    pipeline.arrived(requestsAtStart * BLOCK, 100, requestsAtStart)
    expect(pipeline.size(100)).toBe(2 * requestsAtStart)
    // nothing is open, so silence does not count
    expect(pipeline.stalled(1_000_000)).toBe(false)
  })

  test('of a slow peer stays short: about two seconds of its sending', () => {
    const { sizes } = run(new Pipeline(BLOCK, 0), { bytesPerSecond: 50_000, latencyMs: 50 }, 60_000)
    const late = sizes.slice(30)
    expect(Math.max(...late)).toBeLessThanOrEqual(9)
    expect(Math.min(...late)).toBeGreaterThanOrEqual(PIPELINE_LIMITS.requestsMin)
  })

  test('never exceeds what we or the peer allow', () => {
    const fast = { bytesPerSecond: 200_000_000, latencyMs: 100 }
    const unsaid = run(new Pipeline(BLOCK, 0), fast, 5_000)
    expect(Math.max(...unsaid.sizes)).toBe(PIPELINE_LIMITS.requestsUnsaid)
    const wide = new Pipeline(BLOCK, 0)
    wide.requestsMaxOfPeer(100_000)
    expect(Math.max(...run(wide, fast, 5_000).sizes)).toBe(PIPELINE_LIMITS.requestsMax)
    const narrow = new Pipeline(BLOCK, 0)
    narrow.requestsMaxOfPeer(3)
    expect(Math.max(...run(narrow, fast, 5_000).sizes)).toBe(3)
  })

  test('does not believe a reqq that makes no sense', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    for (const reqq of [0, -1, 0.5, Number.NaN, 2 ** 60]) pipeline.requestsMaxOfPeer(reqq)
    expect(pipeline.size(0)).toBe(PIPELINE_LIMITS.requestsAtStart)
  })

  test('counts whole pieces as blocks where they are', () => {
    const pipeline = new Pipeline(4_000_000, 0)
    const peer = { bytesPerSecond: 1_000_000, latencyMs: 50, blockLength: 4_000_000 }
    const { sizes, bytes } = run(pipeline, peer, 120_000)
    expect(Math.max(...sizes.slice(60))).toBeLessThanOrEqual(3)
    expect(bytes).toBeGreaterThan(100_000_000)
  })

  test('a peer that is silent for ten seconds and then sends is neither stalled nor snubbed', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    pipeline.unchoked(0)
    pipeline.requested(4, 0)
    expect([pipeline.stalled(10_500), pipeline.snubbed(10_500)]).toEqual([false, false])
    pipeline.arrived(BLOCK, 10_500)
    expect(pipeline.size(10_500)).toBe(5)
  })

  test('[E05] a peer that sends nothing is stalled after half a minute and snubbed after one', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    pipeline.unchoked(0)
    expect(pipeline.deadline(0)).toBe(Number.POSITIVE_INFINITY)
    pipeline.requested(4, 5_000)
    const stallAt = 5_000 + PIPELINE_LIMITS.stallMs + GRACE_MS
    const snubAt = 5_000 + PIPELINE_LIMITS.snubMs + GRACE_MS
    expect(pipeline.deadline(5_000)).toBe(stallAt)
    expect(pipeline.stalled(stallAt - 1)).toBe(false)
    expect([pipeline.stalled(stallAt), pipeline.snubbed(stallAt)]).toEqual([true, false])
    expect(pipeline.size(stallAt)).toBe(1)
    expect(pipeline.deadline(stallAt)).toBe(snubAt)
    expect([pipeline.snubbed(snubAt - 1), pipeline.snubbed(snubAt)]).toEqual([false, true])
    expect(pipeline.deadline(snubAt)).toBe(Number.POSITIVE_INFINITY)
    pipeline.arrived(BLOCK, snubAt + 5)
    expect([pipeline.stalled(snubAt + 5), pipeline.snubbed(snubAt + 5)]).toEqual([false, false])
  })

  test('silence adds up over requests that others answered first', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    pipeline.unchoked(0)
    for (let turn = 0; turn < 7; turn++) {
      pipeline.requested(1, turn * 10_000)
      pipeline.ended(1, turn * 10_000 + 9_000)
    }
    pipeline.requested(1, 70_000)
    expect(pipeline.snubbed(70_000)).toBe(true)
  })

  test('who chokes us is not snubbed for it, and starts afresh when it unchokes', () => {
    const pipeline = new Pipeline(BLOCK, 0)
    pipeline.unchoked(0)
    pipeline.requested(2, 0)
    pipeline.choked(80_000)
    expect(pipeline.snubbed(80_000)).toBe(false)
    pipeline.ended(2, 80_000)
    pipeline.unchoked(90_000)
    pipeline.requested(2, 90_000)
    expect([pipeline.stalled(100_000), pipeline.snubbed(100_000)]).toEqual([false, false])
  })
})
