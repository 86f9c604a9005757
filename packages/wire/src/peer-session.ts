// One connection as messages: phases, four flags, both request books, deadlines.

import type { BencodeValue } from '@bt/bencode'
import type { PieceGeometry } from '@bt/metainfo'
import type { BlockData, InfoHash, ReadonlyBitfield } from '@bt/primitives'
import { WireError } from './errors.ts'
import type { Handshake, HandshakeHead, Identity } from './handshake.ts'
import type { HashRange, Message } from './message.ts'
import type { PeerEvent } from './peer-event.ts'
import type { ConnectionLimits } from './wire-limits.ts'

/** What we are in this connection. */
export interface Admission {
  /** The hash we send. */
  readonly answer: InfoHash
  /** All hashes that name the same torrent (hybrid: v1 and truncated v2). */
  readonly accept: readonly InfoHash[]
  /**
   * The truncated v2 hash, when the torrent has one. A connection under it has version '2', and a peer
   * that asks for the v1 hash with the v2 bit set is answered with it if our own bit is set too (BEP 52).
   */
  readonly answerV2?: InfoHash
  /** Absent for a magnet whose metadata is not here yet: `adopt` it later. */
  readonly geometry?: PieceGeometry
}

/** How a session begins. */
export type PeerSessionOptions =
  | {
      readonly role: 'dialed'
      readonly identity: Identity
      readonly admission: Admission
      readonly limits?: Partial<ConnectionLimits>
      readonly now: number
    }
  | {
      readonly role: 'accepted'
      readonly identity: Identity
      readonly limits?: Partial<ConnectionLimits>
      readonly now: number
    }

/** Messages to send, in order, and one callback for when they went out. */
export interface MessageOutput {
  readonly messages: readonly (Message | Handshake)[]
  /** Bytes they take on the wire. */
  readonly length: number
  sent(): void
}

/** A request between the two peers that has no answer yet. */
export interface PendingRequest {
  readonly piece: number
  readonly begin: number
  readonly length: number
  /** Ours: promised, not had. */
  readonly soft: boolean
  /** The peer's: held back until its time. */
  readonly held: boolean
}

const later = (): never => {
  throw new WireError('MESSAGE_OUT_OF_TURN', 'local', 'the session is not written yet')
}

export class PeerSession {
  declare readonly role: 'dialed' | 'accepted'
  declare readonly closed: boolean
  declare readonly amChoking: boolean
  declare readonly amInterested: boolean
  declare readonly peerChoking: boolean
  declare readonly peerInterested: boolean
  declare readonly fast: boolean
  declare readonly version: '1' | '2'
  declare readonly peerPieces: ReadonlyBitfield | undefined
  /** Requests of ours without an answer, soft ones included. */
  declare readonly requestsOpen: number
  declare readonly requestsOpenBytes: number
  declare readonly requestsSoft: number
  /** How many requests the peer takes at once: its `reqq`, 250 when it said nothing. */
  declare readonly requestsOpenMax: number
  declare readonly requestsFromPeer: number
  declare readonly requestsHeld: number

  constructor(_options: PeerSessionOptions) {
    later()
  }

  admit(_admission: Admission): void {}
  refuse(): void {}
  adopt(_geometry: PieceGeometry): void {}
  /** Ends it from our side: nothing is heard or said any more. Idempotent. */
  close(): void {}

  speaks(_extension: string): boolean {
    return later()
  }
  /** Not choked, or the piece is allowed-fast; and there is room under the peer's `reqq`. */
  mayRequest(_piece: number): boolean {
    return later()
  }
  /** Requests of ours that are open, oldest first. */
  openRequests(): Iterable<PendingRequest> {
    return later()
  }
  /** Requests of the peer that are open, oldest first. */
  openRequestsFromPeer(): Iterable<PendingRequest> {
    return later()
  }

  receive(_message: Message | Handshake | HandshakeHead, _now: number): void {}
  next(): PeerEvent | undefined {
    return later()
  }
  /** The object path's output; PeerConnection frames it for the byte path. */
  takeMessages(): MessageOutput | undefined {
    return later()
  }

  setInterested(_interested: boolean): void {}
  unchoke(): void {}
  choke(): void {}
  request(
    _piece: number,
    _begin: number,
    _length: number,
    _now: number,
    _options?: { readonly soft?: boolean; readonly deadlineMs?: number },
  ): void {}
  cancel(_piece: number, _begin: number, _length: number): void {}
  hold(_piece: number, _begin: number, _length: number, _until: number): void {}
  reject(_piece: number, _begin: number, _length: number): void {}
  sendBlock(_piece: number, _begin: number, _data: BlockData, _sent?: () => void): boolean {
    return later()
  }
  sendPieces(_have: ReadonlyBitfield): void {}
  sendHave(_piece: number): void {}
  sendDontHave(_piece: number): void {}
  sendAllowedFast(_piece: number): void {}
  sendSuggest(_piece: number): void {}
  sendHashRequest(_range: HashRange): void {}
  sendHashes(_range: HashRange, _hashes: Uint8Array): void {}
  sendHashReject(_range: HashRange): void {}
  sendExtensionHandshake(_facts: ReadonlyMap<string, BencodeValue>): void {}
  sendExtended(_name: string, _payload: Uint8Array): void {}
  sendPort(_port: number): void {}

  deadline(): number {
    return later()
  }
  tick(_now: number): void {}
}
