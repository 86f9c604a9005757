import { describe as group, expect, test } from 'vitest'
import { type Message, describe as line, reservedBytes } from '../src/index.ts'
import { INFO_HASH, identity } from './pair.ts'

const range = {
  piecesRoot: new Uint8Array(32).fill(0xab),
  baseLayer: 4,
  index: 8,
  length: 2,
  proofLayers: 3,
}

const LINES: readonly (readonly [string, Message])[] = [
  ['keep-alive', { type: 'keep-alive' }],
  ['have 3', { type: 'have', piece: 3 }],
  ['request 12:16384+16384', { type: 'request', piece: 12, begin: 16_384, length: 16_384 }],
  ['piece 12:16384+5', { type: 'piece', piece: 12, begin: 16_384, data: new Uint8Array(5) }],
  ['bitfield of 2 bytes, 9 set', { type: 'bitfield', bits: Uint8Array.of(0xff, 0x80) }],
  ['port 6881', { type: 'port', port: 6881 }],
  ['extended handshake, 2 bytes', { type: 'extended', id: 0, payload: new Uint8Array(2) }],
  ['extended 3, 2 bytes', { type: 'extended', id: 3, payload: new Uint8Array(2) }],
  ['hash-request abababab… layer 4 at 8+2, 3 proofs', { type: 'hash-request', range }],
  [
    'hashes abababab… layer 4 at 8+2, 3 proofs, 4 sent',
    { type: 'hashes', range, hashes: new Uint8Array(128) },
  ],
  ['unknown message 99, 7 bytes', { type: 'unknown', id: 99, length: 7 }],
]

group('a message as one line', () => {
  test.each(LINES)('%s', (text, message) => {
    expect(line(message)).toBe(text)
  })

  test('a handshake names the torrent, the client and what it can do', () => {
    const reserved = reservedBytes({ fast: true, extensions: true })
    expect(line({ ...identity('-TR4060-'), infoHash: INFO_HASH, reserved })).toBe(
      `handshake ${INFO_HASH} from Transmission 4.0.6 with extensions, fast`,
    )
  })
})
