// The seam: what a policy may decide about a swarm, what it is told, and what it may do in return.
//
// Everything is optional; where a question is absent the engine answers as BEP 3 does. Answers are synchronous,
// without side effects, and kept by the engine until `PolicyHost.changed`, so that a policy costs nothing per block.

import type { BencodeValue } from '@bt/bencode'
import type { PieceGeometry } from '@bt/metainfo'
import type { Alarm, PeerOrigin } from '@bt/ports'
import type { Endpoint, PeerId, ReadonlyBitfield } from '@bt/primitives'

/** A connected peer, live; compares with ===. Kept by whoever likes; after `closed` its numbers stand still. */
export interface PeerHandle {
  readonly endpoint: Endpoint
  readonly role: 'dialed' | 'accepted'
  readonly peerId: PeerId
  /** What it has, live. Of length 0 until the geometry is known and it said something. */
  readonly pieces: ReadonlyBitfield
  /** Both sides speak BEP 6. */
  readonly fast: boolean
  /** Its extension handshakes, merged; empty until the first came. */
  readonly extensions: ReadonlyMap<string, BencodeValue>
  /** Payload bytes that came from it, verified or not yet known. */
  readonly receivedBytes: number
  /** When any byte of it came last, in whole milliseconds of `PolicyHost.now`: of a block that is under way, too. */
  readonly heardAt: number
  /** Payload bytes handed to its channel. */
  readonly sentBytes: number
  /** The policy's: what it keeps of the peer, so that it needs no look-up for each have. The engine never looks at it. */
  note?: object | undefined
}

/**
 * Which way payload may go on a connection. 'upload-only': we serve and never ask; 'download-only': we ask and
 * never unchoke; 'idle': neither, but the connection stays; 'refuse': it is closed.
 */
export type Link = 'both' | 'upload-only' | 'download-only' | 'idle' | 'refuse'

/** The questions whose answers the engine keeps until the policy says that they changed. */
export type PolicyQuestion =
  | 'link'
  | 'scope'
  | 'prefer'
  | 'unchoke'
  | 'reveal'
  | 'dial'
  | 'budget'
  | 'announce'

/** What a policy may do. Given once, in `attach`, and dead after `detach`. */
export interface PolicyHost {
  /** Monotonic milliseconds. */
  now(): number
  at(timeMs: number, run: () => void): Alarm
  /** A whole number in 0 … bound − 1. */
  below(bound: number): number
  readonly have: ReadonlyBitfield
  /** Undefined until a magnet's metadata is here. */
  readonly geometry: PieceGeometry | undefined
  readonly self: { readonly peerId: PeerId; readonly port: number }
  /** Connections that the torrent may have, dialled and accepted; a user may change it. */
  readonly peersMax: number
  /** Connected peers whose handshake is done, in the order they came. */
  peers(): Iterable<PeerHandle>
  /** False: the peer does not speak it or its output is full. The payload is copied. */
  send(peer: PeerHandle, extension: string, payload: Uint8Array): boolean
  /** Asks for a connection; the limits of the session decide when. */
  dial(endpoint: Endpoint): void
  drop(peer: PeerHandle, reason: string): void
  /** It answers no requests of ours now, allowed-fast pieces apart (BEP 3, 6). */
  chokesUs(peer: PeerHandle): boolean
  /**
   * An answer changed; the engine asks again: for one peer, or for all. `piece` narrows 'reveal' to one piece,
   * without which every piece is asked about.
   */
  changed(question: PolicyQuestion, peer?: PeerHandle, piece?: number): void
}

/** What a policy is told, after the engine's own state has taken it in. Lent: valid during the call. */
export type PolicyFact =
  | { readonly type: 'opened' | 'closed'; readonly peer: PeerHandle }
  /** A bitfield, have-all or have-none came. */
  | { readonly type: 'pieces'; readonly peer: PeerHandle }
  | { readonly type: 'have'; readonly peer: PeerHandle; readonly piece: number }
  /** 'requested': bytes asked for; 'progress': bytes that came; 'failed': a request ended without its bytes. */
  | {
      readonly type: 'requested' | 'progress' | 'failed'
      readonly peer: PeerHandle
      readonly piece: number
      readonly bytes: number
    }
  | { readonly type: 'verified'; readonly piece: number; readonly from: readonly PeerHandle[] }
  | { readonly type: 'corrupt'; readonly piece: number; readonly suspects: readonly PeerHandle[] }
  /** 'served': bytes of a piece handed to its channel; 'sent': they left it. */
  | {
      readonly type: 'served' | 'sent'
      readonly peer: PeerHandle
      readonly piece: number
      readonly bytes: number
    }

/** What may be asked of one peer. Absent: all it has, nothing promised. */
export interface PieceScope {
  /** Of the pieces it has. */
  readonly had: 'all' | 'none' | ReadonlyBitfield
  /** Pieces it said it will have: soft requests, which do not make a piece busy for others. */
  readonly promised?: ReadonlyBitfield
  /** A promised piece that was asked for counts as asked for everywhere, as one it has would. */
  readonly promisedBusy?: boolean
  /** Counted with every byte that comes from this peer: 'local', 'claim', 'spill', 'endgame' … */
  readonly reason: string
  /** False: never asked for a block that somebody else was asked for, not even in the endgame. */
  readonly duplicates?: boolean
  /** True: a block that waits long for its turn at a slow peer may be asked of a faster one instead. */
  readonly moves?: boolean
  /** Say that we are interested even while nothing of it may be asked: whoever waits for an unchoke must. */
  readonly interested?: boolean
}

/** A peer's request that has had no answer yet. */
export interface OpenRequest {
  readonly peer: PeerHandle
  readonly piece: number
  readonly begin: number
  readonly length: number
  /** When it came, on the clock of `PolicyHost.now`. */
  readonly since: number
  /** We lack the piece; it waits (see `SwarmPolicy.hold`). */
  readonly held: boolean
}

/** Bytes that may go now, refilled by time. */
export interface ByteBudget {
  /** Takes them, or answers false and takes nothing. */
  take(bytes: number, now: number): boolean
  /** When `bytes` can be taken at the earliest, at least `now`; Infinity: never. */
  availableAt(bytes: number, now: number): number
}

/** One round of the choker, as a policy sees it. */
export interface UnchokeRound {
  readonly interested: readonly PeerHandle[]
  /** The engine's own answer, worked out when it is read. */
  readonly proposed: readonly PeerHandle[]
  readonly seeding: boolean
  readonly now: number
}

/** A BEP 10 extension that a policy speaks. */
export interface PolicyExtension {
  readonly name: string
  /** Keys added to our extension handshake. */
  handshake?(): ReadonlyMap<string, BencodeValue>
  /** `payload` is lent. */
  received(peer: PeerHandle, payload: Uint8Array): void
}

/** The seam. Give a session a policy with `policy:`; it serves one torrent. */
export interface SwarmPolicy {
  attach?(host: PolicyHost): void
  observe?(fact: PolicyFact): void
  /** The facts that `observe` wants to hear, the same at all times; absent: all. A swarm hears dozens of haves for each piece. */
  readonly observes?: ReadonlySet<PolicyFact['type']> | undefined
  /** Reads what it will need when it is told that the peer has this piece, as many are told of one: see `ChannelReader.glance` of @bt/ports. */
  glance?(peer: PeerHandle, piece: number): number
  /**
   * The torrent is being closed in order: what is still to be said or served comes now, while its connections stand. Calls
   * `done` when nothing is left; the engine waits `LEAVE_MS` at most, and then detaches.
   */
  leave?(done: () => void): void
  detach?(): void

  /**
   * How soon this peer hears of a piece we got. True: at once, also of one that it cannot use: it counts copies by haves.
   * False: with others, a second later at most if it lacks the piece, however few have it: somebody else tells it, and each
   * have costs its link. Undefined: as any peer does. The last of our pieces is told at once in any case.
   */
  promptHaves?(peer: PeerHandle, piece: number): boolean | undefined

  /** Above 0: may be dialled, higher first; 0: not now; −1: never. */
  dial?(endpoint: Endpoint, origin: PeerOrigin): number
  link?(peer: PeerHandle): Link

  scope?(peer: PeerHandle): PieceScope | undefined
  /** Smaller rank comes first: before rarity, or among pieces of one rarity. */
  readonly prefer?:
    | {
        readonly within: 'before-rarity' | 'same-rarity'
        rank(piece: number): number
      }
    | undefined

  /** Milliseconds a request for a piece we lack may be held; 0: reject. `heldNow` counts this peer's held ones. */
  hold?(peer: PeerHandle, piece: number, heldNow: number): number
  /** The whole set for the next round. */
  unchoke?(round: UnchokeRound): readonly PeerHandle[]
  /**
   * Which open request to serve next; undefined: first come. Asked when the uploader has room, with the oldest of each
   * peer that can take a block now. Held ones are not offered. 'later': none of them until something that is under way has been sent, or
   * `changed('budget')`; where nothing is under way it means first come.
   */
  readonly serve?:
    | ((open: readonly OpenRequest[], now: number) => OpenRequest | 'later' | undefined)
    | undefined
  /**
   * To whom a piece we have is shown: in the bitfield of a new connection, and as `have`. Asked again on
   * `changed('reveal')`; undefined while nothing is hidden, which may come and go.
   */
  readonly reveal?: ((piece: number) => 'all' | readonly PeerHandle[]) | undefined
  /** Upload budget of one peer, beside those of the torrent and the session. */
  budget?(peer: PeerHandle): ByteBudget | undefined

  readonly extensions?: readonly PolicyExtension[]
  /** Parameters added to each announce. */
  announce?(): ReadonlyMap<string, string>
  /** Of each reply of a tracker, the keys that the tracker protocol does not know, as decoded bencode; often none. */
  announced?(reply: ReadonlyMap<string, unknown>, tracker: string): void
}
