// Whether we are the seed that others wait for, and what follows from it: what is shown to whom, and who is unchoked.
//
// A seed is one that had everything when the first peer came. It shows its pieces site by site (origin.ts) until all of
// them were seen elsewhere; where nobody speaks of sites it shows everything at once, as any seed. Then those that its own
// site still lacks, one copy of each: shown to all at once, its members would stop importing them and ask for nothing else.
// Where the link of its site is the bottleneck and its uplink has room, its own site gets a copy of what leaves at once.

import type { PeerHandle, PolicyHost } from '@bt/swarm'
import { Hindrance } from './hindrance.ts'
import { ORIGIN_OWN_MS } from './limits.ts'
import { Origin } from './origin.ts'
import type { Turns } from './turns.ts'

/** The group of the members of our own site. */
export const OWN_SITE = 'local'

export class OriginDesk {
  readonly #host: PolicyHost
  readonly #groupOf: (peer: PeerHandle) => string
  readonly #imports: (peer: PeerHandle) => boolean
  readonly #turns: Turns
  #origin: Origin | undefined
  /** The same for our own site alone, once that costs other sites nothing. */
  #inward: Origin | undefined
  readonly #hindrance: Hindrance
  #isDecided = false
  /** All is out, and until when only our own site is served; undefined: it is not. */
  #ownUntil: number | undefined
  #isHindered = false

  /**
   * `groupOf`: the site of a peer, or something of its own; `imports`: it takes anything into it; `upload`: bytes per second that we declare; `turns`: who is
   * served now, and how many wait.
   */
  constructor(
    host: PolicyHost,
    groupOf: (peer: PeerHandle) => string,
    imports: (peer: PeerHandle) => boolean,
    upload: number,
    turns: Turns,
  ) {
    this.#turns = turns
    this.#host = host
    this.#hindrance = new Hindrance(upload)
    this.#groupOf = groupOf
    this.#imports = imports
  }

  /** Pieces are hidden from those whose turn it is not. */
  get isActive(): boolean {
    return this.#origin !== undefined
  }

  /** The link that we share with our site is too full for our first copies. */
  get isHindered(): boolean {
    return this.#isHindered
  }

  /** Other sites have every piece, or can have it of somebody else. */
  get isOut(): boolean {
    return this.#origin === undefined || this.#ownUntil !== undefined
  }

  /** Bytes left us for this peer. */
  sent(peer: PeerHandle, bytes: number): void {
    const isOwn = this.#groupOf(peer) === OWN_SITE
    this.#hindrance.sent(bytes, isOwn && this.#inward !== undefined)
    if (!isOwn) this.#origin?.leaves(bytes, this.#host.now())
  }

  isShown(piece: number, peer: PeerHandle): boolean {
    if (this.#origin === undefined || this.#origin.isShown(piece, peer)) return true
    return this.#groupOf(peer) === OWN_SITE && this.#inward?.isShown(piece, peer) === true
  }

  /** Before it is greeted. */
  opened(peer: PeerHandle): void {
    const { have } = this.#host
    if (!this.#isDecided) {
      this.#isDecided = true
      if (have.length > 0 && have.count === have.length) this.#origin = this.#newOrigin()
    }
    this.#met(peer)
  }

  /** It is where it is, or has what it has; `piece`: one more. */
  looked(peer: PeerHandle, piece?: number): void {
    if (this.#origin === undefined) return
    if (piece === undefined) this.#met(peer)
    else for (const one of this.#all) one.seen(peer, piece, this.#host.now())
    this.push()
  }

  closed(peer: PeerHandle): void {
    for (const one of this.#all) one.left(peer)
  }

  /** Looks whether more must be shown to fill the uplink. */
  look(): void {
    for (const one of this.#all) one.adapt(this.#turns.waiting)
    this.push()
  }

  /** Shows what is due. */
  push(): void {
    const origin = this.#origin
    if (origin === undefined) return
    const now = this.#host.now()
    if (now >= (this.#ownUntil ?? Number.POSITIVE_INFINITY)) return this.end()
    if (origin.isOver) return this.#ownUntil === undefined ? this.#turnInwards(now) : this.end()
    const isBacked = origin.underWayBeside(OWN_SITE) > 0
    this.#isHindered = this.#hindrance.look(isBacked, now) && this.#ownUntil === undefined
    this.#turns.isHindered = this.#isHindered
    // what is here already needs the link once more
    const passedOver = this.#isHindered ? OWN_SITE : undefined
    const hasRoom = this.#isHindered && this.#hindrance.hasRoom
    const inward = hasRoom ? this.#inwards(origin) : this.#inward
    for (const piece of this.#show(origin, now, passedOver)) inward?.add(piece)
    if (inward === undefined) return
    // Nobody outside takes anything. Otherwise what it lacks it imports: all that leaves would leave half as fast.
    const isLeft = origin.underWayBeside(OWN_SITE) === 0
    if (isLeft) inward.addAll()
    if (hasRoom || isLeft) this.#show(inward, now)
  }

  #show(origin: Origin, now: number, passedOver?: string): readonly number[] {
    const shown = origin.next(now, passedOver)
    for (const { piece, peer } of shown) this.#host.changed('reveal', peer, piece)
    return shown.map(({ piece }) => piece)
  }

  get #all(): readonly Origin[] {
    return [this.#origin, this.#inward].filter((one) => one !== undefined)
  }

  /** For our own site: what has left already, and from now on what leaves. */
  #inwards(origin: Origin): Origin {
    if (this.#inward !== undefined) return this.#inward
    const own = [...this.#host.peers()].filter((peer) => this.#groupOf(peer) === OWN_SITE)
    // what only our own site has is not out
    for (const peer of own) origin.left(peer)
    const { sent } = origin
    this.#inward = this.#newOrigin((piece) => sent.has(piece))
    for (const peer of own) this.#met(peer)
    return this.#inward
  }

  /** Every piece is out: now those that no member of our own site has. */
  #turnInwards(now: number): void {
    this.#ownUntil = now + ORIGIN_OWN_MS
    this.#origin = this.#inward ?? this.#newOrigin()
    this.#inward = undefined
    let members = 0
    for (const peer of this.#host.peers()) if (this.#met(peer)) members++
    if (members === 0) this.end()
    else this.push()
  }

  /** True: it takes part now. */
  #met(peer: PeerHandle): boolean {
    const group = this.#groupOf(peer)
    if (this.#ownUntil !== undefined && group !== OWN_SITE) return false
    // who is of our own site imports nothing by taking it from us
    if (group === OWN_SITE) (this.#inward ?? this.#origin)?.met(peer, group)
    else this.#origin?.met(peer, group, this.#imports(peer))
    return true
  }

  #newOrigin(isDue?: (piece: number) => boolean): Origin {
    const { have, geometry } = this.#host
    const below = (bound: number): number => this.#host.below(bound)
    return new Origin(have.length, geometry?.pieceLength ?? 1, below, isDue)
  }

  /** Everything is shown to everybody from now on. */
  end(): void {
    if (this.#origin === undefined) return
    this.#origin = undefined
    this.#inward = undefined
    this.#isHindered = false
    this.#turns.isHindered = false
    this.#host.changed('reveal')
    this.#host.changed('unchoke')
  }
}
