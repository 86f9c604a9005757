// What a scenario says: who is where, how fast, what they want, what goes wrong and when. Data, read from JSON.
//
// Lengths are bytes, rates bytes per second, `…Seconds` seconds and `…Ms` milliseconds of virtual time. Everything that
// is drawn (sizes of sites, classes of hosts, times of joins) is drawn from the seed of the run.

/** How far apart hosts are, one way. */
export type Latency =
  /** The same between any two hosts. */
  | { readonly kind: 'equal'; readonly ms: number }
  | { readonly kind: 'two-level'; readonly insideMs: number; readonly betweenMs: number }
  /** Each site is somewhere else: `betweenMs` on average, from a third of it to nearly twice as much. */
  | { readonly kind: 'transit-stub'; readonly insideMs: number; readonly betweenMs: number }

/** Sites of one kind. */
export interface SiteGroup {
  /** How many sites. */
  readonly count: number
  /** Hosts of each, the seed counted where it lives; or, instead, `peers` of them all with `sizes`. */
  readonly hosts?: number
  readonly peers?: number
  /** 'random': each host's site is equally likely; 'zipf': the n-th site has a share of 1/n; at least one host each. */
  readonly sizes?: 'random' | 'zipf'
  /** Capacity of the link that the site shares, out and in; absent: no limit. */
  readonly linkUpload?: number
  readonly linkDownload?: number
  /** Percent of what the class says that hosts here can upload; 100 unless given. */
  readonly uploadPercent?: number
}

/** Hosts of one kind; each host's class is drawn so that the shares come out exactly. */
export interface HostClass {
  readonly name: string
  /** Its weight among all classes. */
  readonly share: number
  readonly upload: number
  readonly download: number
  /** The scheme that hosts of this class speak whatever the run's is: 'bittorrent' makes stock clients. */
  readonly scheme?: string
}

export interface Seeds {
  readonly count: number
  readonly upload: number
  readonly download: number
  /** 'first': all in the first site; 'spread': one site after the other. They count among the hosts of their sites. */
  readonly where: 'first' | 'spread'
}

export interface NeighbourRules {
  /** Peers that the tracker names, once, and that a peer dials. */
  readonly out: number
  /** Connections of a peer. */
  readonly max: number
  /** The tracker answers nobody before the whole first crowd has announced. */
  readonly held: boolean
}

/** When hosts begin; each host joins with the first entry that names its site, or names none. */
export type Join =
  | {
      readonly kind: 'flash'
      /** All within so long, evenly at random. */
      readonly withinSeconds: number
      readonly atSeconds?: number
      /** Numbers of sites, from 0. */
      readonly sites?: readonly number[]
    }
  | {
      readonly kind: 'poisson'
      readonly perSecond: number
      readonly atSeconds?: number
      readonly sites?: readonly number[]
    }

/** When something happens: at a time, or when so much of all that is wanted is there (0 … 1). */
export type When = { readonly seconds: number } | { readonly progress: number }

export type Fault =
  /** Power cuts. `count` in each of the sites, all of them when absent. */
  | {
      readonly kind: 'crash'
      readonly who: 'leaders' | 'importers' | 'members'
      readonly count?: number
      readonly sites?: readonly number[]
      readonly when: When
      /** They come back after so long, with what their disk kept. */
      readonly restartSeconds?: number
    }
  | { readonly kind: 'crash-tracker'; readonly when: When; readonly restartSeconds?: number }
  /** These sites see one another and nobody else. */
  | {
      readonly kind: 'partition'
      readonly sites: readonly number[]
      readonly forSeconds: number
      readonly when: When
    }
  /** Of all members that have joined, so many percent a minute leave without a word, and come back. */
  | {
      readonly kind: 'churn'
      readonly percentPerMinute: number
      readonly awaySeconds: number
      readonly when: When
      readonly forSeconds: number
    }

/** Members that are not what they should be. None of them is a seed. */
export interface Actor {
  /**
   * 'wrong-site' names another site than its own; 'false-capacity' declares a hundredfold upload; 'corrupt' serves
   * pieces with wrong bytes; 'stalling' claims pieces and does not fetch them; 'slow-disk' writes at `bytesPerSecond`.
   */
  readonly kind: 'wrong-site' | 'false-capacity' | 'corrupt' | 'stalling' | 'slow-disk'
  /** How many in all, in sites drawn at random; or in each site. */
  readonly count: number
  readonly perSite: boolean
  readonly bytesPerSecond?: number
}

export interface Scenario {
  readonly name: string
  readonly description: string
  readonly pieces: number
  readonly pieceLength: number
  /** Of the fast profile: what is requested at a time; 1 is a whole piece. */
  readonly blocksPerPiece: number
  readonly sites: readonly SiteGroup[]
  readonly latency: Latency
  readonly classes: readonly HostClass[]
  readonly seeds: Seeds
  readonly neighbours: NeighbourRules
  readonly joins: readonly Join[]
  readonly faults: readonly Fault[]
  readonly actors: readonly Actor[]
  /** Of the members that are no seeds, in percent: those who leave in order as soon as they have everything. */
  readonly leavesPercent?: number
  /** Share of datagrams lost, in percent. */
  readonly datagramLossPercent: number
  /** Share of dials that fail, in percent. */
  readonly dialFailurePercent: number
  /** A run that is not over by then has failed. */
  readonly limitSeconds: number
}
