// Goal: every setting is checked once, wherever it comes from, and a refusal says what, where and what instead.
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { file } from './process.ts'

describe('defaults', () => {
  test('both protocols at 6969, admin on loopback, half an hour', () => {
    expect(readConfig({}, undefined, {})).toEqual({
      http: { host: '0.0.0.0', port: 6969 },
      udp: { host: '0.0.0.0', port: 6969 },
      admin: { host: '127.0.0.1', port: 6970 },
      intervalSeconds: 1800,
      peersMax: 200,
      list: undefined,
      store: undefined,
      workers: 1,
      keepPeerIds: true,
      udpBatch: true,
      httpBatch: true,
      trustedProxies: [],
      sites: undefined,
      logLevel: 'info',
    })
  })

  test('one protocol asked for is the only one', () => {
    expect(readConfig({ udp: '[::]:1' }, undefined, {})).toMatchObject({
      http: undefined,
      udp: { host: '::', port: 1 },
    })
  })
})

test('flags win over environment, and environment over file', () => {
  const toml = file('t.toml', 'interval = 1\nmax-peers = 1\nhttp = "127.0.0.1:1"\n')
  const environment = { BT_TRACKER_INTERVAL: '2', BT_TRACKER_MAX_PEERS: '2' }
  expect(readConfig({ interval: '3' }, toml, environment)).toMatchObject({
    intervalSeconds: 3,
    peersMax: 2,
    http: { port: 1 },
  })
})

test('trusted proxies are compared as addresses, however they are written', () => {
  const environment = { BT_TRACKER_TRUST_PROXY: '::ffff:10.0.0.1, 2600:0:0::1' }
  expect(readConfig({}, undefined, environment).trustedProxies).toEqual(['10.0.0.1', '2600::1'])
})

test.each([
  [{ http: 'nonsense' }, /http is HOST:PORT/],
  [{ http: '127.0.0.1:99999' }, /http is HOST:PORT/],
  [{ interval: 'soon' }, /interval is a whole number/],
  [{ interval: '0' }, /interval is at least 1/],
  [{ interval: '86401' }, /interval is at most 86400/],
  [{ 'max-peers': '-1' }, /max-peers is a whole number/],
  [{ 'max-peers': '2001' }, /max-peers is at most 2000/],
  [{ allow: 'a', deny: 'b' }, /exclude each other/],
  [{ 'trust-proxy': ['host.example'] }, /trust-proxy is a list of addresses/],
  [{ store: 'disk' }, /store is memory, redis:/],
  [{ workers: '0' }, /workers is at least 1/],
  [{ 'peer-ids': 'some' }, /peer-ids is keep or drop/],
  [{ 'udp-batch': 'on' }, /udp-batch is auto or off/],
  [{ 'http-batch': 'on' }, /http-batch is auto or off/],
  [{ 'log-level': 'loud' }, /debug, info, warn or silent/],
])('%j is refused with a line to act on', (flags, message) => {
  expect(() => readConfig(flags, undefined, {})).toThrow(
    expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(message) }),
  )
})

test.each([
  ['interval = = 3', /cannot be read as configuration/],
  ['intervall = 3', /there is no setting named intervall/],
  ['interval = "x"', /interval is a whole number/],
])('a file with %j is refused, and named', (text, message) => {
  const path = file('bad.toml', text)
  expect(() => readConfig({}, path, {})).toThrow(message)
  expect(() => readConfig({}, path, {})).toThrow(path)
})

test('nobody is dialled back where that is switched off', () => {
  const flags = { 'site-map': 'sites', 'dial-back': 'off' }
  expect(readConfig(flags, undefined, {}).sites?.dialBack).toBe(false)
  expect(() => readConfig({ 'dial-back': 'off' }, undefined, {})).toThrow('--site-map')
})

test('a site map turns CacheTorrent on; what is about sites needs one', () => {
  expect(readConfig({}, undefined, {}).sites).toBeUndefined()
  const environment = { BT_TRACKER_SITE_MAP: 'sites', BT_TRACKER_TRUST_SITES: 'true' }
  expect(readConfig({ 'leader-percent': '20' }, undefined, environment).sites).toEqual({
    file: 'sites',
    leaderPercent: 20,
    trustLabels: true,
    dialBack: true,
  })
  expect(() => readConfig({ 'leader-percent': '20' }, undefined, {})).toThrow(/--site-map as well/)
  expect(() => readConfig({ 'leader-percent': '0' }, undefined, environment)).toThrow(/at least 1/)
})
