// Every message both ways against hand-made vectors, alone and in one stream cut in every way.
import { readFileSync } from 'node:fs'
import { Prng, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { MESSAGE_ID, MessageDecoder, encodeMessage, wireLength } from '../src/index.ts'
import { decodeAll, fromJson, hex } from './bytes.ts'
import { chunksOf, concat } from './pair.ts'

interface Case {
  readonly name: string
  readonly hex: string
  readonly message: { readonly type: string }
}
const { cases } = JSON.parse(
  readFileSync(new URL('vectors/messages.json', import.meta.url), 'utf8'),
) as { cases: readonly Case[] }
const stream = concat(cases.map((one) => hex(one.hex)))
const meaning = cases.map((one) => one.message)

describe('each message', () => {
  test.each(cases)('$name is written as its bytes', ({ hex: bytes, message }) => {
    expect(toHex(encodeMessage(fromJson(message)))).toBe(bytes)
    expect(wireLength(fromJson(message))).toBe(bytes.length / 2)
  })

  test.each(cases)('$name is read from its bytes', ({ hex: bytes, message }) => {
    expect(decodeAll(new MessageDecoder(), [hex(bytes)])).toEqual([message])
  })

  test.each(cases)('$name cut short at any byte is not a message yet', ({ hex: bytes }) => {
    const whole = hex(bytes)
    for (let length = 0; length < whole.length; length++) {
      expect(decodeAll(new MessageDecoder(), [whole.subarray(0, length)])).toEqual([])
    }
  })

  test('every id of the table has a vector', () => {
    const covered = new Set(cases.map(({ message }) => message.type))
    expect(Object.keys(MESSAGE_ID).filter((name) => !covered.has(name))).toEqual([])
  })
})

describe('a stream of all messages', () => {
  test('[D16] split at every byte boundary it means the same', () => {
    for (let at = 0; at <= stream.length; at++) {
      const decoder = new MessageDecoder()
      expect(decodeAll(decoder, [stream.subarray(0, at), stream.subarray(at)])).toEqual(meaning)
    }
  })

  test('[D16] in chunks of any one length it means the same', () => {
    for (let length = 1; length <= 120; length++) {
      expect(decodeAll(new MessageDecoder(), chunksOf(length)(stream))).toEqual(meaning)
    }
  })

  test('[D16] in chunks of random lengths it means the same', () => {
    const seed = 20_250_101
    const random = new Prng(seed)
    for (let round = 0; round < 300; round++) {
      const chunks: Uint8Array[] = []
      for (let at = 0; at < stream.length; ) {
        const length = 1 + random.below(70)
        chunks.push(stream.subarray(at, at + length))
        at += length
      }
      expect(decodeAll(new MessageDecoder(), chunks), `seed ${seed}, round ${round}`).toEqual(
        meaning,
      )
    }
  })

  test('[D16] a thousand messages in one chunk are a thousand messages', () => {
    const many = concat(
      Array.from({ length: 1000 }, (_, piece) => encodeMessage({ type: 'have', piece })),
    )
    const told = decodeAll(new MessageDecoder(), [many])
    expect(told).toEqual(Array.from({ length: 1000 }, (_, piece) => ({ type: 'have', piece })))
  })
})
