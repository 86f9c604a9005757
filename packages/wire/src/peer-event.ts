// What a session tells its owner: facts that happened, one type per consequence.
//
// Plain objects, made fresh and lent: an event and its views are valid until the next call.

import type { BencodeValue } from '@bt/bencode'
import type { InfoHash, ReadonlyBitfield } from '@bt/primitives'
import type { Handshake } from './handshake.ts'
import type { BlockContent, BlockRange, Each, HashRange } from './message.ts'

/** One fact about the peer. Lent until the next call of any method of the session. */
export type PeerEvent =
  /** Accepted side, 48 bytes read: answer with `admit` or `refuse` before asking for the next event. */
  | Each<'asked', { readonly infoHash: InfoHash; readonly reserved: Uint8Array }>
  /** `remote.infoHash` may differ from what we sent: the v2 upgrade of a hybrid (BEP 52). */
  | Each<'handshake', { readonly remote: Handshake; readonly version: '1' | '2' }>
  /** The dictionary as it came, yours to keep; later ones add to earlier ones (BEP 10). See `readExtensionFacts`. */
  | Each<'extension-handshake', { readonly facts: ReadonlyMap<string, BencodeValue> }>
  /** Only when the flag changed. A choke without the fast extension is followed by 'reject' events, why 'choked'. */
  | Each<'choke' | 'unchoke' | 'interested' | 'not-interested'>
  /** 'have' and 'dont-have' only when the peer's pieces changed. */
  | Each<'have' | 'dont-have' | 'suggest' | 'allowed-fast', { readonly piece: number }>
  /** After bitfield, have-all, have-none; and once from `adopt`, with all that was heard before, if anything was. */
  | Each<'pieces', { readonly pieces: ReadonlyBitfield }>
  /** A request that may be served; a cancel of one that was still open (the session has answered it). */
  | Each<'request' | 'cancel', BlockRange>
  /** A request of ours will not be answered by a block. */
  | Each<'reject', BlockRange & { readonly why: 'rejected' | 'choked' | 'expired' }>
  /** 'open': ticked off now. 'cancelled': asked once, given up since. 'never': waste; too much of it ends the session. */
  | Each<'block', BlockContent & { readonly asked: 'open' | 'cancelled' | 'never' }>
  | Each<'hash-request' | 'hash-reject', { readonly range: HashRange }>
  | Each<'hashes', { readonly range: HashRange; readonly hashes: Uint8Array }>
  /** Under the name that our own `m` gave the id; messages of other ids are passed over. */
  | Each<'extended', { readonly name: string; readonly payload: Uint8Array }>
  | Each<'port', { readonly port: number }>
  /** A held request of the peer reached its time and was rejected. */
  | Each<'hold-expired', BlockRange>
