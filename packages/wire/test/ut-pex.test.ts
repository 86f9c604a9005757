import { encode } from '@bt/bencode'
import { describe, expect, test } from 'vitest'
import { PEX_PEERS_MAX, type PexPeer, decodePex, encodePex } from '../src/index.ts'
import { hex, latin1 } from './bytes.ts'

const NO_FLAGS = { encrypted: false, seed: false, utp: false, holepunch: false, reachable: false }

function peer(host: string, port: number, flags: Partial<PexPeer> = {}): PexPeer {
  return { endpoint: { host, port }, ...NO_FLAGS, ...flags }
}

test('peers of both families go there and back, with their flags', () => {
  const message = {
    added: [
      peer('1.2.3.4', 6881),
      peer('5.6.7.8', 80, { seed: true, reachable: true }),
      peer('2001:db8::1', 6881, { encrypted: true, utp: true, holepunch: true }),
    ],
    dropped: [
      { host: '9.9.9.9', port: 1 },
      { host: '2001:db8::2', port: 2 },
    ],
  }
  expect(decodePex(encodePex(message))).toEqual(message)
})

test('is written as BEP 11 has it, empty fields left out', () => {
  const bytes = encodePex({ added: [peer('1.2.3.4', 6881, { seed: true })], dropped: [] })
  expect(bytes).toEqual(latin1('d5:added6:\x01\x02\x03\x04\x1a\xe17:added.f1:\x02e'))
})

test('a name has no compact form and is left out, with its flag', () => {
  const added = [peer('peer.example', 1, { seed: true }), peer('1.2.3.4', 2)]
  expect(decodePex(encodePex({ added, dropped: [] })).added).toEqual([peer('1.2.3.4', 2)])
})

describe('[D18] hostile messages', () => {
  test('lengths that are not a multiple are as if there were nothing', () => {
    expect(
      decodePex(encode({ added: hex('0102030405'), added6: hex('01'.repeat(17)) })).added,
    ).toEqual([])
  })

  test('missing flags are no flags', () => {
    const added = hex('010203040001050607080002')
    expect(decodePex(encode({ added, 'added.f': hex('02') })).added).toEqual([
      peer('1.2.3.4', 1, { seed: true }),
      peer('5.6.7.8', 2),
    ])
  })

  test('port 0 is nobody, and flags stay with their peers', () => {
    const added = hex('010203040000050607080002')
    expect(decodePex(encode({ added, 'added.f': hex('0002') })).added).toEqual([
      peer('5.6.7.8', 2, { seed: true }),
    ])
  })

  test('fields of the wrong type are as if there were nothing', () => {
    expect(decodePex(latin1('d5:addedli1ei2ee7:droppedi5ee'))).toEqual({ added: [], dropped: [] })
  })

  test('of 5,000 peers the first hundred are taken', () => {
    const many = new Uint8Array(6 * 5000)
    for (let at = 0; at < 5000; at++) many.set([1, 2, at >> 8, at, 0, 1], 6 * at)
    const message = decodePex(
      encode({ added: many, dropped: many, added6: new Uint8Array(18).fill(1) }),
    )
    expect(message.added).toHaveLength(PEX_PEERS_MAX)
    expect(message.dropped).toHaveLength(PEX_PEERS_MAX)
    expect(message.added[99]?.endpoint.host).toBe('1.2.0.99')
  })

  test.each(['', 'le', 'i1e', 'd5:added', 'garbage'])('%j is refused', (text) => {
    expect(() => decodePex(latin1(text))).toThrow(
      expect.objectContaining({ code: 'MESSAGE_MALFORMED', blame: 'remote' }),
    )
  })
})
