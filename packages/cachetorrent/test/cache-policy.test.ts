// What a member of a site answers the engine about each link: a host that only says what it has, and peers that only speak.
import type { BencodeValue } from '@bt/bencode'
import { PieceGeometry } from '@bt/metainfo'
import { Bitfield, idBytes, type InfoHash, type PeerId, type SiteId } from '@bt/primitives'
import type { PeerHandle, PolicyHost } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { CachePolicy } from '../src/cache-policy.ts'
import { encodeIntroduction, EXTENSION_NAME } from '../src/introduction.ts'
import { REPLY_KEY } from '../src/announce-reply.ts'
import { LOCAL_LINKS, OUTSIDE_PEERS } from '../src/limits.ts'
import { siteToken } from '../src/site-token.ts'
import { plainPeer, type PlainPeer } from './peers.ts'

const HASH = '11'.repeat(20) as InfoHash
const SELF = '22'.repeat(20) as PeerId
const OURS = siteToken(HASH, 'ours')
const THEIRS = siteToken(HASH, 'theirs')
const PIECES = 4

class Seat {
  readonly have = new Bitfield(PIECES)
  readonly policy = new CachePolicy({ infoHash: HASH, site: 'ours' })
  readonly #peers: PeerHandle[] = []
  #tick = (): void => {}

  constructor(isTrackerOurs = true) {
    const host: PolicyHost = {
      now: () => 0,
      at: (_, run) => {
        this.#tick = run
        return { cancel: () => {} }
      },
      below: () => 0,
      have: this.have,
      geometry: new PieceGeometry({ pieceLength: 1, files: [{ length: PIECES }] }),
      self: { peerId: SELF, port: 6881 },
      peersMax: 40,
      peers: () => this.#peers,
      send: () => true,
      dial: () => {},
      drop: () => {},
      chokesUs: () => false,
      changed: () => {},
    }
    this.policy.attach(host)
    this.policy.announced(new Map(isTrackerOurs ? [[REPLY_KEY, replyOf(OURS)]] : []))
  }

  /** A link to a member of that site, which has these pieces. */
  links(number: number, site: SiteId, ...had: readonly number[]): PlainPeer {
    const said = encodeIntroduction({ role: 'follower', site, term: 1, upload: 0, download: 0 })
    const names = new Map<string, BencodeValue>([[EXTENSION_NAME, 20]])
    const extensions = new Map<string, BencodeValue>([
      ['m', names],
      ['ct', said],
    ])
    const peer = { ...plainPeer(number, PIECES, had), extensions }
    this.#peers.push(peer)
    this.policy.observe({ type: 'opened', peer })
    this.policy.observe({ type: 'pieces', peer })
    return peer
  }

  linksMany(count: number, site: SiteId): void {
    for (let at = 0; at < count; at++) this.links(this.#peers.length + 1, site)
  }

  dials(origin: 'tracker' | 'pex'): boolean {
    this.#tick()
    return this.policy.dial({ host: '20.0.9.9', port: 6881 }, origin) > 0
  }
}

function replyOf(site: SiteId): BencodeValue {
  const leader = { a: Uint8Array.of(20, 0, 8, 8, 0x1a, 0xe1), i: idBytes(SELF), w: 1 }
  return new Map<string, BencodeValue>([
    ['l', [new Map<string, BencodeValue>(Object.entries(leader))]],
    ['m', 1],
    ['s', idBytes(site)],
    ['t', 1],
    ['ttl', 120],
    ['v', 1],
  ])
}

describe('how soon a peer hears of a piece', () => {
  test('of our site, and a seed: at once', () => {
    const seat = new Seat()
    const here = seat.links(1, OURS, 0)
    const seed = seat.links(2, THEIRS, 0, 1, 2, 3)
    for (const piece of [0, 1]) {
      expect(seat.policy.promptHaves(here, piece)).toBe(true)
      expect(seat.policy.promptHaves(seed, piece)).toBe(true)
    }
  })

  test('of another site: as any peer does when nobody else here has it, later when somebody does', () => {
    const seat = new Seat()
    const there = seat.links(1, THEIRS)
    seat.links(2, OURS, 0)
    seat.links(3, THEIRS, 1)
    expect(seat.policy.promptHaves(there, 0)).toBe(false)
    expect(seat.policy.promptHaves(there, 1)).toBeUndefined()
    expect(seat.policy.promptHaves(there, 2)).toBeUndefined()
  })
})

describe('whom a member of a small site dials', () => {
  test('nobody that peers told of once it has its links to other sites: the tracker names its own site', () => {
    const seat = new Seat()
    seat.linksMany(1, OURS)
    seat.linksMany(OUTSIDE_PEERS - 1, THEIRS)
    expect(seat.dials('pex')).toBe(true)
    seat.linksMany(1, THEIRS)
    expect(seat.dials('pex')).toBe(false)
    expect(seat.dials('tracker')).toBe(true)
  })

  test('whom peers told of where no tracker names its site, until half of its mesh is there', () => {
    const seat = new Seat(false)
    seat.linksMany(OUTSIDE_PEERS, THEIRS)
    seat.linksMany(LOCAL_LINKS / 2 - 1, OURS)
    expect(seat.dials('pex')).toBe(true)
    seat.linksMany(1, OURS)
    expect(seat.dials('pex')).toBe(false)
  })

  test('nobody that peers told of when it has everything: whoever wants something dials it', () => {
    const seat = new Seat()
    seat.linksMany(1, OURS)
    expect(seat.dials('pex')).toBe(true)
    for (let piece = 0; piece < PIECES; piece++) seat.have.set(piece)
    expect(seat.dials('pex')).toBe(false)
    expect(seat.dials('tracker')).toBe(true)
  })
})
