// Limits that only matter beside one another; what each one stops is tested where it is enforced.
import { expect, test } from 'vitest'
import { REQUESTS_OPEN_MAX } from '../src/index.ts'
import {
  ALLOWED_FAST_MAX,
  CONNECTION_LIMITS,
  UNASKED_BLOCK_WEIGHT,
  USELESS_BURST_MAX,
} from '../src/wire-limits.ts'

test('a keep-alive goes out before an ordinary peer gives us up, and theirs comes before we do', () => {
  expect(CONNECTION_LIMITS.keepAliveMs).toBeLessThan(120_000)
  expect(CONNECTION_LIMITS.idleMs).toBeGreaterThan(120_000)
})

test('the bitfield of the largest torrent that is believed fits a message', () => {
  const bitfield = 1 + CONNECTION_LIMITS.piecesBeforeGeometryMax / 8
  expect(bitfield).toBe(CONNECTION_LIMITS.messageLengthMax)
})

test('honest bursts stay below a flood: a full book refused, an allowed-fast set', () => {
  expect(2 * CONNECTION_LIMITS.requestsFromPeerMax).toBeLessThan(USELESS_BURST_MAX)
  expect(ALLOWED_FAST_MAX).toBeLessThan(USELESS_BURST_MAX)
})

test('unasked blocks of the longest kind stop below 64 MiB', () => {
  const blocks = USELESS_BURST_MAX / UNASKED_BLOCK_WEIGHT
  expect(blocks * CONNECTION_LIMITS.requestLengthMax).toBeLessThanOrEqual(64 * 1024 * 1024)
})

test('the deepest pipeline keeps 1 GiB/s busy over 200 ms', () => {
  expect(REQUESTS_OPEN_MAX * 16_384).toBeGreaterThanOrEqual(0.2 * 1024 ** 3)
})
