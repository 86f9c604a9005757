import { decode, encode } from '@bt/bencode'
import { describe, expect, test } from 'vitest'
import {
  announceParameters,
  CacheTorrentError,
  declaredIn,
  decodeReply,
  encodeReply,
  type ReplyLeader,
} from '../src/index.ts'
import type { PeerId } from '@bt/primitives'
import { DEPUTIES_MAX } from '../src/limits.ts'
import { REPLY } from './fuzz-targets.ts'

describe('announce parameters', () => {
  test('say what is known and read back the same', () => {
    const declared = { site: 'Zürich', upload: 125_000, download: 0 }
    const extra = announceParameters(declared)
    expect([...extra]).toEqual([
      ['ct', '1'],
      ['ct_site', 'Zürich'],
      ['ct_up', '125000'],
    ])
    expect(declaredIn({ extra })).toEqual(declared)
  })

  test('say what was sent where nothing is declared', () => {
    const declared = { upload: 0, download: 0, sent: 90_000 }
    const extra = announceParameters(declared)
    expect(extra.get('ct_sent')).toBe('90000')
    expect(declaredIn({ extra })).toEqual(declared)
  })

  test('of a stock client say nothing, and what is malformed counts as not said', () => {
    expect(declaredIn({})).toBeUndefined()
    expect(declaredIn({ extra: new Map([['ct', '2']]) })).toBeUndefined()
    const extra = new Map([
      ['ct', '1'],
      ['ct_site', 'x'.repeat(65)],
      ['ct_up', '-3'],
      ['ct_down', '999999999999999'],
    ])
    expect(declaredIn({ extra })).toEqual({ upload: 0, download: 2 ** 40 })
  })
})

describe("the tracker's ct", () => {
  test('reads back the same, keys in the order of bencode', () => {
    const value = encodeReply(REPLY)
    expect([...(value as Map<string, unknown>).keys()]).toEqual(['l', 'm', 's', 't', 'ttl', 'v'])
    expect(decodeReply(decode(encode(value)))).toEqual(REPLY)
  })

  test('says how the site stands to the swarm where that is known, all of it or nothing', () => {
    const reply = { ...REPLY, pace: { downloaders: 20, upload: 125_000, pace: 250_000 } }
    const value = encodeReply(reply) as Map<string, unknown>
    expect([...value.keys()]).toEqual(['l', 'm', 'n', 'p', 's', 't', 'ttl', 'u', 'v'])
    expect(decodeReply(decode(encode(encodeReply(reply))))).toEqual(reply)
    value.delete('p')
    expect(decodeReply(value)).toEqual(REPLY)
  })

  test('names deputies, no more than may have to lead', () => {
    const deputies = REPLY.leaders.slice(0, 1)
    const value = encodeReply({ ...REPLY, deputies }) as Map<string, unknown>
    expect([...value.keys()][0]).toBe('d')
    expect(decodeReply(decode(encode(encodeReply({ ...REPLY, deputies }))))).toEqual({
      ...REPLY,
      deputies,
    })
    const [leader] = REPLY.leaders as [ReplyLeader]
    const many = Array.from({ length: DEPUTIES_MAX + 1 }, (_, at) => {
      return { ...leader, peerId: `${at}`.repeat(40) as PeerId }
    })
    const read = decodeReply(decode(encode(encodeReply({ ...REPLY, deputies: many }))))
    expect(read?.deputies).toEqual(many.slice(0, DEPUTIES_MAX))
  })

  test('says it to those who may not import', () => {
    const reply = { ...REPLY, importsNothing: true } as const
    const value = encodeReply(reply) as Map<string, unknown>
    expect([...value.keys()]).toEqual(['i', 'l', 'm', 's', 't', 'ttl', 'v'])
    expect(decodeReply(decode(encode(encodeReply(reply))))).toEqual(reply)
  })

  test('of another version is none, and a wrong key is named', () => {
    const dict = encodeReply(REPLY) as Map<string, unknown>
    expect(decodeReply(new Map([...dict, ['v', 2]]))).toBeUndefined()
    for (const key of ['l', 's', 't', 'ttl']) {
      const error = caught(() => decodeReply(new Map([...dict, [key, 'x']])))
      expect(error).toBeInstanceOf(CacheTorrentError)
      expect(String(error)).toContain(` ${key} `)
    }
    expect(caught(() => decodeReply(3))).toBeInstanceOf(CacheTorrentError)
  })

  test.each(['d', 'i', 'n', 'p', 'u'])(
    'without %s where that is malformed, and nothing else',
    (key) => {
      const pace = { downloaders: 3, pace: 4, upload: 5 }
      const whole = { ...REPLY, deputies: REPLY.leaders, pace, importsNothing: true } as const
      const dict = encodeReply(whole) as Map<string, unknown>
      for (const wrong of ['x', -1, [3], new Map()]) {
        const read = decodeReply(new Map([...dict, [key, wrong]]))
        const { deputies, pace: heard, importsNothing, ...rest } = read ?? {}
        expect(rest).toEqual(REPLY)
        expect([deputies, heard, importsNothing].filter((word) => word === undefined)).toHaveLength(
          1,
        )
      }
    },
  )

  test('names a leader once, and no more than sixteen', () => {
    const dict = encodeReply(REPLY) as Map<string, unknown>
    const [one] = dict.get('l') as unknown[]
    const many = Array.from({ length: 30 }, () => one)
    expect(decodeReply(new Map([...dict, ['l', many]]))?.leaders).toHaveLength(1)
  })
})

function caught(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}
