// Options of sessions and torrents: every limit with its unit, default and reason.

import type { Metainfo } from '@bt/metainfo'
import type { Done, Keep, PeerSource, StorageProvider } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { OpenStore } from '@bt/piece-store'
import type { ConnectionLimits } from '@bt/wire'
import type { Manners } from './manners.ts'
import type { SwarmPolicy } from './policy.ts'

/** Limits of one torrent. */
export interface SwarmLimits {
  /** Connections, dialled and accepted. */
  readonly peersMax: number
  /** Dials of this torrent under way at one time. */
  readonly dialsMax: number
  /** Peers unchoked by rank; one more is unchoked by chance. */
  readonly unchokeSlots: number
  /** Peers unchoked by chance besides, while we lack something. */
  readonly optimisticSlots: number
  /** Milliseconds between two rounds of choking, and between two draws of the peers unchoked by chance. */
  readonly chokeRoundMs: number
  readonly optimisticMs: number
  /** Requests in flight to one peer, whatever its rate says; the least as much as the most: a fixed number. */
  readonly requestsPerPeerMin: number
  readonly requestsPerPeerMax: number
  /** Milliseconds of silence of a peer that was asked: then others are asked too; then it is snubbed. Infinity: never. */
  readonly stallMs: number
  readonly snubMs: number
  /** Milliseconds after which one request is given up for good. Infinity: never. */
  readonly requestMs: number
  /** Payload, Infinity: no limit. */
  readonly uploadBytesPerSecond: number
  readonly downloadBytesPerSecond: number
  /** The same for each single peer. */
  readonly peerUploadBytesPerSecond: number
  readonly peerDownloadBytesPerSecond: number
}

export const SWARM_LIMITS: SwarmLimits = {
  peersMax: 80, // enough to see every piece of a healthy swarm; each costs two request books
  dialsMax: 10, // libtorrent and Transmission stay near this; routers choke on bursts of SYN
  unchokeSlots: 4, // BEP 3's four; the optimistic one comes on top
  optimisticSlots: 1, // BEP 3
  chokeRoundMs: 10_000, // BEP 3: long enough for TCP to show what it can do
  optimisticMs: 30_000, // BEP 3: long enough to be given something in return
  requestsPerPeerMin: 2, // one on its way out, one on its way in
  requestsPerPeerMax: 512, // 8 MiB at 16 KiB: 64 MiB/s over 125 ms
  stallMs: 30_000, // three times the longest silence of a healthy client (Transmission: 10 s)
  snubMs: 60_000, // BEP 3
  requestMs: 120_000, // long before, its block may be asked of others
  uploadBytesPerSecond: Number.POSITIVE_INFINITY,
  downloadBytesPerSecond: Number.POSITIVE_INFINITY,
  peerUploadBytesPerSecond: Number.POSITIVE_INFINITY,
  peerDownloadBytesPerSecond: Number.POSITIVE_INFINITY,
}

/** Limits of a session: over all its torrents. */
export interface SessionLimits {
  /** Connections of all torrents together. */
  readonly connectionsMax: number
  /** Dials under way at one time. */
  readonly dialsMax: number
  /** Accepted connections whose handshake is not here yet. */
  readonly acceptsPendingMax: number
  /** Connections of one IPv4 address or IPv6 /64, accepted and dialled; loopback is exempt. */
  readonly connectionsPerAddressMax: number
  readonly uploadBytesPerSecond: number
  readonly downloadBytesPerSecond: number
}

export const SESSION_LIMITS: SessionLimits = {
  connectionsMax: 500, // below the common 1,024 descriptors, with room for files
  dialsMax: 30, // half-open connections in one home router's table
  acceptsPendingMax: 100, // a flood of silent connections must not push out real ones for long (10 s each)
  connectionsPerAddressMax: 3, // a household behind one address; 10,000 from one /24 stay outside
  uploadBytesPerSecond: Number.POSITIVE_INFINITY,
  downloadBytesPerSecond: Number.POSITIVE_INFINITY,
}

/** Bytes of pieces under download and of the read cache, over all torrents: 8 pieces of 4 MiB, and it stays in the caches of a processor. */
export const MEMORY_MAX_BYTES = 32 * 1024 * 1024

/** Milliseconds between checkpoints of resume data: what a crash can cost at most (besides pieces in flight). */
export const CHECKPOINT_MS = 30_000

/** Milliseconds that sources get to say goodbye at close. */
export const STOP_SOURCES_MS = 5_000

/** Milliseconds that a policy may take to leave in order: as long as the goodbyes that trackers get meanwhile. */
export const LEAVE_MS = 5_000

export interface SessionOptions {
  /** Port to accept on; 0: any free one; undefined: 0. */
  readonly port?: number
  /** Local address to accept on. */
  readonly host?: string
  /** False: dial only, accept nothing, and announce port 0. */
  readonly listen?: boolean
  readonly limits?: Partial<SessionLimits>
  /** Defaults of the limits of each torrent. */
  readonly swarmLimits?: Partial<SwarmLimits>
  readonly memoryMaxBytes?: number
  /** Our name and version in extension handshakes; the peer id begins with `peerIdPrefix`. */
  readonly client?: string
  /** Eight bytes of ASCII, as in BEP 20. */
  readonly peerIdPrefix?: string
  readonly addresses?: AddressRules
  /** Limits of each connection, as @bt/wire has them. */
  readonly connectionLimits?: Partial<ConnectionLimits>
  /**
   * How messages cross a channel. 'bytes' (default): encoded; 'objects': as values, on channels that carry them
   * (the simulator's; both ends alike), with nothing encoded: see `fastProfile`.
   */
  readonly framing?: 'bytes' | 'objects'
  readonly signal?: AbortSignal
}

/** Which addresses may be dialled (see the rule in the README: no narrower than who told us). */
export interface AddressRules {
  /** Sources at public addresses may name private peers, as in a lab behind a public tracker. */
  readonly privateFromPublic?: boolean
}

/** Where one torrent's content and state live. */
export interface Place {
  readonly storage: StorageProvider
  /** For resume data. Absent: nothing is kept (see `SwarmEvents.checkpoint` and `resume`). */
  readonly keep?: Keep
  /** Where pieces' bytes go that belong to unwanted files. Absent: `storage`, as `.NAME.parts`. */
  readonly partStorage?: StorageProvider
  /** Name of that file. */
  readonly partFile?: string
}

export interface TorrentOptions {
  /** Content goes here; absent: `ports.storage`. */
  readonly storage?: StorageProvider
  /** Resume data go here, under the infohash, every 30 s and at close, and are found here at the next start. Absent: `ports.keep`; false: nothing is kept. */
  readonly keep?: Keep | false
  /**
   * Asked instead of `storage` and `keep` when the metainfo is known: for magnets, whose name is not known before.
   * An error fails the torrent (event `failed`).
   */
  readonly place?: (metainfo: Metainfo, done: Done<Place>) => void
  readonly sources?: readonly PeerSource[]
  readonly policy?: SwarmPolicy
  readonly limits?: Partial<SwarmLimits>
  /** Resume data of an earlier run; wins over what `keep` holds. */
  readonly resume?: Uint8Array
  readonly openStore?: OpenStore
  /**
   * What to do with content that no resume data vouch for. 'check' (default): hash what is there; 'trust': believe
   * that it is complete, as `bt seed --trust-data`; 'absent': there is none.
   */
  readonly found?: 'check' | 'trust' | 'absent'
  /** Hash each piece again before it is served. */
  readonly verifyOnRead?: boolean
  /** Which files are wanted; absent: all. Asked when the metainfo is known. */
  readonly select?: (metainfo: Metainfo) => FileSelection
  /** Pieces in order, for readers that start before the end. Costs the swarm: rarest-first is off. */
  readonly sequential?: boolean
  /** BEP 16: each piece is shown to one peer at a time while we are the only seed. */
  readonly superSeed?: boolean
  /** What it leaves out of what engines are used to do; absent: nothing. */
  readonly manners?: Partial<Manners>
  /** False: no peer exchange (BEP 11). Private torrents never have it. */
  readonly pex?: boolean
  /** Starts paused: checked, but without peers. */
  readonly paused?: boolean
  readonly signal?: AbortSignal
}

/** Wanted files by index, and how much: 0 not at all, 1 … 7 (4 is normal, higher is earlier). */
export type FileSelection = ReadonlyBitfield | readonly number[]

/** Options of `Swarm.open`: a session of one torrent. */
export interface SwarmOptions
  extends TorrentOptions,
    Omit<SessionOptions, 'limits' | 'swarmLimits' | 'signal'> {
  readonly sessionLimits?: Partial<SessionLimits>
}
