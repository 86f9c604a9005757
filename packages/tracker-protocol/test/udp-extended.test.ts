// Goal: an announce's answer with words of extensions over UDP. Oracle: a packet written by hand, and the body of HTTP.
import { describe, expect, test } from 'vitest'
import {
  encodeAnnounceBody,
  encodeFailure,
  encodeUdpExtended,
  parseUdpResponse,
  UDP_ACTION,
  UDP_EXTENDED_LENGTH_MAX,
  wantsExtended,
} from '../src/index.ts'
import { ascii, hex } from './bytes.ts'

const EXTRA = new Map([['ct', new Map([['v', 1]])]])
const RESPONSE = {
  intervalSeconds: 60,
  complete: 1,
  incomplete: 2,
  peers: [{ host: '1.2.3.4', port: 6881 }],
  extra: EXTRA,
}
/** Action 0x6374, transaction 7, and a dictionary with sorted keys. */
const PACKET = Uint8Array.from([
  ...hex('0000637400000007'),
  ...ascii('d8:completei1e10:incompletei2e2:ctd1:vi1ee8:intervali60e5:peers6:'),
  ...hex('010203041ae1'),
  ...ascii('e'),
])
const sortedKeys = (): Uint8Array => {
  // `ct` stands between `complete` and `incomplete`.
  const text = 'd8:completei1e2:ctd1:vi1ee10:incompletei2e8:intervali60e5:peers6:'
  return Uint8Array.from([...hex('0000637400000007'), ...ascii(text), ...hex('010203041ae1'), 0x65])
}

describe('an extended answer', () => {
  test('is action 0x6374, the transaction id, and the dictionary of HTTP', () => {
    expect(UDP_ACTION.extended).toBe(0x6374)
    expect(encodeUdpExtended(7, RESPONSE)).toEqual(sortedKeys())
    expect(encodeUdpExtended(7, RESPONSE)?.subarray(8)).toEqual(encodeAnnounceBody(RESPONSE))
  })

  test('is read as an announce, whatever the order of its keys', () => {
    for (const packet of [PACKET, sortedKeys()]) {
      expect(parseUdpResponse(packet, 6)).toEqual({
        action: 'announce',
        transactionId: 7,
        response: RESPONSE,
      })
    }
  })

  test('is none where there is no word of an extension', () => {
    const { extra: _, ...common } = RESPONSE
    expect(encodeUdpExtended(7, common)).toBeUndefined()
    expect(encodeUdpExtended(7, { ...common, extra: new Map() })).toBeUndefined()
  })

  test('is for clients that say ct=1', () => {
    expect(wantsExtended({ extra: new Map([['ct', '1']]) })).toBe(true)
    expect(wantsExtended({ extra: new Map([['ct', '2']]) })).toBe(false)
    expect(wantsExtended({})).toBe(false)
  })

  test.each([150, 200, 2000])(
    'of %i peers keeps 1,400 bytes: peers are thinned out evenly',
    (count) => {
      const peers = Array.from({ length: count }, (_, at) =>
        at % 2 === 0
          ? { host: `10.0.${at >> 8}.${at & 255}`, port: 1 + at }
          : { host: `2001:db8::${at.toString(16)}`, port: 1 + at },
      )
      const packet = encodeUdpExtended(7, { ...RESPONSE, peers }) as Uint8Array
      expect(packet.length).toBeLessThanOrEqual(UDP_EXTENDED_LENGTH_MAX)
      expect(packet.length).toBeGreaterThan(UDP_EXTENDED_LENGTH_MAX - 100)
      const parsed = parseUdpResponse(packet, 6)
      if (parsed.action !== 'announce') throw new Error(parsed.action)
      expect(parsed.response.extra).toEqual(EXTRA)
      const ports = parsed.response.peers.map(({ port }) => port)
      expect(Math.min(...ports)).toBeLessThan(0.1 * count)
      expect(Math.max(...ports)).toBeGreaterThan(0.9 * count)
      expect(new Set(ports).size).toBe(ports.length)
    },
  )

  test('is none when it does not fit without any peer', () => {
    const extra = new Map([['ct', new Uint8Array(UDP_EXTENDED_LENGTH_MAX)]])
    expect(encodeUdpExtended(7, { ...RESPONSE, extra })).toBeUndefined()
  })

  test('may be a refusal, and is refused when it is no dictionary', () => {
    const head = hex('0000637400000007')
    const refusal = Uint8Array.from([...head, ...encodeFailure('go away')])
    expect(parseUdpResponse(refusal, 6)).toMatchObject({ response: { failure: 'go away' } })
    for (const body of ['', 'i1e', 'd', 'd5:peers5:abcdee'])
      expect(() => parseUdpResponse(Uint8Array.from([...head, ...ascii(body)]), 6)).toThrow()
  })
})
