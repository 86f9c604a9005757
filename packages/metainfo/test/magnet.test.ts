import { describe, expect, test } from 'vitest'
import {
  formatMagnet,
  type Magnet,
  magnetOf,
  MetainfoError,
  parseMagnet,
  parseMetainfo,
} from '@bt/metainfo'
import { type InfoHash, type InfoHashV2, Prng } from '@bt/primitives'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { errorClass } from './error-classes.ts'
import { infoOf, torrentOf } from './made.ts'

const V1 = 'd2354010a3ca4ade5b7427bb093a62a3899ff381' as InfoHash
const V2 = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e' as InfoHashV2
const with1 = (rest: string): Magnet => parseMagnet(`magnet:?xt=urn:btih:${V1}&${rest}`)

describe('hashes', () => {
  test('v1 is hex or base32 and v2 a multihash, in any case, alone or both', () => {
    expect(parseMagnet(`magnet:?xt=urn:btih:${V1.toUpperCase()}`).infoHashV1).toBe(V1)
    expect(parseMagnet('magnet:?xt=URN:BTIH:2i2uaefdzjfn4w3ue65qsotcuoez744b').infoHashV1).toBe(V1)
    expect(parseMagnet(`MAGNET:?xt=urn:btmh:1220${V2.toUpperCase()}`)).toEqual({
      infoHashV2: V2,
      trackers: [],
      peers: [],
      webSeeds: [],
      dhtNodes: [],
    })
    const both = parseMagnet(`magnet:?xt.1=urn:btih:${V1}&xt.2=urn%3Abtmh%3A1220${V2}`)
    expect([both.infoHashV1, both.infoHashV2]).toEqual([V1, V2])
  })

  test('of several of one version the first counts', () => {
    expect(parseMagnet(`magnet:?xt=urn:btih:${V1}&xt=urn:btih:${'0'.repeat(40)}`).infoHashV1).toBe(
      V1,
    )
  })

  test('[C01] a broken one, or none, is refused', () => {
    for (const uri of [
      '',
      'magnet:',
      'magnet:?',
      `magnet:xt=urn:btih:${V1}`,
      `https://x/?xt=urn:btih:${V1}`,
      'magnet:?dn=a',
      'magnet:?xt=urn:sha1:YNCKHTQCWBTRNJIV4WNAE52SJUQCZO5C',
      `magnet:?xt=urn:btih:${V1}0`,
      `magnet:?xt=urn:btih:${V1.slice(1)}`,
      `magnet:?xt=urn:btih:g${V1.slice(1)}`,
      `magnet:?xt=urn:btih:${V1.slice(0, 38)}%0081`,
      'magnet:?xt=urn:btih:2I2UAEFDZJFN4W3UE65QSOTCUOEZ7441',
      `magnet:?xt=urn:btmh:1220${V2.slice(2)}`,
      `magnet:?xt=urn:btmh:1221${V2}`,
      `magnet:?xt=urn:btmh:1220${V2.slice(1)}x`,
      `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220zz`,
      V1.slice(1),
      `${V1}x`,
      'ı2UAEFDZJFN4W3UE65QSOTCUOEZ744BB',
    ]) {
      expect(() => parseMagnet(uri), uri).toThrow(MetainfoError)
      expect(() => parseMagnet(uri), uri).toThrow(expect.objectContaining({ code: 'BAD_MAGNET' }))
    }
  })

  test('[C02] a link of more than a mebibyte is refused unread', () => {
    expect(() => with1('x'.repeat(2 ** 20))).toThrow(/characters, limit 1048576/)
  })
})

describe('parameters', () => {
  test('names are unescaped once, plus is a space, the first counts', () => {
    expect(with1('dn=Ubuntu+11.04+%28Final%29').name).toBe('Ubuntu 11.04 (Final)')
    expect(with1('dn=a&dn=b').name).toBe('a')
    expect(with1('dn=&dn=b').name).toBe('b')
    expect(with1('dn=%2525').name).toBe('%25')
    expect(with1('dn=100%').name).toBe('100%')
    expect(with1('dn=%zz%4').name).toBe('%zz%4')
    expect(with1('dn=%ff').name).toBe('\ufffd')
    expect(with1('dn=é%C3%A9').name).toBe('éé')
  })

  test('[C02] trackers and seeds of other schemes are dropped, repeated ones too, and there is a bound', () => {
    expect(
      with1('tr=udp%3A%2F%2Ft%3A80&tr.1=udp://t:80&tr=javascript:x&tr=http://a/?b+c').trackers,
    ).toEqual(['udp://t:80', 'http://a/?b+c'])
    expect(
      with1('ws=http://w/%2520a&as=https://s/&as=file:///etc/passwd&xs=file:///etc').webSeeds,
    ).toEqual(['http://w/%20a', 'https://s/'])
    const many = Array.from(
      { length: 1_000 },
      (_, at) => `tr=http://t${at}/&ws=http://w${at}/&x.pe=h:${at + 1}&dht=h:${at + 1}`,
    )
    const magnet = with1(many.join('&'))
    expect(
      [magnet.trackers, magnet.webSeeds, magnet.peers, magnet.dhtNodes].map((list) => list.length),
    ).toEqual([500, 200, 200, 200])
  })

  test('[C02] peers have a host and a port from 1 to 65,535', () => {
    expect(with1('x.pe=1.2.3.4:5&x.pe=[::1]:6&x.pe=host.example%3A7').peers).toEqual([
      { host: '1.2.3.4', port: 5 },
      { host: '::1', port: 6 },
      { host: 'host.example', port: 7 },
    ])
    expect(
      with1('x.pe=1.2.3.4:0&x.pe=1.2.3.4:65536&x.pe=1.2.3.4&x.pe=:5&x.pe=999.1.1.1:5').peers,
    ).toEqual([])
  })

  test('[C02] so= names files by number and range, both ends included, and is bounded', () => {
    expect(with1('so=0,2,4,6-8').select).toEqual([0, 2, 4, 6, 7, 8])
    expect(with1('so=5,1-2&so=2,0').select).toEqual([0, 1, 2, 5])
    expect(with1('so=9-3,x,-1,,1-2-3,0x1').select).toBeUndefined()
    expect(with1('so=0-4294967295').select?.length).toBe(200_000)
    expect(with1(`so=${'0-9999999999,'.repeat(50_000)}`).select?.length).toBe(200_000)
  })

  test('parameters nobody knows change nothing', () => {
    const plain = with1('')
    expect(with1('__proto__=1&constructor=2&=&&empty&xl=5&mt=x&tr&dn')).toEqual(plain)
    expect(({} as Record<string, unknown>)['1']).toBeUndefined()
  })
})

describe('writing', () => {
  test('a magnet needs a hash', () => {
    expect(() => formatMagnet({ name: 'a' })).toThrow(MetainfoError)
  })

  test('everything is escaped that could end a parameter', () => {
    const text = formatMagnet({
      infoHashV1: V1,
      name: 'a&b=c d+#é',
      trackers: ['http://t/?a=1&b=2'],
    })
    expect(text).toBe(
      `magnet:?xt=urn:btih:${V1}&dn=a%26b%3Dc%20d%2B%23%C3%A9&tr=http%3A%2F%2Ft%2F%3Fa%3D1%26b%3D2`,
    )
  })

  test('what is written is read back', () => {
    const random = new Prng('magnets')
    const some = <T>(make: (at: number) => T): T[] =>
      Array.from({ length: random.below(4) }, (_, at) => make(at))
    for (let round = 0; round < 300; round++) {
      const magnet: Magnet = {
        ...(random.below(2) === 0 ? { infoHashV1: V1 } : { infoHashV2: V2 }),
        ...(random.below(2) === 0 && {
          name: String.fromCodePoint(33 + (random.below(60_000) % 55_000), 0x1f600),
        }),
        trackers: some((at) => `http://t${at}.example/${random.below(99)}?x=%26&y=${at}`),
        peers: some((at) => ({
          host: at % 2 === 0 ? '10.0.0.1' : '::1',
          port: 1 + random.below(65_535),
        })),
        ...(random.below(2) === 0 && {
          select: [
            ...new Set(Array.from({ length: 1 + random.below(9) }, () => random.below(12))),
          ].toSorted((a, b) => a - b),
        }),
        webSeeds: some((at) => `https://w${at}/é %`.replace(' ', '%20')),
        dhtNodes: some((at) => ({ host: `n${at}.example`, port: 1 + at })),
      }
      expect(parseMagnet(formatMagnet(magnet))).toEqual(magnet)
    }
  })

  test('the magnet of a torrent names it, its trackers and its seeds', () => {
    const torrent = parseMetainfo(
      torrentOf(infoOf(), {
        'announce-list': [['http://a/'], ['http://b/']],
        'url-list': 'http://w/',
      }),
    )
    const magnet = parseMagnet(formatMagnet(magnetOf(torrent)))
    expect(magnet.infoHashV1).toBe(torrent.infoHashV1)
    expect([magnet.name, magnet.trackers, magnet.webSeeds]).toEqual([
      'file.bin',
      ['http://a/', 'http://b/'],
      ['http://w/'],
    ])
  })
})

interface Decoded {
  readonly v1?: string | null
  readonly v2?: string | null
  readonly name?: string
  readonly trackers?: readonly string[]
  readonly web_seeds?: readonly string[]
  readonly select_only?: readonly number[]
  readonly peers?: readonly string[]
  readonly dht_nodes?: readonly string[]
}

describeVectors('magnets of others', (vectors) => {
  for (const { id, uri, valid, decoded } of vectors.kat('magnet')) {
    test(`${id} is ${valid === true ? 'read' : 'refused'}`, () => {
      if (valid !== true) {
        try {
          parseMagnet(uri as string)
        } catch (error) {
          expect(errorClass(error)).toBe('MAGNET_SYNTAX')
          return
        }
        throw new Error('accepted')
      }
      const magnet = parseMagnet(uri as string)
      const facts = decoded as Decoded
      expect(magnet.infoHashV1 ?? null).toBe(facts.v1 ?? null)
      if (facts.v2 !== undefined) expect(magnet.infoHashV2 ?? null).toBe(facts.v2)
      if (facts.name !== undefined) expect(magnet.name).toBe(facts.name)
      if (facts.trackers !== undefined) expect(magnet.trackers).toEqual(facts.trackers)
      if (facts.web_seeds !== undefined) expect(magnet.webSeeds).toEqual(facts.web_seeds)
      if (facts.select_only !== undefined) expect(magnet.select).toEqual(facts.select_only)
      if (facts.peers !== undefined) expect(magnet.peers).toEqual(facts.peers)
      if (facts.dht_nodes !== undefined) {
        expect(magnet.dhtNodes.map(({ host, port }) => `${host}:${port}`)).toEqual(facts.dht_nodes)
      }
    })
  }
})
