// What members could make grow, or make us do: claims, questions, addresses, links that come and go.
import { Bitfield, type PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { ArbiterDesk } from '../src/arbiter-desk.ts'
import { Hearing, type HearingParts } from '../src/hearing.ts'
import { ImportDesk } from '../src/import-desk.ts'
import { CLAIMS_PER_MEMBER_MAX, CONFIRM_MS, SIGN_MS, TAKEOVER_MS } from '../src/limits.ts'
import { Neighbours } from '../src/neighbours.ts'
import { Rotation } from '../src/rotation.ts'
import { Wants } from '../src/wants.ts'
import { plainPeer, plainSource } from './peers.ts'

const PIECES = 64
const A = 'aa'.repeat(20) as PeerId
const newNeighbours = (): Neighbours =>
  new Neighbours({ ourSite: () => undefined, siteName: undefined, siteOf: undefined })

const newDesk = (): ArbiterDesk =>
  new ArbiterDesk({
    self: A,
    pieceLength: 16_384,
    claimsMax: CLAIMS_PER_MEMBER_MAX,
    claimsMaxOf: () => CLAIMS_PER_MEMBER_MAX,
    seesAll: () => true,
    leads: () => true,
    decides: () => true,
    isFirst: () => true,
    isSplit: () => true,
    isHad: () => false,
    wasHad: () => false,
    confirmLater: () => {},
    isHere: () => true,
    copiesMax: () => 1,
  })

describe('floods', () => {
  test('[M19] a leader that is asked ten thousand times keeps four claims of that member, and as many answers', () => {
    const desk = newDesk()
    const member = 'bb'.repeat(20) as PeerId
    for (let ask = 0; ask < 10_000; ask++) desk.asked({ pieces: [ask % PIECES] }, member, 0)
    expect(desk.book.openCount).toBe(CLAIMS_PER_MEMBER_MAX)
    const answers = desk.confirmed(CONFIRM_MS)
    expect([...answers.keys()]).toEqual([member])
    expect(answers.get(member)?.size).toBe(CLAIMS_PER_MEMBER_MAX)
  })

  test('[M19] nor more while it may not grant yet', () => {
    const desk = newDesk()
    const member = 'bb'.repeat(20) as PeerId
    desk.tookOver(['cc'.repeat(20) as PeerId], [], 0)
    for (let ask = 0; ask < 10_000; ask++) desk.asked({ pieces: [ask % PIECES] }, member, 1)
    expect([...desk.confirmed(TAKEOVER_MS).keys()]).toEqual([])
    expect(desk.confirmed(TAKEOVER_MS + CONFIRM_MS).get(member)?.size).toBe(CLAIMS_PER_MEMBER_MAX)
  })

  test('[M20] an address that a member names is never dialled, and asking for signs of life is answered once a second', () => {
    const neighbours = newNeighbours()
    const peer = plainPeer(1, PIECES)
    neighbours.opened(peer, 0).where = 'local'
    let now = 0
    let signs = 0
    const done: string[] = []
    const host = {
      now: () => now,
      self: { peerId: A },
      dial: () => done.push('dial'),
      changed: () => done.push('changed'),
    }
    const parts = {
      host,
      neighbours,
      leadership: { term: 1 },
      signs: { heard: () => {} },
      voice: { sign: () => signs++ },
      look: () => {},
      hasReply: () => true,
      isCached: () => true,
    }
    const hearing = new Hearing(parts as unknown as HearingParts)
    const inside = Uint8Array.of(127, 0, 0, 1, 0, 80)
    for (let time = 0; time < 1000; time++) {
      hearing.heard(peer, { kind: 'hint', address: inside, pieces: [1] })
      hearing.heard(peer, { kind: 'promise', pieces: [1] })
    }
    expect(done).toEqual([])
    for (now = 0; now < 5 * SIGN_MS; now += 10) {
      hearing.heard(peer, { kind: 'role', role: 'follower', term: 1, asks: true })
    }
    expect(signs).toBe(5)
  })

  test('[M21] nothing is kept of links that are gone', () => {
    const neighbours = newNeighbours()
    const wants = new Wants(new Bitfield(PIECES))
    const rotation = new Rotation(0, 16_384)
    for (let number = 1; number <= 1000; number++) {
      const peer = plainPeer(number % 250, PIECES, [number % PIECES])
      const isLocal = number % 2 === 0
      const neighbour = neighbours.opened(peer, number)
      if (isLocal) wants.local.look(neighbour)
      else wants.outside(neighbour)
      rotation.unchoke([peer], () => isLocal, number)
      neighbours.closed(peer)
      wants.left(neighbour)
      rotation.left(peer)
    }
    expect([...neighbours.all]).toEqual([])
    expect(neighbours.in('unknown').size).toBe(0)
    expect(wants.count).toBe(0)
    expect(rotation.unchoke([], () => true, 2000)).toEqual([])
  })

  test('[M22] a have that comes twice counts once, and a choke in the middle costs neither claim nor blame', () => {
    const wants = new Wants(new Bitfield(PIECES))
    const peer = plainPeer(1, PIECES)
    const member = plainSource(peer)
    wants.local.look(member)
    expect(wants.local.gained(member, 3)).toBe(true)
    expect(wants.local.gained(member, 3)).toBe(false)
    expect(wants.local.of(3)).toBe(1)
    const desk = new ImportDesk(PIECES, 16_384)
    desk.askedOf(5, A, 0)
    desk.granted(5, A, { reason: 'claim', term: 1 }, 0)
    desk.requested(5, peer)
    expect([...desk.debtorsOf(5)]).toEqual([peer])
    // it chokes: the request ends, the claim goes on, with whoever answers
    desk.failed(5, peer)
    expect([...desk.debtorsOf(5)]).toEqual([])
    expect(desk.holds(5)).toBe(true)
    expect(desk.may.has(5)).toBe(true)
  })
})
