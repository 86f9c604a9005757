// What strangers may say in `bt_cache` and in a tracker's `ct`, as targets for mutation.
import { type BencodeValue, decode, encode } from '@bt/bencode'
import type { PeerId, SiteId } from '@bt/primitives'
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import {
  type ClassicMessage,
  decodeClassic,
  decodeLeaders,
  encodeClassic,
  encodeLeaders,
} from '../src/classic/index.ts'
import { decodeWord, type ElectionWord, encodeWord } from '../src/election-words.ts'
import {
  type CacheMessage,
  type CacheReply,
  decodeMessage,
  decodeReply,
  encodeMessage,
  encodeReply,
  introductionIn,
  SiteMap,
} from '../src/index.ts'

export const PIECES = 1000
export const ID = '2d5858303030312d303132333435363738396162' as PeerId
export const SITE = '0123456789abcdef' as SiteId

/** One of each kind. */
export const MESSAGES: readonly CacheMessage[] = [
  { kind: 'role', role: 'leader', term: 3 },
  { kind: 'role', role: 'follower', term: 0, site: SITE, asks: true },
  { kind: 'role', role: 'follower', term: 3, importsNothing: true },
  { kind: 'role', role: 'follower', term: 3, steps: 2 },
  { kind: 'promise', pieces: [1, 999], expectedMs: 500 },
  { kind: 'promise', pieces: [] },
  { kind: 'unpromise', pieces: [7] },
  {
    kind: 'lease',
    term: 9,
    claims: [
      [0, ID],
      [999, ID],
    ],
    haveCount: 12,
  },
  { kind: 'lease', term: 9, claims: [], haveCount: 12, underWay: 3, yieldMs: 4000 },
  { kind: 'yield', waitMs: 6000 },
  { kind: 'leave', term: 9, claims: [[7, ID]] },
  { kind: 'hint', address: new Uint8Array([20, 0, 0, 1, 26, 225]), pieces: [3] },
  { kind: 'busy', waitMs: 3000 },
  { kind: 'claim', pieces: [5, 6, 7, 8], term: 2 },
  { kind: 'claim', pieces: [5], term: 2, renewed: true },
  { kind: 'claim', pieces: [5, 6], term: 2, spill: true },
  { kind: 'claim', pieces: [6], term: 2, renewed: true, spill: true },
  { kind: 'claim-answer', granted: [5], taken: [6], have: [7, 8], term: 2 },
  { kind: 'claim-answer', granted: [5, 9], taken: [], have: [], again: [9], term: 2 },
  { kind: 'claim-answer', granted: [5], taken: [], have: [], passedOn: true, term: 2 },
  { kind: 'claim-done', verified: [5], givenBack: [6], term: 2 },
]

export const REPLY: CacheReply = {
  leaders: [
    { endpoint: { host: '20.1.0.1', port: 6881 }, peerId: ID, weight: 16 },
    { endpoint: { host: '2600::1', port: 1 }, peerId: 'ff'.repeat(20) as PeerId, weight: 1 },
  ],
  isLeader: true,
  site: SITE,
  term: 1_800_000_000,
  ttlSeconds: 3600,
}

const WORDS: readonly ElectionWord[] = [
  {
    kind: 'elected',
    site: 'Zürich',
    elected: { term: 1_800_000_000, atSeconds: 1_800_000_000, leaders: REPLY.leaders },
  },
  {
    kind: 'elected',
    site: 'Zürich',
    map: 'ab01',
    elected: { term: 7, atSeconds: 7, leaders: [] },
  },
  { kind: 'barred', bar: { member: '20.1.0.1:6881', peerId: ID, untilSeconds: 9 } },
  { kind: 'barred', bar: { member: '[2001:db8::1]:6881', untilSeconds: 9 } },
]

const CLASSIC_MESSAGES: readonly ClassicMessage[] = [
  {
    kind: 'leader-start',
    endpoint: { host: '20.1.0.1', port: 6881 },
    peerId: ID,
    range: 1,
  },
  { kind: 'forwarded-have', pieces: [0, 17, 999] },
]

const MAP = '# offices\n10.0.0.0/8 all\n10.1.0.0/16 Zürich\n2001:db8::/32 six\n'

export const targets: Record<string, FuzzTarget> = {
  'a bt_cache message': {
    seeds: MESSAGES.map(encodeMessage),
    expects: ['CacheTorrentError'],
    run(bytes) {
      const message = decodeMessage(bytes, PIECES)
      if (message === undefined) return
      const again = decodeMessage(encodeMessage(message), PIECES)
      if (JSON.stringify(again) !== JSON.stringify(message)) throw new RangeError('it changed')
    },
  },
  "a tracker's ct": {
    seeds: [encode(encodeReply(REPLY)), encode(encodeReply({ ...REPLY, leaders: [] }))],
    expects: ['CacheTorrentError', 'BencodeError'],
    run(bytes) {
      const value = decode(bytes)
      decodeReply(value)
      introductionIn(new Map<string, BencodeValue>([['ct', value]]))
    },
  },
  'a word between trackers': {
    seeds: WORDS.map(encodeWord),
    expects: [],
    run(bytes) {
      const word = decodeWord(bytes)
      if (word === undefined) return
      const again = decodeWord(encodeWord(word))
      if (JSON.stringify(again) !== JSON.stringify(word)) throw new RangeError('it changed')
    },
  },
  'a bt_classic message': {
    seeds: CLASSIC_MESSAGES.map(encodeClassic),
    expects: ['CacheTorrentError'],
    run(bytes) {
      const message = decodeClassic(bytes, PIECES)
      if (message !== undefined) decodeClassic(encodeClassic(message), PIECES)
    },
  },
  "a tracker's cc": {
    seeds: [encode(encodeLeaders([REPLY.leaders, []]))],
    expects: ['CacheTorrentError', 'BencodeError'],
    run(bytes) {
      decodeLeaders(decode(bytes))
    },
  },
  'a site map': {
    seeds: [new TextEncoder().encode(MAP)],
    expects: ['CacheTorrentError'],
    run(bytes) {
      new SiteMap(new TextDecoder().decode(bytes)).siteOf('10.1.2.3')
    },
  },
}
