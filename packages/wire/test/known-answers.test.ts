// The external known answers of BEP 3 and BEP 10: what is valid means what they say, what is hostile ends or changes nothing.
//
// Method: each hostile case is fed to a connection in the state it names; the table says what must become of it, so a
// case that is new in the file and missing here fails.
import { Bitfield, toHex } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { type KatCase, describeVectors } from '../../../tests/support/vectors.ts'
import {
  HandshakeReader,
  type Message,
  MessageDecoder,
  type WireErrorCode,
  decodeDontHave,
  decodeExtensionHandshake,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePex,
  encodeMessage,
  readExtensionFacts,
} from '../src/index.ts'
import { hex } from './bytes.ts'
import { Pair, V2_HASH, concat } from './pair.ts'

const BLOCK = 16_384

/** The names that the file gives to message types, in ours. */
const TYPES: Readonly<Record<string, string>> = {
  suggest: 'suggest-piece',
  reject: 'reject-request',
  hash_reject: 'hash-reject',
}

/** What becomes of the connection: a code, or what the owner is told of it. */
const HOSTILE: Readonly<Record<string, WireErrorCode | readonly string[]>> = {
  'bad-len-2mib': 'MESSAGE_TOO_LONG',
  'bad-have-len-4': 'MESSAGE_LENGTH_WRONG',
  'bad-have-len-6': 'MESSAGE_LENGTH_WRONG',
  'bad-have-out-of-range': 'OUT_OF_RANGE',
  // Told as haves, each piece once: aria2 says so.
  'bad-bitfield-late': Array.from({ length: 10 }, () => 'have'),
  'bad-bitfield-empty': 'MESSAGE_LENGTH_WRONG',
  'bad-bitfield-and-have-all': 'MESSAGE_OUT_OF_TURN',
  'bad-reject-no-fast': 'MESSAGE_OUT_OF_TURN',
  'bad-reject-unrequested': [],
  'bad-request-17k': ['request'],
  'bad-request-begin-past': 'OUT_OF_RANGE',
  'bad-request-overflow': 'OUT_OF_RANGE',
  'bad-request-while-choked': [],
  'bad-request-not-have': ['request'],
  'bad-cancel-unknown': [],
  'bad-port-len-1': 'MESSAGE_LENGTH_WRONG',
  'bad-port-0': [],
  'bad-suggest-out-of-range': 'OUT_OF_RANGE',
  'bad-allowed-fast-out-of-range': 'OUT_OF_RANGE',
  'bad-hash-request-len-3': [],
  'bad-hashes-v1-only': 'MESSAGE_OUT_OF_TURN',
  'bad-hashes-bad-proof': ['hashes'],
  'bad-slowloris': [],
}
const HANDSHAKES = ['bad-pstrlen-0', 'bad-pstrlen-255', 'bad-pstr-wrong']
/** How often a flood repeats its bytes, and what becomes of it. */
const FLOODS: Readonly<Record<string, readonly [number, WireErrorCode]>> = {
  'bad-request-flood': [100_000, 'REQUEST_FLOOD'],
  'bad-allowed-fast-flood': [100_000, 'MESSAGE_FLOOD'],
  'bad-keepalive-flood': [1_000_000, 'MESSAGE_FLOOD'],
  'bad-interested-flap': [100_000, 'MESSAGE_FLOOD'],
}
/** The file gives no bytes for these; their names say what they are. */
const BUILT = ['bad-piece-longer', 'bad-piece-duplicate']

function decode(bytes: string): Message | undefined {
  const decoder = new MessageDecoder()
  decoder.push(hex(bytes))
  return decoder.next()
}

/** A pair in the state that a case names; the acceptor hears. */
function pairFor(id: string, state: { fast?: boolean; v2?: boolean } = {}): Pair {
  const side = {
    ...(state.fast === undefined ? {} : { fast: state.fast }),
    ...(state.v2 === true
      ? { admission: { answer: V2_HASH, accept: [V2_HASH], answerV2: V2_HASH } }
      : {}),
  }
  const pair = Pair.open(side, side)
  if (id !== 'bad-request-while-choked') pair.acceptor.session.unchoke()
  pair.run()
  pair.dialer.told()
  return pair
}

describeVectors('known answers of BEP 3, 6, 10 and 52', (vectors) => {
  const cases = vectors.kat('bep03-wire') as readonly (KatCase & {
    readonly hex: string
    readonly decoded: Record<string, unknown> | null
    readonly state?: { fast?: boolean; v2?: boolean; num_pieces?: number }
  })[]

  describe.each(cases.filter(({ valid }) => valid === true))(
    '$id',
    ({ id, hex: bytes, decoded }) => {
      test('means what it says and is written again', () => {
        if (decoded === null) throw new Error('a valid case has a meaning')
        if (id === 'handshake') {
          const reader = new HandshakeReader()
          reader.push(hex(bytes), 0)
          expect(reader.whole()).toEqual({
            infoHash: decoded['info_hash'],
            peerId: decoded['peer_id'],
            reserved: hex(decoded['reserved'] as string),
          })
          return
        }
        const message = decode(bytes)
        if (message === undefined) throw new Error('no message')
        expect(toHex(encodeMessage(message))).toBe(bytes)
        const type = decoded['type'] as string
        expect(message.type).toBe(TYPES[type] ?? type)
        const facts = message as unknown as Record<string, unknown>
        if ('index' in decoded) expect(facts['piece']).toBe(decoded['index'])
        for (const key of ['begin', 'length', 'port']) {
          if (key in decoded) expect(facts[key]).toBe(decoded[key])
        }
        if (message.type === 'piece')
          expect(toHex(message.data as Uint8Array)).toBe(decoded['block'])
        if (message.type === 'bitfield') {
          const pieces = new Bitfield(13, message.bits)
          const have = Array.from({ length: 13 }, (_, at) => at).filter((at) => pieces.has(at))
          expect(have).toEqual(decoded['have'])
        }
        if (message.type === 'extended') {
          expect(message.id).toBe(decoded['ext_id'])
          const read = readExtensionFacts(decodeExtensionHandshake(message.payload))
          expect({ ...read.extensions }).toEqual(decoded['m'])
          expect(read).toMatchObject({
            metadataLength: decoded['metadata_size'],
            listenPort: decoded['p'],
            requestsMax: decoded['reqq'],
            yourAddress: decoded['yourip'],
          })
        }
      })
    },
  )

  describe.each(cases.filter(({ valid }) => valid !== true))(
    '$id ($note)',
    ({ id, hex: bytes, state }) => {
      test('ends the connection or changes nothing', () => {
        if (HANDSHAKES.includes(id)) {
          expect(() => new HandshakeReader().push(hex(bytes), 0)).toThrow(
            expect.objectContaining({ code: 'NOT_BITTORRENT', blame: 'remote' }),
          )
          return
        }
        const pair = pairFor(id, state)
        const { acceptor, dialer } = pair
        if (BUILT.includes(id)) return blockCase(id)
        const flood = FLOODS[id]
        if (flood !== undefined) {
          const [count, code] = flood
          const once = hex(bytes)
          acceptor.take(concat(Array.from({ length: count }, () => once)), 0)
          expect(acceptor.error).toMatchObject({ code, blame: 'remote' })
          return
        }
        const expected = HOSTILE[id]
        if (expected === undefined) throw new Error(`what becomes of ${id} is not written down`)
        acceptor.take(hex(bytes), 0)
        if (typeof expected === 'string') {
          expect(acceptor.error).toMatchObject({ code: expected, blame: 'remote' })
          return
        }
        expect(acceptor.error).toBeUndefined()
        expect(acceptor.told().map(({ type }) => type)).toEqual(expected)
        pair.run()
        expect(dialer.told().filter(({ type }) => type === 'block')).toEqual([])
      })
    },
  )

  /** The dialer asked for a block; the bytes of the answer are not what was asked. */
  function blockCase(id: string): void {
    const pair = Pair.open()
    pair.acceptor.session.unchoke()
    pair.run()
    const { session } = pair.dialer
    session.request(1, 0, BLOCK, 0)
    pair.run()
    pair.dialer.told()
    const longer = id === 'bad-piece-longer'
    const block = encodeMessage({
      type: 'piece',
      piece: 1,
      begin: 0,
      data: new Uint8Array(longer ? BLOCK + 1 : BLOCK),
    })
    pair.dialer.take(longer ? block : concat([block, block]), 0)
    const asked = pair.dialer.told().map((event) => event.type === 'block' && event.asked)
    expect(asked).toEqual(longer ? ['never'] : ['open', 'never'])
  }
})

/** What becomes of hostile payloads: refused with a code, or read as these facts. */
const PAYLOADS: Readonly<Record<string, WireErrorCode | object>> = {
  'bad-hs-not-dict': 'MESSAGE_MALFORMED',
  'bad-hs-not-bencode': 'MESSAGE_MALFORMED',
  'bad-hs-m-list': {},
  'bad-hs-m-string-ids': { extensions: {} },
  'bad-hs-m-id-neg': { extensions: {} },
  'bad-hs-twice-change': { extensions: { ut_metadata: 9 } },
  'bad-hs-metadata-size-2g': { extensions: { ut_metadata: 3 } },
  'bad-hs-metadata-size-2p63': { extensions: { ut_metadata: 3 } },
  'bad-hs-metadata-conflict': { extensions: { ut_metadata: 3 }, metadataLength: 99_999 },
  'bad-hs-reqq-0': { extensions: {} },
  'bad-hs-reqq-huge': { extensions: {}, requestsMax: 2 ** 40 },
  'bad-hs-p-0': { extensions: {} },
  'bad-hs-p-70000': { extensions: {} },
  'bad-hs-yourip-5': { extensions: {} },
  'bad-hs-v-escape': { extensions: {}, client: '?[2Jevil?' },
  'bad-md-piece-neg': 'OUT_OF_RANGE',
  'bad-md-piece-past': 'OUT_OF_RANGE',
  'bad-md-data-size-mismatch': 'MESSAGE_LENGTH_WRONG',
  'bad-md-data-short-nonlast': 'MESSAGE_LENGTH_WRONG',
  'bad-md-valid-hash-bad-info': { type: 'data', piece: 0, totalLength: 2 },
  'bad-pex-added-len': { added: [], dropped: [] },
  'bad-pex-flags-short': { added: [], dropped: [] },
  'bad-pex-too-often': { dropped: [] },
  'bad-pex-port-0': { added: [], dropped: [] },
  'bad-pex-string-types': { added: [], dropped: [] },
  'bad-holepunch-short': 'MESSAGE_LENGTH_WRONG',
  'bad-holepunch-private-target': { type: 'rendezvous', endpoint: { host: '127.0.0.1', port: 22 } },
}

/** Judged by the session, or built from their descriptions, in tests of their own. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'bad-hs-depth': 'extension-handshake.test.ts',
  'bad-hs-v-64k': 'extension-handshake.test.ts',
  'bad-ext-empty': 'message-decoder.test.ts',
  'bad-donthave-range': 'extension-messages.test.ts',
}

function readPayload(id: string, payload: Uint8Array): unknown {
  if (id.includes('-md-') || id.startsWith('md-')) return decodeMetadataMessage(payload)
  if (id.includes('pex-')) return decodePex(payload)
  if (id.includes('holepunch-')) return decodeHolepunch(payload)
  const { extensions, ...facts } = readExtensionFacts(decodeExtensionHandshake(payload))
  return { ...facts, ...(extensions === undefined ? {} : { extensions: { ...extensions } }) }
}

describeVectors('known answers of BEP 9, 10, 11, 54 and 55', (vectors) => {
  const cases = vectors.kat('bep10-extended') as readonly (KatCase & {
    readonly payload_hex: string
    readonly decoded: Record<string, unknown>
  })[]

  describe.each(cases.filter(({ valid }) => valid === true))(
    '$id',
    ({ id, payload_hex, decoded }) => {
      test('means what it says', () => {
        const read = readPayload(id, hex(payload_hex)) as Record<string, unknown>
        if (decoded['m'] !== undefined) expect(read['extensions']).toEqual(decoded['m'])
        if (decoded['keys'] !== undefined) {
          const facts = decodeExtensionHandshake(hex(payload_hex))
          expect([...facts.keys()]).toEqual(decoded['keys'])
        }
        if (id.startsWith('md-')) {
          const message = decodeMetadataMessage(hex(payload_hex))
          if (message.type !== 'data') throw new Error('not data')
          expect(message).toMatchObject({ piece: 0, totalLength: 3425 })
          expect(message.bytes.every((byte) => byte === 0x78)).toBe(true)
        }
        if (id.startsWith('pex-')) {
          const message = decodePex(hex(payload_hex))
          const text = ({ host, port }: { host: string; port: number }): string =>
            host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
          const expected = (decoded['added'] ?? decoded['added6']) as readonly string[]
          expect(message.added.map(({ endpoint }) => text(endpoint))).toEqual(expected)
          expect(message.dropped.map(text)).toEqual(decoded['dropped'] ?? [])
          // 0x12 is a seed that was reached by dialling it.
          if (id === 'pex-v4')
            expect(message.added[1]).toMatchObject({ seed: true, reachable: true })
        }
        if (id.startsWith('holepunch-')) {
          expect(read).toMatchObject({
            type: 'connect',
            endpoint: { host: '2001:db8::1', port: 6881 },
          })
        }
      })
    },
  )

  describe.each(cases.filter(({ valid }) => valid !== true))(
    '$id ($note)',
    ({ id, payload_hex }) => {
      test('is refused or read within bounds', () => {
        if (id === 'bad-donthave-range') {
          expect(decodeDontHave(hex(payload_hex))).toBe(2 ** 32 - 1)
        }
        if (ELSEWHERE[id] !== undefined) return
        const expected = PAYLOADS[id]
        if (expected === undefined) throw new Error(`what becomes of ${id} is not written down`)
        const read = (): unknown => readPayload(id, hex(payload_hex))
        if (typeof expected === 'string') {
          expect(read).toThrow(expect.objectContaining({ code: expected, blame: 'remote' }))
        } else expect(read()).toMatchObject(expected)
      })
    },
  )
})
