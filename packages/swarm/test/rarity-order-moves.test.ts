import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { RarityOrder } from '../src/picking/rarity-order.ts'

const any = (): boolean => true

function orderOf(pieces: number): RarityOrder {
  const order = new RarityOrder(pieces, new Prng(1))
  for (let piece = 0; piece < pieces; piece++) order.add(piece, 0, 0)
  return order
}

test('moves that waited are made before anybody looks', () => {
  const order = orderOf(3)
  for (const [piece, level] of [
    [0, 1],
    [1, 1],
    [0, 2],
    [2, 1],
    [1, 2],
  ] as const) {
    order.move(piece, level)
  }
  expect(order.rarest(any, Number.POSITIVE_INFINITY)).toBe(2)
  expect(order.unheld).toBe(0)
})

test('a piece that went out while its move waited comes back where it is told to', () => {
  const order = orderOf(2)
  order.move(0, 5)
  order.remove(0)
  order.add(0, 0, 1)
  order.move(1, 2)
  expect(order.rarest(any, Number.POSITIVE_INFINITY)).toBe(0)
})

test('[speed] whoever has none of what could be begun is asked about no piece', () => {
  const order = orderOf(20)
  const asked: number[] = []
  const suits = (piece: number): boolean => asked.push(piece) > 0
  const has = Uint8Array.of(0, 0b0001_0000, 0)
  const everything = Number.POSITIVE_INFINITY
  expect(order.rarest(suits, everything, undefined, has)).toBe(11)
  order.remove(11)
  asked.length = 0
  expect(order.rarest(suits, everything, undefined, has)).toBe(-1)
  expect(order.rarest(suits, everything, undefined, new Uint8Array(0))).toBe(-1)
  expect(asked).toEqual([])
  order.add(11, 0, 3)
  expect(order.rarest(suits, everything, undefined, has)).toBe(11)
})
