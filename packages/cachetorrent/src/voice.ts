// What we say to neighbours by ourselves: who we are, and, while we lead, what we granted.

import type { PeerId, SiteId } from '@bt/primitives'
import type { PolicyHost } from '@bt/swarm'
import type { ArbiterDesk, Verdict } from './arbiter-desk.ts'
import type { ImportLimit } from './import-limit.ts'
import { EXTENSION_NAME } from './introduction.ts'
import type { Leadership } from './leadership.ts'
import { LEASE_MS, YIELD_MS, YIELD_SAID_MS } from './limits.ts'
import { type CacheMessage, encodeMessage, type Role } from './messages.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'
import type { Yielding } from './yielding.ts'

export interface VoiceParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly arbiter: ArbiterDesk
  readonly yielding: Yielding
  readonly role: () => Role
  readonly site: () => SiteId | undefined
  readonly limit: Pick<ImportLimit, 'mayImport'>
}

const NOTHING = new Uint8Array(0)

type Said = Extract<CacheMessage, { readonly kind: 'role' }>

export class Voice {
  readonly #parts: VoiceParts
  #leaseAt = 0
  #yieldAt = Number.NEGATIVE_INFINITY
  #version = 0
  /** What we last said of ourselves, or are about to; and as it goes out, with and without a question. */
  #said: Said | undefined
  #word: Uint8Array = NOTHING
  #question: Uint8Array = NOTHING

  constructor(parts: VoiceParts) {
    this.#parts = parts
  }

  /** False: it is not linked, or cannot hear us now. */
  tell(to: PeerId, message: CacheMessage): boolean {
    const neighbour = this.#parts.neighbours.named(to)
    return neighbour !== undefined && this.#send(neighbour, message)
  }

  /** What was decided about the pieces that a member asked for. */
  answer(asker: PeerId, verdicts: ReadonlyMap<number, Verdict>, passedOn = false): void {
    const which = (verdict: Verdict): number[] =>
      [...verdicts].filter(([, one]) => one === verdict).map(([piece]) => piece)
    const { term } = this.#parts.leadership
    const again = which('again')
    this.tell(asker, {
      kind: 'claim-answer',
      granted: [...which('granted'), ...again],
      taken: which('taken'),
      have: which('have'),
      ...(again.length === 0 ? {} : { again }),
      ...(passedOn ? { passedOn } : {}),
      term,
    })
  }

  /** Tells everybody who speaks it our site, role and term, once for each change. */
  introduce(): void {
    if (this.#parts.site() === undefined) return
    this.#look()
    for (const neighbour of this.#parts.neighbours.all) {
      if (neighbour.told === this.#version || !neighbour.speaks) continue
      if (this.#pass(neighbour, this.#word)) neighbour.told = this.#version
    }
  }

  /** A sign of life, or a question for one. */
  sign(to: Neighbour, asks: boolean): boolean {
    this.#look()
    return this.#pass(to, asks ? this.#question : this.#word)
  }

  /** A sign of life to all of the site, every 2 s; what is granted only leaders need to know. */
  lease(now: number): void {
    if (this.#parts.role() !== 'leader' || now - this.#leaseAt < LEASE_MS) return
    this.#leaseAt = now
    const whole = this.#lease(this.#parts.arbiter.lease(now))
    const sign = this.#lease([])
    for (const neighbour of this.#parts.neighbours.in('local')) {
      this.#pass(neighbour, this.#isLeader(neighbour) ? whole : sign)
    }
  }

  /** We leave: to all of the site, whose leaders go on with what we granted. */
  leave(now: number): void {
    const { role, arbiter, leadership, neighbours } = this.#parts
    const claims = role() === 'leader' ? arbiter.lease(now) : []
    const message = encodeMessage({ kind: 'leave', term: leadership.term, claims })
    for (const neighbour of neighbours.in('local')) this.#pass(neighbour, message)
  }

  /** We granted something: the other leaders hear of it before they are asked for the same. */
  leaseToLeaders(): void {
    this.leaseTo([...this.#parts.neighbours.in('local')].filter((one) => this.#isLeader(one)))
  }

  leaseTo(to: readonly Neighbour[]): void {
    if (this.#parts.role() !== 'leader' || to.length === 0) return
    const whole = this.#lease(this.#parts.arbiter.lease(this.#parts.host.now()))
    for (const neighbour of to) this.#pass(neighbour, whole)
  }

  /** Our first copies are out: nobody whom we asked to need yield any more. */
  endYielding(now: number): void {
    const { yielding, neighbours } = this.#parts
    if (now - this.#yieldAt >= YIELD_MS) return
    this.#yieldAt = Number.NEGATIVE_INFINITY
    yielding.isOver(now)
    const message = encodeMessage({ kind: 'yield', waitMs: 0 })
    for (const neighbour of neighbours.in('local')) this.#pass(neighbour, message)
  }

  /** Our first copies are held up: the others of the site are to leave the link to us for a while. */
  askToYield(now: number): void {
    if (now - this.#yieldAt < YIELD_SAID_MS) return
    this.#yieldAt = now
    this.#parts.yielding.asked(YIELD_MS, now)
    const message = encodeMessage({ kind: 'yield', waitMs: YIELD_MS })
    for (const neighbour of this.#parts.neighbours.in('local')) this.#pass(neighbour, message)
  }

  #role(site: SiteId | undefined): Said {
    const { role, leadership, limit } = this.#parts
    return {
      kind: 'role',
      role: role(),
      term: leadership.term,
      ...(site === undefined ? {} : { site }),
      ...(limit.mayImport ? {} : { importsNothing: true }),
      ...(leadership.steps > 0 ? { steps: leadership.steps } : {}),
    }
  }

  /** Where we say of ourselves what we said before, the same bytes go out: signs of life are most of what is said. */
  #look(): void {
    const said = this.#role(this.#parts.site())
    if (this.#said !== undefined && isSame(this.#said, said)) return
    this.#said = said
    this.#word = encodeMessage(said)
    this.#question = encodeMessage({ ...said, asks: true })
    this.#version++
  }

  /** As we see it, or as it says. */
  #isLeader({ peer, role }: Neighbour): boolean {
    return role === 'leader' || this.#parts.leadership.leads(peer.peerId)
  }

  #lease(claims: readonly (readonly [number, PeerId])[]): Uint8Array {
    const { leadership, host, yielding, arbiter } = this.#parts
    const { term } = leadership
    const underWay = arbiter.book.inGoodHands
    const now = host.now()
    const yieldMs = Math.round(yielding.leftMs(now))
    return encodeMessage({
      kind: 'lease',
      term,
      claims,
      haveCount: host.have.count,
      ...(underWay > 0 ? { underWay } : {}),
      ...(yieldMs > 0 || yielding.wasAsked(now) ? { yieldMs } : {}),
    })
  }

  #send(to: Neighbour, message: CacheMessage): boolean {
    return to.speaks && this.#pass(to, encodeMessage(message))
  }

  #pass(to: Neighbour, payload: Uint8Array): boolean {
    return to.speaks && this.#parts.host.send(to.peer, EXTENSION_NAME, payload)
  }
}

function isSame(one: Said, other: Said): boolean {
  return (
    one.site === other.site &&
    one.role === other.role &&
    one.term === other.term &&
    one.importsNothing === other.importsNothing &&
    one.steps === other.steps
  )
}
