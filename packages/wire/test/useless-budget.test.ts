// Messages of no use: a burst and a slow rate are free, more is a flood.
import { describe, expect, test } from 'vitest'
import { type Message, encodeMessage } from '../src/index.ts'
import { UselessBudget } from '../src/useless-budget.ts'
import { USELESS_BURST_MAX, USELESS_PER_SECOND } from '../src/wire-limits.ts'
import { Pair, type Side, concat } from './pair.ts'

const times = (count: number, message: Message): Uint8Array =>
  concat(Array.from({ length: count }, () => encodeMessage(message)))

test('the budget is a burst that fills again slowly, and no further', () => {
  const budget = new UselessBudget(0)
  expect(budget.take(USELESS_BURST_MAX, 0)).toBe(true)
  expect(budget.take(1, 0)).toBe(false)
  expect(budget.take(USELESS_PER_SECOND, 1000)).toBe(true)
  expect(budget.take(1, 1000)).toBe(false)
  expect(budget.take(1, 500)).toBe(false)
  expect(budget.take(USELESS_BURST_MAX + 1, 1e9)).toBe(false)
  expect(budget.take(USELESS_BURST_MAX, 1e9)).toBe(true)
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
