// What a session tells its owner: facts that happened, one type per consequence.
//
// Plain objects, made fresh and lent: an event and its views are valid until the next call.

import type { BencodeValue } from '@bt/bencode'
import type { BlockData, InfoHash, ReadonlyBitfield } from '@bt/primitives'
import type { Handshake } from './handshake.ts'
import type { HashRange } from './message.ts'

/** One fact about the peer. Lent until the next call of any method of the session. */
export type PeerEvent =
  /** Accepted side, 48 bytes read: answer with `admit` or `refuse` before asking for the next event. */
  | { readonly type: 'asked'; readonly infoHash: InfoHash; readonly reserved: Uint8Array }
  /** `remote.infoHash` may differ from what we sent: the v2 upgrade of a hybrid (BEP 52). */
  | { readonly type: 'handshake'; readonly remote: Handshake; readonly version: '1' | '2' }
  /** The dictionary as it came; later ones add to earlier ones (BEP 10). */
  | {
      readonly type: 'extension-handshake'
      readonly facts: ReadonlyMap<string, BencodeValue>
    }
  /** Only when the flag changed. */
  | { readonly type: 'choke' | 'unchoke' | 'interested' | 'not-interested' }
  /** 'have' and 'dont-have' only when the peer's pieces changed. */
  | { readonly type: 'have' | 'dont-have' | 'suggest' | 'allowed-fast'; readonly piece: number }
  /** After bitfield, have-all, have-none; and once from `adopt`, with all that was heard before. */
  | { readonly type: 'pieces'; readonly pieces: ReadonlyBitfield }
  /** A request that may be served; a cancel of one that was still open (already answered). */
  | {
      readonly type: 'request' | 'cancel'
      readonly piece: number
      readonly begin: number
      readonly length: number
    }
  /** A request of ours will not be answered by a block. */
  | {
      readonly type: 'reject'
      readonly piece: number
      readonly begin: number
      readonly length: number
      readonly why: 'rejected' | 'choked' | 'expired'
    }
  | {
      readonly type: 'block'
      readonly piece: number
      readonly begin: number
      readonly data: BlockData
      readonly asked: 'open' | 'cancelled' | 'never'
    }
  | { readonly type: 'hash-request' | 'hash-reject'; readonly range: HashRange }
  | { readonly type: 'hashes'; readonly range: HashRange; readonly hashes: Uint8Array }
  | { readonly type: 'extended'; readonly name: string; readonly payload: Uint8Array }
  | { readonly type: 'port'; readonly port: number }
  /** A held request of the peer reached its time and was rejected. */
  | {
      readonly type: 'hold-expired'
      readonly piece: number
      readonly begin: number
      readonly length: number
    }
