import { readFileSync } from 'node:fs'
import { encode } from '@bt/bencode'
import { describe, expect, test } from 'vitest'
import {
  METADATA_LENGTH_MAX,
  REQUESTS_OPEN_MAX,
  REQUESTS_UNSAID,
  decodeExtensionHandshake,
  encodeMessage,
  extensionHandshake,
  readExtensionFacts,
} from '../src/index.ts'
import { EXTENSIONS_MAX } from '../src/wire-limits.ts'
import { latin1 } from './bytes.ts'
import { type End, Pair } from './pair.ts'

const { handshake } = JSON.parse(
  readFileSync(new URL('vectors/extension-messages.json', import.meta.url), 'utf8'),
) as {
  handshake: {
    text: string
    extensions: Record<string, number>
    listenPort: number
    client: string
  }
}

function read(text: string) {
  return readExtensionFacts(decodeExtensionHandshake(latin1(text)))
}

/** Bytes of an extension handshake, as the peer of `end` would send them. */
function say(end: End, facts: Parameters<typeof encode>[0]): void {
  end.take(encodeMessage({ type: 'extended', id: 0, payload: encode(facts) }), 0)
}

describe('the dictionary', () => {
  test('of the example in BEP 10 is read, and written again', () => {
    const bytes = latin1(handshake.text)
    const facts = decodeExtensionHandshake(bytes)
    const { extensions, listenPort, client } = readExtensionFacts(facts)
    expect({ listenPort, client }).toEqual({
      listenPort: handshake.listenPort,
      client: handshake.client,
    })
    expect({ ...extensions }).toEqual(handshake.extensions)
    expect(encode(facts)).toEqual(bytes)
  })

  test('goes there and back with everything in it', () => {
    const facts = {
      extensions: { ut_metadata: 3, ut_pex: 1 },
      listenPort: 6881,
      requestsMax: 250,
      client: 'bt 1.0 µ',
      yourAddress: '1.2.3.4',
      ipv4: '5.6.7.8',
      ipv6: '2001:db8::1',
      metadataLength: 31_235,
      uploadOnly: true,
    }
    const bytes = encode(extensionHandshake(facts))
    expect(readExtensionFacts(decodeExtensionHandshake(bytes))).toEqual(facts)
  })

  test('may be in any order: one with unsorted keys is read', () => {
    expect(read('d4:reqqi7e1:pi6881ee')).toEqual({ requestsMax: 7, listenPort: 6881 })
  })

  test.each([
    ['a list', 'le'],
    ['an integer', 'i1e'],
    ['garbage', '\xff\xff'],
    ['nothing', ''],
    ['2,000 dictionaries inside one another', `${'d1:a'.repeat(2000)}le${'e'.repeat(2000)}`],
    [
      'ten thousand keys',
      `d${Array.from({ length: 10_000 }, (_, at) => `6:${String(at).padStart(6, '0')}i1e`).join('')}e`,
    ],
  ])('[D17] that is %s ends the connection', (_, text) => {
    expect(() => decodeExtensionHandshake(latin1(text))).toThrow(
      expect.objectContaining({ name: 'WireError', code: 'MESSAGE_MALFORMED', blame: 'remote' }),
    )
  })

  test.each([
    ['a port of 0', 'd1:pi0ee'],
    ['a port of 70000', 'd1:pi70000ee'],
    ['a port that is text', 'd1:p4:6881e'],
    ['an address of 5 bytes', 'd6:yourip5:12345e'],
    ['an IPv6 address of 4 bytes', 'd4:ipv64:1234e'],
    ['an empty name', 'd1:v0:e'],
    ['a name that is a number', 'd1:vi1ee'],
    ['no requests at all', 'd4:reqqi0ee'],
    ['a table that is a list', 'd1:mli1ei2eee'],
  ])('[D17] with %s is read as if it said nothing of it', (_, text) => {
    expect(read(text)).toEqual({})
  })

  test.each([
    ['negative', '-1'],
    ['nothing', '0'],
    ['2 GB', '2038487152'],
    ['2^63 - 1', '9223372036854775807'],
    ['past the limit by one', String(METADATA_LENGTH_MAX + 1)],
  ])('[C03] with a metadata size of %s names no size', (_, size) => {
    expect(read(`d13:metadata_sizei${size}ee`)).toEqual({})
  })

  test('[C03] a metadata size at the limit is taken, one that is text is not', () => {
    expect(read(`d13:metadata_sizei${METADATA_LENGTH_MAX}ee`)).toEqual({
      metadataLength: METADATA_LENGTH_MAX,
    })
    expect(read('d13:metadata_size5:31235e')).toEqual({})
  })

  test('[D17] a long name is cut, control characters do not survive', () => {
    expect(read(`d1:v65000:${'x'.repeat(65_000)}e`).client).toBe('x'.repeat(64))
    expect(read('d1:v9:\x1b[2Jevil\ne').client).toBe('?[2Jevil?')
    expect(read('d1:v3:\xff\x80ae').client).toBe('ÿ?a')
  })

  test('[A06] [D17] names like __proto__ are names, and nothing is polluted', () => {
    const { extensions } = read('d1:md9:__proto__i5e11:constructori6eee')
    expect(Object.entries(extensions ?? {})).toEqual([
      ['__proto__', 5],
      ['constructor', 6],
    ])
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe('between two peers', () => {
  const ids = (extensions: Record<string, number>) => extensionHandshake({ extensions })

  test('each sends under the id that the other chose', () => {
    const pair = Pair.open()
    pair.dialer.session.sendExtensionHandshake(ids({ ut_pex: 7 }))
    pair.acceptor.session.sendExtensionHandshake(ids({ ut_pex: 9, other: 3 }))
    pair.run()
    expect(pair.dialer.told()).toMatchObject([{ type: 'extension-handshake' }])
    expect([pair.dialer.session.speaks('ut_pex'), pair.dialer.session.speaks('other')]).toEqual([
      true,
      true,
    ])
    expect(pair.acceptor.session.speaks('other')).toBe(false)
    pair.dialer.session.sendExtended('ut_pex', Uint8Array.of(1))
    pair.acceptor.session.sendExtended('ut_pex', Uint8Array.of(2))
    expect(pair.dialer.connection.takeOutput()?.chunks[0]?.[5]).toBe(9)
    expect(pair.acceptor.connection.takeOutput()?.chunks[0]?.[5]).toBe(7)
  })

  test('a payload arrives under its name', () => {
    const pair = Pair.open()
    pair.acceptor.session.sendExtensionHandshake(ids({ ut_pex: 9 }))
    pair.run()
    pair.dialer.session.sendExtended('ut_pex', Uint8Array.of(1, 2))
    pair.run()
    expect(pair.acceptor.told()).toEqual([
      { type: 'extended', name: 'ut_pex', payload: Uint8Array.of(1, 2) },
    ])
  })

  test('later handshakes add; 0 takes away; a new id replaces the old one', () => {
    const pair = Pair.open()
    const { dialer, acceptor } = pair
    acceptor.session.sendExtensionHandshake(ids({ one: 1, two: 2 }))
    acceptor.session.sendExtensionHandshake(ids({ three: 3, one: 0 }))
    acceptor.session.sendExtensionHandshake(ids({ two: 5 }))
    pair.run()
    expect(['one', 'two', 'three'].map((name) => dialer.session.speaks(name))).toEqual([
      false,
      true,
      true,
    ])
    dialer.session.sendExtended('two', Uint8Array.of(1))
    pair.run()
    expect(acceptor.told()).toMatchObject([{ type: 'extended', name: 'two' }])
    for (const id of [1, 2]) {
      acceptor.take(encodeMessage({ type: 'extended', id, payload: Uint8Array.of(1) }), 0)
    }
    expect(acceptor.told()).toEqual([])
  })

  test('[D17] ids that are no ids are passed over, the rest is taken', () => {
    const { dialer } = Pair.open()
    say(dialer, { m: { text: '3', minus: -1, big: 256, huge: 2n ** 62n, list: [], good: 255 } })
    expect(dialer.error).toBeUndefined()
    const names = ['text', 'minus', 'big', 'huge', 'list', 'good']
    expect(names.filter((name) => dialer.session.speaks(name))).toEqual(['good'])
  })

  test('[D17] the table of a peer is bounded', () => {
    const { dialer } = Pair.open()
    for (let round = 0; round < 2; round++) {
      const names = Array.from(
        { length: 200 },
        (_, at) => [`${round} ${String(at).padStart(3, '0')}`, 1] as const,
      )
      say(dialer, { m: Object.fromEntries(names) })
    }
    expect(EXTENSIONS_MAX).toBe(256)
    expect([dialer.session.speaks('1 055'), dialer.session.speaks('1 056')]).toEqual([true, false])
    say(dialer, { m: { '0 000': 0, late: 4 } })
    expect(dialer.session.speaks('late')).toBe(true)
  })

  test.each([
    ['nothing', undefined, REQUESTS_UNSAID],
    ['2000', 2000, 2000],
    ['0', 0, 1],
    ['-5', -5, 1],
    ['2^40', 2 ** 40, REQUESTS_OPEN_MAX],
    ['2^62', 2n ** 62n, REQUESTS_OPEN_MAX],
  ])('[D17] reqq of %s is believed within reason', (_, reqq, believed) => {
    const { dialer } = Pair.open()
    say(dialer, { reqq })
    expect(dialer.session.requestsOpenMax).toBe(believed)
  })

  test('without the bit on both sides it is not sent, and receiving one ends the connection', () => {
    const { dialer } = Pair.open({ extensions: false })
    dialer.session.sendExtensionHandshake(ids({ ut_pex: 1 }))
    expect(dialer.connection.takeOutput()).toBeUndefined()
    say(dialer, {})
    expect(dialer.error).toMatchObject({ code: 'MESSAGE_OUT_OF_TURN', blame: 'remote' })
  })

  test('speaking an extension that the peer does not is our bug', () => {
    const { session } = Pair.open().dialer
    expect(() => session.sendExtended('ut_pex', Uint8Array.of(1))).toThrow(
      expect.objectContaining({ blame: 'local' }),
    )
    expect(() => session.sendExtensionHandshake(ids({ ut_pex: 256 }))).toThrow('0 to 255')
  })

  test('facts are the listener’s to keep: they do not point into the chunk', () => {
    const pair = Pair.open()
    pair.acceptor.session.sendExtensionHandshake(extensionHandshake({ client: 'kept' }))
    pair.run()
    const [event] = pair.dialer.told()
    if (event?.type !== 'extension-handshake') throw new Error('no handshake was told')
    expect(readExtensionFacts(event.facts).client).toBe('kept')
  })
})
