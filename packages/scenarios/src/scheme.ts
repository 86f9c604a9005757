// What a scheme is: how the peers and the tracker of a run are made of shipped parts.

import type { InfoHash, Prng } from '@bt/primitives'
import type { Clock } from '@bt/ports'
import type { SwarmLimits, SwarmPolicy, TorrentOptions } from '@bt/swarm'
import type { AnnounceHook } from '@bt/tracker-server'
import type { Layout, PeerPlan } from './layout.ts'
import type { Scenario } from './scenario.ts'

export interface SettingSpec {
  readonly default: number
  readonly description: string
}

/** Numbers by name: those of the scheme, as given or by default. */
export type Settings = Readonly<Record<string, number>>

/** What a scheme is told about the whole run. */
export interface SchemeFacts {
  readonly scenario: Scenario
  readonly layout: Layout
  readonly settings: Settings
  /** Number of the site of an address; undefined: it is in none (the tracker). */
  readonly siteOf: (host: string) => number | undefined
  /** One for each part of the content, see `Scheme.parts`. */
  readonly infoHashes: readonly InfoHash[]
  /** Of the tracker. */
  readonly clock: Clock
  readonly random: Prng
}

/** What a scheme is told about one peer: asked again for each part of the content, and for each life of the host. */
export interface PeerFacts {
  readonly plan: PeerPlan
  /** What its site is called. */
  readonly siteName: string
  readonly infoHash: InfoHash
  /** From 0. */
  readonly part: number
}

/** A claim that a peer holds. */
export interface OpenClaim {
  readonly piece: number
  readonly reason: string
  /** Virtual time of the grant. */
  readonly sinceMs: number
  /** In which it was granted. */
  readonly term: number
}

/** How one peer takes part in one torrent. */
export interface SchemePeer {
  readonly policy?: SwarmPolicy
  readonly torrent?: Omit<TorrentOptions, 'policy' | 'limits' | 'sources'>
  readonly limits?: Partial<SwarmLimits>
  /** As it sees itself; absent: there are no roles. */
  readonly role?: () => 'leader' | 'follower' | 'undecided'
  /** Of the election that it believes. */
  readonly term?: () => number
  /** Payload that came in through it from other sites, by reason; absent: nobody counts. */
  readonly crossed?: () => ReadonlyMap<string, number>
  /** Peer ids of the leaders that its tracker named. */
  readonly leaders?: () => readonly string[]
  /** Pieces that it may import now. */
  readonly claims?: () => readonly OpenClaim[]
  /** Why it imported a piece; empty: it did not. */
  readonly reasonsOf?: (piece: number) => ReadonlySet<string>
}

/** A scheme in one run. */
export interface SchemeRun {
  /** New ones for each life of the tracker. */
  hooks(): readonly AnnounceHook[]
  peer(facts: PeerFacts): SchemePeer
}

export interface Scheme {
  readonly name: string
  readonly description: string
  /** By the name that `--set` uses. */
  readonly settings: Readonly<Record<string, SettingSpec>>
  /** Into how many torrents the content is cut; every peer takes part in all of them. Absent: 1. */
  readonly parts?: (settings: Settings) => number
  begin(facts: SchemeFacts): SchemeRun
}
