// ut_metadata, upload_only, lt_donthave, ut_holepunch: payloads both ways, and the rules the session has about them.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  METADATA_LENGTH_MAX,
  METADATA_PIECE_LENGTH,
  type MetadataMessage,
  decodeDontHave,
  decodeHolepunch,
  decodeMetadataMessage,
  decodeUploadOnly,
  encodeDontHave,
  encodeHolepunch,
  encodeMetadataMessage,
  encodeUploadOnly,
  extensionHandshake,
  metadataPieceLength,
} from '../src/index.ts'
import { hex, latin1 } from './bytes.ts'
import { Pair, type Side, concat } from './pair.ts'

interface Vectors {
  readonly metadata: readonly { text: string; message: MetadataMessage }[]
  readonly metadataData: { text: string; piece: number; totalLength: number; dataLength: number }
}
const { metadata, metadataData } = JSON.parse(
  readFileSync(new URL('vectors/extension-messages.json', import.meta.url), 'utf8'),
) as Vectors

const remote = (code: string): object => expect.objectContaining({ code, blame: 'remote' })

describe('ut_metadata (BEP 9)', () => {
  test.each(metadata)('the example $text is read and written', ({ text, message }) => {
    expect(decodeMetadataMessage(latin1(text))).toEqual(message)
    if (message.type === 'unknown') throw new Error('a vector of a known kind')
    expect(encodeMetadataMessage(message)).toEqual(latin1(text))
  })

  test('the data example is read and written, its data a view', () => {
    const { text, piece, totalLength, dataLength } = metadataData
    const bytes = new Uint8Array(dataLength).fill(0x78)
    const payload = concat([latin1(text), bytes])
    const message = decodeMetadataMessage(payload)
    expect(message).toEqual({ type: 'data', piece, totalLength, bytes })
    expect(message.type === 'data' && message.bytes.buffer).toBe(payload.buffer)
    expect(encodeMetadataMessage({ type: 'data', piece, totalLength, bytes })).toEqual(payload)
  })

  test('an unknown kind is told as such', () => {
    expect(decodeMetadataMessage(latin1('d8:msg_typei7e5:piecei0ee'))).toEqual({
      type: 'unknown',
      messageType: 7,
    })
  })

  test('pieces are 16 KiB, the last one the rest', () => {
    expect([0, 1, 2, 3].map((piece) => metadataPieceLength(piece, 34_256))).toEqual([
      METADATA_PIECE_LENGTH,
      METADATA_PIECE_LENGTH,
      1488,
      0,
    ])
    expect(metadataPieceLength(1, 2 * METADATA_PIECE_LENGTH)).toBe(METADATA_PIECE_LENGTH)
  })

  test.each([
    ['piece -1', 'd8:msg_typei0e5:piecei-1ee', 'OUT_OF_RANGE'],
    ['a piece past any metadata', 'd8:msg_typei0e5:piecei2048ee', 'OUT_OF_RANGE'],
    ['no piece', 'd8:msg_typei0ee', 'MESSAGE_MALFORMED'],
    ['a piece of 2^63', 'd8:msg_typei0e5:piecei9223372036854775807ee', 'MESSAGE_MALFORMED'],
    ['no kind', 'd5:piecei0ee', 'MESSAGE_MALFORMED'],
    ['a list', 'li0ee', 'MESSAGE_MALFORMED'],
    ['nothing', '', 'MESSAGE_MALFORMED'],
    ['data without a size', 'd8:msg_typei1e5:piecei0eex', 'MESSAGE_MALFORMED'],
    [
      'more data than its size',
      'd8:msg_typei1e5:piecei0e10:total_sizei2eexxx',
      'MESSAGE_LENGTH_WRONG',
    ],
    [
      'less data than its size',
      'd8:msg_typei1e5:piecei0e10:total_sizei2eex',
      'MESSAGE_LENGTH_WRONG',
    ],
    [
      'a piece past its own size',
      'd8:msg_typei1e5:piecei1e10:total_sizei2eex',
      'MESSAGE_LENGTH_WRONG',
    ],
    ['no data', 'd8:msg_typei1e5:piecei1e10:total_sizei2ee', 'MESSAGE_LENGTH_WRONG'],
  ])('[C07] %s is refused', (_, text, code) => {
    expect(() => decodeMetadataMessage(latin1(text))).toThrow(remote(code))
  })

  test('[C03] data of metadata beyond the limit is refused', () => {
    const text = `d8:msg_typei1e5:piecei0e10:total_sizei${METADATA_LENGTH_MAX + 1}ee`
    const payload = concat([latin1(text), new Uint8Array(METADATA_PIECE_LENGTH)])
    expect(() => decodeMetadataMessage(payload)).toThrow(remote('MESSAGE_LENGTH_WRONG'))
  })
})

describe('upload_only (BEP 21)', () => {
  test('is one byte', () => {
    expect([encodeUploadOnly(true), encodeUploadOnly(false)]).toEqual([
      Uint8Array.of(1),
      Uint8Array.of(0),
    ])
    expect([decodeUploadOnly(hex('01')), decodeUploadOnly(hex('00'))]).toEqual([true, false])
    for (const bad of ['', '0100']) {
      expect(() => decodeUploadOnly(hex(bad))).toThrow(remote('MESSAGE_LENGTH_WRONG'))
    }
  })
})

describe('lt_donthave (BEP 54)', () => {
  const both = (side: Side): Pair => {
    const pair = Pair.open(side, side)
    for (const { session } of [pair.dialer, pair.acceptor]) {
      session.sendExtensionHandshake(extensionHandshake({ extensions: { lt_donthave: 7 } }))
    }
    pair.acceptor.session.unchoke()
    pair.acceptor.session.sendHave(3)
    pair.run()
    pair.dialer.told()
    pair.acceptor.told()
    return pair
  }

  test('is four bytes', () => {
    expect(encodeDontHave(0xfffefdfc)).toEqual(hex('fffefdfc'))
    expect(decodeDontHave(hex('fffefdfc'))).toBe(0xfffefdfc)
    for (const bad of ['', '000001', '0000000001']) {
      expect(() => decodeDontHave(hex(bad))).toThrow(remote('MESSAGE_LENGTH_WRONG'))
    }
  })

  test('takes the piece away, and with fast the rejects follow', () => {
    const pair = both({})
    pair.dialer.session.request(3, 0, 100, 0)
    pair.run()
    pair.acceptor.session.sendDontHave(3)
    pair.run()
    expect(pair.dialer.told()).toEqual([
      { type: 'dont-have', piece: 3 },
      { type: 'reject', piece: 3, begin: 0, length: 100, why: 'rejected' },
    ])
    expect(pair.dialer.session.peerPieces?.has(3)).toBe(false)
    expect(pair.acceptor.session.requestsFromPeer).toBe(0)
  })

  test('comes after a have of the piece that still waits for company', () => {
    const pair = both({})
    pair.acceptor.session.sendHave(5, false)
    pair.acceptor.session.sendDontHave(5)
    pair.run()
    expect(pair.dialer.told().map(({ type }) => type)).toEqual(['have', 'dont-have'])
    expect(pair.dialer.session.peerPieces?.has(5)).toBe(false)
  })

  test('without fast the requests die with it', () => {
    const pair = both({ fast: false })
    pair.dialer.session.request(3, 0, 100, 0)
    pair.dialer.session.request(4, 0, 100, 0)
    pair.run()
    pair.acceptor.session.sendDontHave(3)
    pair.run()
    expect(pair.dialer.told()).toEqual([
      { type: 'dont-have', piece: 3 },
      { type: 'reject', piece: 3, begin: 0, length: 100, why: 'rejected' },
    ])
    expect([pair.dialer.session.requestsOpen, pair.acceptor.session.requestsFromPeer]).toEqual([
      1, 1,
    ])
  })

  test('is not said to who does not speak it', () => {
    const pair = Pair.open()
    pair.acceptor.session.sendDontHave(3)
    expect(pair.acceptor.connection.takeOutput()).toBeUndefined()
  })

  test('of a piece that is not ends the connection', () => {
    const pair = both({})
    pair.acceptor.session.sendExtended('lt_donthave', hex('ffffffff'))
    pair.run()
    expect(pair.dialer.error).toMatchObject({ code: 'OUT_OF_RANGE', blame: 'remote' })
  })
})

describe('ut_holepunch (BEP 55)', () => {
  test.each([
    ['00000102030450d800000000', 'rendezvous', '1.2.3.4', 20696, 0],
    ['010120010db80000000000000000000000011ae100000000', 'connect', '2001:db8::1', 6881, 0],
    ['020001020304005000000003', 'error', '1.2.3.4', 80, 3],
  ] as const)('%s is read and written', (bytes, type, host, port, errorCode) => {
    const message = { type, endpoint: { host, port }, errorCode }
    expect(decodeHolepunch(hex(bytes))).toEqual(message)
    expect(encodeHolepunch(message)).toEqual(hex(bytes))
  })

  test('may leave out the error code', () => {
    expect(decodeHolepunch(hex('0100010203041ae1'))).toMatchObject({
      type: 'connect',
      errorCode: 0,
    })
  })

  test.each(['', '00', '00000102', '010120010db8', '00020102030400500000'])(
    '[D19] %s is refused',
    (bytes) => {
      expect(() => decodeHolepunch(hex(bytes))).toThrow(
        expect.objectContaining({ blame: 'remote' }),
      )
    },
  )

  test('[D19] an unknown kind is refused', () => {
    expect(() => decodeHolepunch(hex('030001020304005000000000'))).toThrow(
      remote('MESSAGE_MALFORMED'),
    )
  })
})
