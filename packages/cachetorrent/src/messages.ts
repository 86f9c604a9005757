// The messages of `bt_cache` (BEP 10; §2.4): bencoded dictionaries with `k` for the kind. Unknown keys and kinds are ignored.
// The list of pieces taken is `l`: the key `k` is the kind's.

import { type Encodable, encode } from '@bt/bencode'
import { idBytes, type PeerId, type SiteId } from '@bt/primitives'
import { LEASE_CLAIMS_MAX } from './limits.ts'

/** 'undecided' until a tracker or the ranking answered. */
export type Role = 'undecided' | 'leader' | 'follower'

export const ROLES: readonly Role[] = ['undecided', 'leader', 'follower']

/** Pieces of one lease, hint or promise; a claim has fewer. */
export const MESSAGE_PIECES_MAX = 2048

export type CacheMessage =
  | {
      readonly kind: 'role'
      readonly role: Role
      readonly term: number
      /** Ours: the extension handshake may have gone out before the tracker named it. */
      readonly site?: SiteId
      /** Say yours: I have not heard of you for a while. */
      readonly asks?: true
      /** Others of my site import, I do not. */
      readonly importsNothing?: true
      /** I see none of the leaders that a tracker named, and ask through so many others; more than two: I know of none. */
      readonly steps?: number
    }
  | {
      readonly kind: 'promise'
      readonly pieces: readonly number[]
      /** Milliseconds until all of them are expected. */
      readonly expectedMs?: number
    }
  | { readonly kind: 'unpromise'; readonly pieces: readonly number[] }
  | {
      readonly kind: 'lease'
      readonly term: number
      readonly claims: readonly (readonly [piece: number, holder: PeerId])[]
      readonly haveCount: number
      /** Claims that I granted and that are open, those of members apart that brought nothing last. */
      readonly underWay?: number
      /** Milliseconds for which the site's seed asks the others to yield; 0: not any more. */
      readonly yieldMs?: number
    }
  /** From the seed of the site: send nothing to other sites for so long; 0: it is over. */
  | { readonly kind: 'yield'; readonly waitMs: number }
  /** I stop now, once what only I have of those who stay is handed out; `claims`: as in my last lease. */
  | {
      readonly kind: 'leave'
      readonly term: number
      readonly claims: readonly (readonly [piece: number, holder: PeerId])[]
    }
  /** `address` has 6 or 18 bytes. */
  | { readonly kind: 'hint'; readonly address: Uint8Array; readonly pieces: readonly number[] }
  | { readonly kind: 'busy'; readonly waitMs: number }
  | {
      readonly kind: 'claim'
      readonly pieces: readonly number[]
      readonly term: number
      /** They were granted before, and bytes of them are here. */
      readonly renewed?: true
      /** Second copies: the site may have them (rule 9). */
      readonly spill?: true
    }
  | {
      readonly kind: 'claim-answer'
      readonly granted: readonly number[]
      readonly taken: readonly number[]
      readonly have: readonly number[]
      /** Of those granted, the ones that were granted or had before: they come a second time. */
      readonly again?: readonly number[]
      /** It is the word of the leader that decides about these pieces, which the answering one asked. */
      readonly passedOn?: true
      readonly term: number
    }
  | {
      readonly kind: 'claim-done'
      readonly verified: readonly number[]
      readonly givenBack: readonly number[]
      readonly term: number
    }

/** The bytes are the caller's. */
export function encodeMessage(message: CacheMessage): Uint8Array {
  return encode(fieldsOf(message))
}

function fieldsOf(message: CacheMessage): { readonly [key: string]: Encodable | undefined } {
  switch (message.kind) {
    case 'role': {
      const { role, term, site, asks, importsNothing, steps } = message
      const s = site === undefined ? undefined : idBytes(site)
      const i = importsNothing === true ? 0 : undefined
      const q = asks === true ? 1 : undefined
      const u = steps
      return { i, k: 0, q, r: ROLES.indexOf(role), s, t: term, u }
    }
    case 'promise':
      return { k: 1, p: message.pieces, e: message.expectedMs }
    case 'unpromise':
      return { k: 2, p: message.pieces }
    case 'lease': {
      const { haveCount: n, underWay: o, term: t, yieldMs: y } = message
      return { k: 3, f: claimsOut(message.claims), n, o, t, y }
    }
    case 'leave':
      return { k: 10, f: claimsOut(message.claims), t: message.term }
    case 'yield':
      return { k: 9, w: message.waitMs }
    case 'hint':
      return { k: 4, a: message.address, p: message.pieces }
    case 'busy':
      return { k: 5, w: message.waitMs }
    case 'claim':
      return {
        k: 6,
        p: message.pieces,
        r: message.renewed === true ? 1 : undefined,
        s: message.spill === true ? 1 : undefined,
        t: message.term,
      }
    case 'claim-answer':
      return {
        a: message.again,
        f: message.passedOn === true ? 1 : undefined,
        k: 7,
        g: message.granted,
        h: message.have,
        l: message.taken,
        t: message.term,
      }
    case 'claim-done':
      return { k: 8, d: message.verified, t: message.term, x: message.givenBack }
  }
}

function claimsOut(claims: readonly (readonly [number, PeerId])[]): Encodable {
  return claims.slice(-LEASE_CLAIMS_MAX).map(([piece, holder]) => [piece, idBytes(holder)])
}
