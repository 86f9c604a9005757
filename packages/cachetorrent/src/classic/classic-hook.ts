// The tracker of 2018 as a hook of the shipped one (§1.1, §1.2): Join and Candidate are an announce, Neighbours and Leaders
// its answer. Answers are held back until so many have joined; then everybody gets one list of neighbours, once.
//
// Without `leaderPercent` it only draws neighbours: plain BitTorrent as measured then, or biased. Nothing is ever elected
// again, and what candidates declare is believed.

import type { Random } from '@bt/ports'
import { type Endpoint, endpointText, type InfoHash, type PeerId, Prng } from '@bt/primitives'
import type { AnnounceRequest, AnnounceResponse } from '@bt/tracker-protocol'
import type { AnnounceHook, SwarmView } from '@bt/tracker-server'
import type { SiteLookup } from '../site-map.ts'
import { electClassic } from './classic-election.ts'
import { CLASSIC_REPLY_KEY, encodeLeaders, type LeaderLists } from './leaders-reply.ts'
import { drawNeighbours } from './neighbour-draw.ts'

/** Seconds until a peer whose answer is held back asks again. */
export const HELD_SECONDS = 1
/** Distinct peers drawn for each (§1.5, `outPeers`). */
export const OUT_PEERS = 20

export interface ClassicHookOptions {
  /** The site of an address; those it does not know are one site together. */
  readonly siteOf: SiteLookup
  readonly random: Pick<Random, 'below'>
  /** Answers are held back until so many have joined; later ones are answered at once. */
  readonly joinersMin: number
  /** `OUT_PEERS` unless told. */
  readonly neighbours?: number
  /** Percent of the neighbours drawn from everyone, the others from the own site. 100 unless told: no bias. */
  readonly biasPercent?: number
  /** Percent of each site that leads; absent: no leaders. */
  readonly leaderPercent?: number
  /** Ranges of pieces that have leaders of their own (MultiTorrent). 1 unless told. */
  readonly ranges?: number
}

/** A hook for `Tracker`, in the simulator. */
export function classicHook(options: ClassicHookOptions): AnnounceHook {
  return new ClassicHook(options)
}

interface Member {
  readonly peerId: PeerId
  readonly endpoint: Endpoint
  readonly site: string
  readonly upload: number
  readonly download: number
}

/** One torrent's crowd. */
interface Crowd {
  readonly members: Map<string, Member>
  /** Per site; undefined: too few have joined. */
  leaders: Map<string, LeaderLists> | undefined
  /** What each peer's neighbours are drawn with: whoever asks again hears the same ones. */
  readonly draws: Map<string, number>
}

class ClassicHook implements AnnounceHook {
  readonly #options: ClassicHookOptions
  readonly #groups = new Map<string, number>()
  readonly #crowds = new Map<InfoHash, Crowd>()

  constructor(options: ClassicHookOptions) {
    this.#options = options
  }

  before(request: AnnounceRequest, from: Endpoint): void {
    if (request.event === 'stopped') return
    const crowd = this.#crowds.get(request.infoHash) ?? newCrowd()
    this.#crowds.set(request.infoHash, crowd)
    const member = this.#memberOf(request, from)
    crowd.members.set(endpointText(member.endpoint), member)
    const isEnough = crowd.members.size >= this.#options.joinersMin
    if (isEnough) crowd.leaders ??= this.#electAll(crowd)
  }

  group(from: Endpoint): number {
    const site = this.#siteOf(from)
    const group = this.#groups.get(site) ?? this.#groups.size
    this.#groups.set(site, group)
    return group
  }

  select(request: AnnounceRequest, from: Endpoint, swarm: SwarmView): readonly number[] {
    const asker = { host: from.host, port: request.port }
    const crowd = this.#crowds.get(request.infoHash)
    if (crowd?.leaders === undefined) return []
    const key = endpointText(asker)
    const seed = crowd.draws.get(key) ?? this.#options.random.below(2 ** 32)
    crowd.draws.set(key, seed)
    const isOther = (slot: number): boolean => !isSame(swarm.endpoint(slot), asker)
    const draw = {
      everyone: [...swarm.members()].filter(isOther),
      ownSite: [...swarm.members(this.group(from))].filter(isOther),
      count: this.#options.neighbours ?? OUT_PEERS,
      biasPercent: this.#options.biasPercent ?? 100,
    }
    return drawNeighbours(draw, new Prng(seed))
  }

  shape(request: AnnounceRequest, response: AnnounceResponse, from: Endpoint): AnnounceResponse {
    if (request.event === 'stopped') return response
    const crowd = this.#crowds.get(request.infoHash)
    if (crowd?.leaders === undefined) {
      return { ...response, intervalSeconds: HELD_SECONDS, minIntervalSeconds: HELD_SECONDS }
    }
    if (this.#options.leaderPercent === undefined) return response
    const site = this.#siteOf(from)
    // A late joiner of a site without leaders becomes its own (§1.2).
    const lists = crowd.leaders.get(site) ?? this.#elect([this.#memberOf(request, from)])
    crowd.leaders.set(site, lists)
    const extra = new Map([...(response.extra ?? []), [CLASSIC_REPLY_KEY, encodeLeaders(lists)]])
    return { ...response, extra }
  }

  #memberOf(request: AnnounceRequest, from: Endpoint): Member {
    const { peerId, port, extra } = request
    return {
      peerId,
      endpoint: { host: from.host, port },
      site: this.#siteOf(from),
      upload: rateOf(extra?.get('cc_up')),
      download: rateOf(extra?.get('cc_down')),
    }
  }

  #siteOf(from: Endpoint): string {
    return this.#options.siteOf(from.host) ?? ''
  }

  #electAll(crowd: Crowd): Map<string, LeaderLists> {
    const bySite = new Map<string, Member[]>()
    for (const member of crowd.members.values()) {
      bySite.set(member.site, [...(bySite.get(member.site) ?? []), member])
    }
    return new Map([...bySite].map(([site, members]) => [site, this.#elect(members)]))
  }

  #elect(members: readonly Member[]): LeaderLists {
    const { leaderPercent, ranges } = this.#options
    return leaderPercent === undefined ? [] : electClassic(members, leaderPercent, ranges)
  }
}

function newCrowd(): Crowd {
  return { members: new Map(), leaders: undefined, draws: new Map() }
}

function isSame(one: Endpoint, other: Endpoint): boolean {
  return one.port === other.port && one.host === other.host
}

/** Decimal bytes per second; what is malformed counts as not said. */
function rateOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0
}
