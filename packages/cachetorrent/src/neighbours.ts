// The linked peers as CacheTorrent sees them: in our site or outside, what they said of themselves, and when last.

import type { PeerId, SiteId } from '@bt/primitives'
import type { PeerHandle } from '@bt/swarm'
import { introductionIn, speaksCache } from './introduction.ts'
import { INTRODUCTION_MS } from './limits.ts'
import type { Role } from './messages.ts'
import type { SiteLookup } from './site-map.ts'
import type { Source } from './wants.ts'

/** 'unknown': it has said nothing yet, and may. */
export type Where = 'unknown' | 'local' | 'outside'

export interface Neighbour extends Source {
  readonly openedAt: number
  where: Where
  speaks: boolean
  /** As it says. */
  site: SiteId | undefined
  role: Role
  term: number
  upload: number
  neverLeads: boolean
  /** It may not import: what only it is shown comes to no site. */
  importsNothing: boolean
  /** Through how many others it asks until a leader is asked, as it says; 0: it sees one. */
  steps: number
  /** When it last said or sent anything, or was met. */
  signAt: number
  /** Since when it owes us a sign of life, and when we last asked. */
  askedAt: number | undefined
  askedAgainAt: number
  /** When it last sent bytes of a piece, or was met. */
  deliveredAt: number
  /** Since when it shows more than we have. */
  moreSince: number | undefined
  /** When it was last told that we live because it asked. */
  answeredAt: number
  /** How often in a row it let us wait. */
  heldUps: number
  /** Until when we do not count on what was asked of it. */
  heldUpUntil: number
  /** Without a sign of life: what it has does not count. */
  isSilent: boolean
  /** It said that others are to be asked meanwhile. */
  isBusy: boolean
  /** It said that it leaves. */
  isLeaving: boolean
  /** Which version of what we say about ourselves it was told. */
  told: number
  /** When it last had something that the site lacks. */
  usefulAt: number
  /** Interest that we declare although nothing may be asked. */
  interested: boolean
}

export interface NeighboursParts {
  readonly ourSite: () => SiteId | undefined
  /** The site's own name and a map, where the user gave them: they find stock clients of our site, and liars. */
  readonly siteName: string | undefined
  readonly siteOf: SiteLookup | undefined
}

export class Neighbours {
  readonly #parts: NeighboursParts
  readonly #all = new Set<Neighbour>()
  readonly #named = new Map<PeerId, Neighbour>()
  readonly #in: Readonly<Record<Where, Set<Neighbour>>> = {
    unknown: new Set(),
    local: new Set(),
    outside: new Set(),
  }

  constructor(parts: NeighboursParts) {
    this.#parts = parts
  }

  get all(): Iterable<Neighbour> {
    return this.#all
  }

  get size(): number {
    return this.#all.size
  }

  in(where: Where): ReadonlySet<Neighbour> {
    return this.#in[where]
  }

  /** Nobody else of our site is linked. */
  get isAlone(): boolean {
    return this.#in.local.size === 0
  }

  named(peerId: PeerId): Neighbour | undefined {
    return this.#named.get(peerId)
  }

  of(peer: PeerHandle): Neighbour | undefined {
    return peer.note as Neighbour | undefined
  }

  opened(peer: PeerHandle, now: number): Neighbour {
    const neighbour: Neighbour = {
      peer,
      counted: undefined,
      wanted: 0,
      openedAt: now,
      where: 'unknown',
      speaks: false,
      site: undefined,
      role: 'undecided',
      term: 0,
      upload: 0,
      neverLeads: false,
      importsNothing: false,
      steps: 0,
      signAt: now,
      askedAt: undefined,
      askedAgainAt: Number.NEGATIVE_INFINITY,
      deliveredAt: now,
      moreSince: undefined,
      answeredAt: Number.NEGATIVE_INFINITY,
      heldUps: 0,
      heldUpUntil: Number.NEGATIVE_INFINITY,
      isSilent: false,
      isBusy: false,
      isLeaving: false,
      told: 0,
      usefulAt: Number.NEGATIVE_INFINITY,
      interested: false,
    }
    peer.note = neighbour
    this.#all.add(neighbour)
    this.#named.set(peer.peerId, neighbour)
    this.#in.unknown.add(neighbour)
    return neighbour
  }

  closed(peer: PeerHandle): void {
    const neighbour = this.of(peer)
    if (neighbour === undefined) return
    peer.note = undefined
    this.#all.delete(neighbour)
    this.#in[neighbour.where].delete(neighbour)
    if (this.#named.get(peer.peerId) === neighbour) this.#named.delete(peer.peerId)
  }

  /** Takes in its handshakes and decides where it is; true: that changed. */
  look(neighbour: Neighbour, now: number): boolean {
    const { peer } = neighbour
    if (!neighbour.speaks && speaksCache(peer.extensions) && peer.fast) {
      neighbour.speaks = true
      const said = introductionIn(peer.extensions)
      if (said !== undefined) {
        neighbour.site ??= said.site
        neighbour.upload = said.upload
        neighbour.neverLeads = said.neverLeads === true
        neighbour.importsNothing = said.importsNothing === true
        if (neighbour.role === 'undecided') neighbour.role = said.role
        neighbour.term = Math.max(neighbour.term, said.term)
      }
    }
    const where = this.#where(neighbour, now)
    if (where === neighbour.where) return false
    this.#in[neighbour.where].delete(neighbour)
    this.#in[where].add(neighbour)
    neighbour.where = where
    return true
  }

  #where(neighbour: Neighbour, now: number): Where {
    const { ourSite, siteName, siteOf } = this.#parts
    const mapped = siteOf?.(neighbour.peer.endpoint.host)
    const site = ourSite()
    if (mapped !== undefined && siteName !== undefined && site !== undefined) {
      return mapped === siteName ? 'local' : 'outside'
    }
    if (neighbour.speaks && neighbour.site !== undefined && site !== undefined) {
      return neighbour.site === site ? 'local' : 'outside'
    }
    return now - neighbour.openedAt < INTRODUCTION_MS ? 'unknown' : 'outside'
  }
}
