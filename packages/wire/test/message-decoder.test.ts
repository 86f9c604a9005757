import { Prng, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { MessageDecoder, WireError, encodeMessage } from '../src/index.ts'
import { decodeAll, hex } from './bytes.ts'
import { chunksOf, concat } from './pair.ts'

function failure(bytes: string, limits = {}): WireError {
  const decoder = new MessageDecoder(limits)
  decoder.push(hex(bytes))
  try {
    while (decoder.next() !== undefined);
  } catch (error) {
    if (error instanceof WireError) return error
    throw error
  }
  throw new Error(`${bytes} is taken`)
}

describe('lengths', () => {
  test('[D01] a length of 2^32 - 1 is refused on the four length bytes', () => {
    const error = failure('ffffffff')
    expect(error).toMatchObject({ code: 'MESSAGE_TOO_LONG', blame: 'remote' })
    expect(error.message).toContain('4294967295')
  })

  test('[D01] a length of 2 MiB is refused on the four length bytes, one byte at a time too', () => {
    expect(failure('00200000').code).toBe('MESSAGE_TOO_LONG')
    const decoder = new MessageDecoder()
    const drip = (): unknown => decodeAll(decoder, chunksOf(1)(hex('00200000')))
    expect(drip).toThrow(WireError)
    expect(decoder.carryLength).toBeLessThan(65_536)
  })

  test('a limit depends on the id as soon as that is known', () => {
    expect(failure('0002000a07').code).toBe('MESSAGE_TOO_LONG')
    const decoder = new MessageDecoder()
    decoder.push(hex('0002000907'))
    expect(decoder.next()).toBeUndefined()
    expect(failure('0000001105', { bitfieldLengthMax: 15 }).code).toBe('MESSAGE_TOO_LONG')
    expect(failure('0000040014', { messageLengthMax: 1023 }).code).toBe('MESSAGE_TOO_LONG')
    expect(failure('00000400c8', { messageLengthMax: 1023 }).code).toBe('MESSAGE_TOO_LONG')
    expect(failure('0004053216').code).toBe('MESSAGE_TOO_LONG')
  })

  test.each([
    ['choke', '0000000200'],
    ['unchoke', '0000000501'],
    ['have, short', '0000000404'],
    ['have, long', '0000000604'],
    ['request', '0000000c06'],
    ['cancel', '0000000e08'],
    ['port', '0000000209'],
    ['suggest', '000000010d'],
    ['have all', '000000020e'],
    ['have none', '000000020f'],
    ['reject', '0000000110'],
    ['allowed fast', '0000000911'],
    ['piece without its numbers', '0000000807'],
    ['extended without an id', '0000000114'],
    ['hash request', '0000003015'],
    ['hash reject', '0000003217'],
    ['hashes without their range', '0000003016'],
    ['hashes of half a hash', '0000004116'],
  ])('[D06] a wrong length is refused: %s', (_, bytes) => {
    expect(failure(bytes)).toMatchObject({ code: 'MESSAGE_LENGTH_WRONG', blame: 'remote' })
  })

  test('limits are read anew for each message', () => {
    const limits = { messageLengthMax: 100, blockLengthMax: 100, bitfieldLengthMax: 1 }
    const decoder = new MessageDecoder(limits)
    limits.bitfieldLengthMax = 2
    decoder.push(hex('0000000305ffff'))
    expect(decoder.next()).toMatchObject({ type: 'bitfield' })
  })
})

describe('memory', () => {
  test('views point into the chunk when a message lies in one', () => {
    const chunk = encodeMessage({ type: 'piece', piece: 1, begin: 0, data: new Uint8Array(100) })
    const decoder = new MessageDecoder()
    decoder.push(chunk)
    const message = decoder.next()
    expect(message?.type === 'piece' && (message.data as Uint8Array).buffer).toBe(chunk.buffer)
    expect(decoder.carryLength).toBe(0)
  })

  test('the carry buffer grows with what has come, not with what was promised', () => {
    const decoder = new MessageDecoder()
    const bytes = new Uint8Array(131_085)
    bytes.set(hex('0002000907'))
    let most = 0
    for (let at = 0; at < bytes.length; at += 1000) {
      decoder.push(bytes.subarray(at, at + 1000))
      const message = decoder.next()
      const come = Math.min(at + 1000, bytes.length)
      if (message === undefined)
        expect(decoder.carryLength).toBeLessThanOrEqual(Math.max(16_397, 2 * come))
      most = Math.max(most, decoder.carryLength)
    }
    expect(most).toBeLessThanOrEqual(131_085)
    expect(most).toBeGreaterThan(100_000)
  })

  test('a large carry buffer is given back after its message', () => {
    const decoder = new MessageDecoder()
    const bytes = encodeMessage({
      type: 'piece',
      piece: 0,
      begin: 0,
      data: new Uint8Array(131_072),
    })
    decodeAll(decoder, chunksOf(4096)(bytes))
    expect(decoder.carryLength).toBe(0)
  })

  test('blocks that straddle chunks come out whole, whatever the chunk length', () => {
    const random = new Prng('straddle')
    const blocks = Array.from({ length: 6 }, (_, piece) => {
      const data = new Uint8Array(1 + random.below(20_000))
      for (let at = 0; at < data.length; at++) data[at] = random.below(256)
      return { type: 'piece', piece, begin: piece * 16_384, data } as const
    })
    const stream = concat(blocks.map((block) => encodeMessage(block)))
    for (const length of [1_448, 4_096, 16_397, 16_398, 65_536]) {
      const told = decodeAll(new MessageDecoder(), chunksOf(length)(stream))
      expect(told).toEqual(blocks.map((block) => ({ ...block, data: toHex(block.data) })))
    }
  })

  test('a Buffer as a chunk lends plain views', () => {
    const decoder = new MessageDecoder()
    decoder.push(Buffer.from('0000000305a540', 'hex'))
    const message = decoder.next()
    expect(message?.type === 'bitfield' && message.bits.constructor).toBe(Uint8Array)
  })
})

describe('unknown messages', () => {
  test('[D24] an unknown id is passed over without being kept, wherever it is cut', () => {
    const unknown = new Uint8Array(50_004)
    unknown.set(hex('0000c350c8'))
    const stream = concat([unknown, hex('0000000101')])
    const meaning = [{ type: 'unknown', id: 200, length: 50_000 }, { type: 'unchoke' }]
    for (const at of [1, 3, 4, 5, 6, 100, 50_003, 50_004, 50_006]) {
      const decoder = new MessageDecoder()
      expect(decodeAll(decoder, [stream.subarray(0, at), stream.subarray(at)])).toEqual(meaning)
      expect(decoder.carryLength).toBeLessThan(20_000)
    }
    const drip = new MessageDecoder()
    expect(decodeAll(drip, chunksOf(997)(stream))).toEqual(meaning)
    expect(drip.carryLength).toBe(0)
  })

  test('[D24] an unknown message of one byte is its id', () => {
    expect(decodeAll(new MessageDecoder(), [hex('0000000163')])).toEqual([
      { type: 'unknown', id: 0x63, length: 1 },
    ])
  })
})

test('a chunk pushed before the last one is drained is our own bug', () => {
  const decoder = new MessageDecoder()
  decoder.push(hex('0000000000000000'))
  decoder.next()
  expect(() => decoder.push(hex('00'))).toThrow('drained')
})
