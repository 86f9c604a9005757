// CacheTorrent in a tracker: sites from a map, elections with growing terms, and who is handed out to whom.
//
// A hook of @bt/tracker-server, which knows nothing of it. The address that an announce came from decides its site; a
// label that contradicts it is no candidate. Kept per swarm and site: what the last announce of each member said.

import type { Clock, Random } from '@bt/ports'
import { type Endpoint, endpointText, type InfoHash, type PeerId } from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'
import { type AnnounceHook, PEERS_DEFAULT, PEERS_MAX } from '@bt/tracker-server'
import { announceParameters, type Declared, declaredIn } from './announce-parameters.ts'
import { encodeReply, REPLY_KEY } from './announce-reply.ts'
import { Agreement } from './agreement.ts'
import { type DialBack, DialBacks, type DialBackCounts } from './dial-backs.ts'
import { type HandOut, handOut } from './handed-out.ts'
import { FLAP_MS, PROMISE_BROKEN_MS, UNREACHED_MS } from './limits.ts'
import type { MapWatch } from './same-maps.ts'
import type { SiteLookup } from './site-map.ts'
import { type SiteMember, SiteSwarm } from './site-swarm.ts'
import { siteToken } from './site-token.ts'
import { WholeSwarm } from './whole-swarm.ts'

/** Seconds until the next announce while a site's leaders are new: its members should agree soon. */
export const SETTLING_SECONDS = 60
/** Seconds after which a member that hears of a newer term may ask again while its site is settling. */
export const SETTLING_MIN_SECONDS = 2
/** Milliseconds after a change of leaders for which its site is settling. */
export const SETTLING_MS = 120_000
/** Sites that one tracker tells apart; addresses of further ones are unmapped. */
export const SITES_MAX = 1 << 20

export interface ElectionOptions {
  /** The site of an address; undefined: unmapped, and its peers are served as by any tracker. */
  readonly siteOf: SiteLookup
  readonly clock: Clock
  readonly random: Random
  /** Of a site's members, how many may import, at least 2: the first in the order of elections. Absent: all. */
  readonly leaderPercent?: number
  /** Believe `ct_site` of addresses that `siteOf` does not know. Default false. */
  readonly trustLabels?: boolean
  /** The site of an address that neither `siteOf` nor a trusted label places, such as `prefixSite`; it contradicts no label. */
  readonly otherwise?: SiteLookup
  /** Where several trackers elect for the same swarms: which map this one goes by. */
  readonly map?: MapWatch
  /** Dials candidates; who is not there does not lead. Absent: nobody is dialled. */
  readonly dialBack?: DialBack
}

/** What there is now, over all swarms; for metrics. */
export interface ElectionCounts {
  /** Sites that have a member, each once whatever the number of its swarms. */
  readonly sites: number
  /** Leaders of all sites of all swarms. */
  readonly leaders: number
  /** Terms begun since the start. */
  readonly terms: number
  /** Candidates that were dialled back, and were there or not. */
  readonly dialled: DialBackCounts
}

export interface Election extends AnnounceHook {
  readonly counts: ElectionCounts
}

/** A hook for `Tracker`; give it to one tracker only. */
export function electionHook(options: ElectionOptions): Election {
  return new ElectionHook(options)
}

/** The name under which peers without a site are kept; sites' names are not empty. */
const UNMAPPED = ''

class ElectionHook implements Election {
  readonly #options: ElectionOptions
  /** Numbers of sites, from 1; 0 is unmapped. */
  readonly #groups = new Map<string, number>()
  readonly #swarms = new Map<InfoHash, WholeSwarm>()
  readonly #agreement: Agreement
  readonly #dialBacks: DialBacks | undefined
  /** The site of the announce under way: `before` runs first in it. */
  #site: string | undefined
  #terms = 0

  constructor(options: ElectionOptions) {
    this.#options = options
    const { dialBack, clock } = options
    this.#agreement = new Agreement(this.#swarms, clock, options.map)
    this.#dialBacks = dialBack === undefined ? undefined : new DialBacks(dialBack, clock)
  }

  get counts(): ElectionCounts {
    const sites = new Set<string>()
    let leaders = 0
    for (const ofSwarm of this.#swarms.values()) {
      for (const site of ofSwarm.sites.keys()) if (site !== UNMAPPED) sites.add(site)
      for (const swarm of ofSwarm.sites.values()) leaders += swarm.leaders.length
    }
    const dialled = this.#dialBacks?.counts ?? { reached: 0, unreached: 0 }
    return { sites: sites.size, leaders, terms: this.#terms, dialled }
  }

  before(request: AnnounceRequest, from: Endpoint): void {
    const { siteOf, trustLabels, otherwise } = this.#options
    const label = trustLabels === true ? declaredIn(request)?.site : undefined
    const site = siteOf(from.host) ?? label ?? otherwise?.(from.host)
    const isNew = site !== undefined && !this.#groups.has(site)
    this.#site = isNew && this.#groups.size >= SITES_MAX ? undefined : site
  }

  group(): number {
    const site = this.#site
    if (site === undefined) return 0
    const group = this.#groups.get(site) ?? this.#groups.size + 1
    this.#groups.set(site, group)
    return group
  }

  /** Whoever has a site is answered in `shape`, from what is kept here. */
  select(): readonly number[] | undefined {
    return this.#site === undefined ? undefined : []
  }

  shape(request: AnnounceRequest, response: AnnounceResponse, from: Endpoint): AnnounceResponse {
    const site = this.#site
    const declared = declaredIn(request)
    if (request.event === 'stopped') return response
    const swarm = this.#enter(request, from, site ?? UNMAPPED, declared)
    if (site === undefined) return response
    const importsNothing = declared !== undefined && !this.#mayImport(request, from, swarm)
    const peers = this.#handOut(request, from, swarm, importsNothing)
    if (declared === undefined) return { ...response, peers }
    const asker = { host: from.host, port: request.port }
    if (swarm.members.get(endpointText(asker))?.eligible === true)
      this.#dialBack(request.infoHash, asker)
    const now = this.#options.clock.now()
    this.#hold(request, declared, endpointText(asker), swarm)
    this.#review(request.infoHash, site, swarm, 500 * response.intervalSeconds)
    const isSettling = swarm.settledFor(now) < SETTLING_MS
    const intervalSeconds = isSettling
      ? Math.min(SETTLING_SECONDS, response.intervalSeconds)
      : response.intervalSeconds
    const least = Math.min(SETTLING_MIN_SECONDS, response.minIntervalSeconds ?? SETTLING_SECONDS)
    const { pace } = swarm
    const reply = encodeReply({
      leaders: swarm.leaders,
      isLeader: swarm.leads(request.peerId),
      deputies: swarm.deputies,
      site: siteToken(request.infoHash, site),
      term: Math.max(1, swarm.term),
      ttlSeconds: 2 * response.intervalSeconds,
      ...(pace === undefined ? {} : { pace }),
      ...(importsNothing ? { importsNothing } : {}),
    })
    return {
      ...response,
      peers,
      intervalSeconds,
      ...(isSettling ? { minIntervalSeconds: least } : {}),
      extra: new Map([...(response.extra ?? []), [REPLY_KEY, reply]]),
    }
  }

  /** A member of another tracker of the same swarms: a candidate like those that came here. */
  heard(request: AnnounceRequest, from: Endpoint): void {
    if (this.#site === undefined || request.event === 'stopped') return
    this.#enter(request, from, this.#site, declaredIn(request))
  }

  joined(tell: (infoHash: InfoHash, word: Uint8Array) => void): void {
    this.#agreement.joined(tell)
  }

  told(infoHash: InfoHash, word: Uint8Array): void {
    this.#agreement.told(infoHash, word)
  }

  recall(infoHash: InfoHash, endpoint: Endpoint): ReadonlyMap<string, string> | undefined {
    const declared = this.#swarms.get(infoHash)?.member(endpointText(endpoint))?.declared
    return declared === undefined ? undefined : announceParameters(declared)
  }

  retell(infoHash: InfoHash): void {
    this.#agreement.retell(infoHash)
  }

  gone(infoHash: InfoHash, peerId: PeerId, endpoint: Endpoint, why: 'stopped' | 'expired'): void {
    const whole = this.#swarms.get(infoHash)
    const key = endpointText(endpoint)
    const site = whole?.siteOfMember.get(key)
    const swarm = site === undefined ? undefined : whole?.sites.get(site)
    if (whole === undefined || site === undefined || swarm === undefined) return
    whole.siteOfMember.delete(key)
    whole.seeds.remove(key)
    if (why === 'expired' && swarm.leads(peerId))
      this.#agreement.bar(infoHash, { member: key, peerId }, FLAP_MS)
    swarm.remove(key)
    if (swarm.size === 0) whole.sites.remove(site)
    if (whole.sites.size === 0) this.#swarms.delete(infoHash)
  }

  #mayImport({ port }: AnnounceRequest, { host }: Endpoint, swarm: SiteSwarm): boolean {
    const { leaderPercent, clock } = this.#options
    if (leaderPercent === undefined) return true
    return swarm.mayImport(endpointText({ host, port }), leaderPercent, clock.now())
  }

  #handOut(
    request: AnnounceRequest,
    from: Endpoint,
    own: SiteSwarm,
    importsNothing: boolean,
  ): readonly SiteMember[] {
    const whole = this.#swarms.get(request.infoHash)
    const wanted = Math.min(PEERS_MAX, request.numWant ?? PEERS_DEFAULT)
    if (whole === undefined || wanted <= 0) return []
    const asker = { host: from.host, port: request.port }
    const { sites, seeds } = whole
    const what: HandOut = {
      asker,
      key: endpointText(asker),
      askerIsSeed: request.leftBytes === 0 && request.event !== 'started',
      own,
      sites,
      seeds,
      wanted,
      speaks: declaredIn(request) !== undefined,
      importsNothing,
    }
    return handOut(what, this.#options.random)
  }

  #enter(
    request: AnnounceRequest,
    from: Endpoint,
    site: string,
    declared: Declared | undefined,
  ): SiteSwarm {
    const { infoHash, peerId, port, leftBytes } = request
    const endpoint = { host: from.host, port }
    const key = endpointText(endpoint)
    const whole = this.#swarms.get(infoHash) ?? new WholeSwarm()
    this.#swarms.set(infoHash, whole)
    const { sites, seeds, siteOfMember } = whole
    const before = siteOfMember.get(key)
    if (before !== undefined && before !== site) sites.get(before)?.remove(key)
    siteOfMember.set(key, site)
    const swarm = sites.get(site) ?? new SiteSwarm(infoHash, whole.capacities)
    sites.put(site, swarm)
    const isTrue = declared?.site === undefined || this.#isHere(declared.site, from, site)
    const mayLead = declared !== undefined && declared.neverLeads !== true
    const member = {
      peerId,
      ...endpoint,
      upload: declared?.upload ?? 0,
      download: declared?.download ?? 0,
      capacity: declared?.upload || (declared?.sent ?? 0),
      eligible: mayLead && isTrue && !this.#agreement.isBarred(key, peerId),
      isSeed: leftBytes === 0,
      declared,
      isSource: swarm.members.get(key)?.isSource ?? leftBytes === 0,
    }
    swarm.put(key, member)
    if (member.isSeed) seeds.put(key, member)
    else seeds.remove(key)
    return swarm
  }

  /** A label may lead where the map says the same, or nothing. */
  #isHere(label: string, from: Endpoint, site: string): boolean {
    return this.#options.siteOf(from.host) === undefined || label === site
  }

  /** Holds an election if one is due; other trackers hear of it, and of one that stands each `everyMs`. */
  #review(infoHash: InfoHash, site: string, swarm: SiteSwarm, everyMs: number): void {
    const { clock } = this.#options
    const now = clock.now()
    const before = swarm.term
    swarm.review(now, Math.floor(clock.wallSeconds()))
    const isNew = swarm.term !== before
    if (isNew) this.#terms++
    if (isNew || now - swarm.agreedAt >= everyMs) this.#agreement.elected(infoHash, site, swarm)
  }

  /** Who serves next to nothing of what it promises leads no more, here and at the other trackers. */
  #hold(
    { infoHash, uploadedBytes }: AnnounceRequest,
    { upload }: Declared,
    member: string,
    swarm: SiteSwarm,
  ): void {
    const now = this.#options.clock.now()
    if (swarm.promises.announced(member, upload, uploadedBytes, now))
      this.#agreement.bar(infoHash, { member }, PROMISE_BROKEN_MS)
  }

  /** A candidate that cannot be reached leads no more, here and at the other trackers. */
  #dialBack(infoHash: InfoHash, { host, port }: Endpoint): void {
    const endpoint = { host, port }
    this.#dialBacks?.check(endpoint, infoHash, () =>
      this.#agreement.bar(infoHash, { member: endpointText(endpoint) }, UNREACHED_MS),
    )
  }
}
