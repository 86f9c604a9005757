// The messages of `bt_cache` (BEP 10; §2.4): bencoded dictionaries with `k` for the kind. Unknown keys and kinds are ignored.
//
// What a stranger sends is bounded here: lengths of lists, ranges of numbers. A message that breaks them is refused as
// a whole, but for keys that may be left out, which then count as left out; the connection is never closed for it. The list of pieces taken is `l`: the key `k` is the kind's.

import {
  BencodeError,
  type BencodeDict,
  type BencodeValue,
  decode,
  type Encodable,
  encode,
} from '@bt/bencode'
import { Bitfield, idBytes, type PeerId, parsePeerId, type SiteId } from '@bt/primitives'
import { CacheTorrentError } from './errors.ts'
import { LEASE_CLAIMS_MAX, MESSAGE_LENGTH_MAX } from './limits.ts'
import { parseSiteToken } from './site-token.ts'

/** 'undecided' until a tracker or the ranking answered. */
export type Role = 'undecided' | 'leader' | 'follower'

const ROLES: readonly Role[] = ['undecided', 'leader', 'follower']

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
      /** Milliseconds for which the site's seed asks the others to yield. */
      readonly yieldMs?: number
    }
  /** From the seed of the site: send nothing to other sites for so long. */
  | { readonly kind: 'yield'; readonly waitMs: number }
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
      const claims = message.claims.slice(-LEASE_CLAIMS_MAX)
      const f = claims.map(([piece, holder]) => [piece, idBytes(holder)])
      const { haveCount: n, underWay: o, term: t, yieldMs: y } = message
      return { k: 3, f, n, o, t, y }
    }
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

/**
 * Undefined: of a kind that this version does not know.
 *
 * @throws {CacheTorrentError} `BAD_MESSAGE`: no dictionary, wrong types, a piece that is not there
 */
export function decodeMessage(bytes: Uint8Array, pieceCount: number): CacheMessage | undefined {
  return new MessageReader(dictionaryOf(bytes), pieceCount).message()
}

function dictionaryOf(bytes: Uint8Array): BencodeDict {
  let value: BencodeValue
  try {
    value = decode(bytes, {
      depthMax: 4,
      valuesMax: 3 * MESSAGE_PIECES_MAX,
      lengthMax: MESSAGE_LENGTH_MAX,
    })
  } catch (error) {
    if (error instanceof BencodeError) throw refusal(error.message)
    throw error
  }
  if (!(value instanceof Map)) throw refusal('it is no dictionary')
  return value as BencodeDict
}

function refusal(what: string): CacheTorrentError {
  return new CacheTorrentError('BAD_MESSAGE', `a bt_cache message was refused: ${what}`)
}

class MessageReader {
  readonly #dict: BencodeDict
  readonly #pieceCount: number

  constructor(dict: BencodeDict, pieceCount: number) {
    this.#dict = dict
    this.#pieceCount = pieceCount
  }

  message(): CacheMessage | undefined {
    switch (this.#number('k')) {
      case 0:
        return this.#role()
      case 1: {
        const expectedMs = this.#optional(() => this.#number('e'))
        const pieces = this.#pieces('p')
        return { kind: 'promise', pieces, ...(expectedMs === undefined ? {} : { expectedMs }) }
      }
      case 2:
        return { kind: 'unpromise', pieces: this.#pieces('p') }
      case 3:
        return this.#lease()
      case 4:
        return this.#hint()
      case 5:
        return { kind: 'busy', waitMs: this.#number('w') }
      case 6:
        return this.#claim()
      case 7:
        return this.#claimAnswer()
      case 8:
        return {
          kind: 'claim-done',
          verified: this.#list('d'),
          givenBack: this.#list('x'),
          term: this.#number('t'),
        }
      case 9:
        return { kind: 'yield', waitMs: this.#number('w') }
      default:
        return undefined
    }
  }

  #role(): CacheMessage {
    const role = ROLES[this.#number('r')]
    if (role === undefined) throw refusal(`there is no role ${this.#number('r')}`)
    const site = this.#optional(() => parseSiteToken(this.#bytes('s')))
    const steps = this.#optional(() => this.#number('u'))
    return {
      kind: 'role',
      role,
      term: this.#number('t'),
      ...(site === undefined ? {} : { site }),
      ...(this.#dict.get('q') === 1 ? { asks: true } : {}),
      ...(this.#dict.get('i') === 0 ? { importsNothing: true } : {}),
      ...(steps === undefined ? {} : { steps }),
    }
  }

  #claim(): CacheMessage {
    const pieces = this.#list('p')
    const term = this.#number('t')
    const renewed = this.#dict.get('r') === 1
    const spill = this.#dict.get('s') === 1
    return {
      kind: 'claim',
      pieces,
      term,
      ...(renewed ? { renewed } : {}),
      ...(spill ? { spill } : {}),
    }
  }

  #claimAnswer(): CacheMessage {
    const again = this.#dict.has('a') ? this.#optional(() => this.#list('a')) : undefined
    return {
      kind: 'claim-answer',
      granted: this.#list('g'),
      taken: this.#list('l'),
      have: this.#list('h'),
      ...(again === undefined ? {} : { again }),
      ...(this.#dict.get('f') === 1 ? { passedOn: true } : {}),
      term: this.#number('t'),
    }
  }

  #lease(): CacheMessage {
    const list = this.#dict.get('f') ?? []
    if (!Array.isArray(list) || list.length > LEASE_CLAIMS_MAX) {
      throw refusal(`f is no list of at most ${LEASE_CLAIMS_MAX} claims`)
    }
    const claims = list.map((entry: BencodeValue) => {
      if (!Array.isArray(entry)) throw refusal('a claim in f is no list')
      const [piece, id] = entry as readonly BencodeValue[]
      const holder = id instanceof Uint8Array ? parsePeerId(id) : undefined
      if (holder === undefined) throw refusal('a claim in f names no peer id of 20 bytes')
      return [this.#piece(piece), holder] as const
    })
    const underWay = this.#optional(() => this.#number('o'))
    const yieldMs = this.#optional(() => this.#number('y'))
    return {
      kind: 'lease',
      term: this.#number('t'),
      claims,
      haveCount: this.#number('n'),
      ...(underWay === undefined ? {} : { underWay }),
      ...(yieldMs === undefined ? {} : { yieldMs }),
    }
  }

  #hint(): CacheMessage {
    const address = this.#bytes('a')
    if (address.length !== 6 && address.length !== 18) {
      throw refusal(`a has ${address.length} bytes, not 6 or 18`)
    }
    return { kind: 'hint', address: address.slice(), pieces: this.#pieces('p') }
  }

  /** Undefined: it is not there, or malformed. */
  #optional<T>(read: () => T): T | undefined {
    try {
      return read()
    } catch {
      return undefined
    }
  }

  /** `p`, a list, or `b`, a bitfield. */
  #pieces(key: 'p'): readonly number[] {
    if (!this.#dict.has('b')) return this.#list(key)
    const bytes = this.#bytes('b')
    if (!Bitfield.fits(this.#pieceCount, bytes)) throw refusal('b does not fit the pieces')
    const bits = new Bitfield(this.#pieceCount, bytes.slice())
    const pieces: number[] = []
    for (let piece = 0; piece < this.#pieceCount && pieces.length < MESSAGE_PIECES_MAX; piece++) {
      if (bits.has(piece)) pieces.push(piece)
    }
    return pieces
  }

  #list(key: string): readonly number[] {
    const list = this.#dict.get(key) ?? []
    if (!Array.isArray(list) || list.length > MESSAGE_PIECES_MAX) {
      throw refusal(`${key} is no list of at most ${MESSAGE_PIECES_MAX} pieces`)
    }
    return list.map((piece: BencodeValue) => this.#piece(piece))
  }

  #piece(value: BencodeValue | undefined): number {
    const ok = typeof value === 'number' && value >= 0 && value < this.#pieceCount
    if (!ok)
      throw refusal(
        `${typeof value === 'number' ? value : 'that'} is no piece below ${this.#pieceCount}`,
      )
    return value
  }

  #number(key: string): number {
    const value = this.#dict.get(key)
    if (typeof value === 'number' && value >= 0) return value
    throw refusal(`${key} is no whole number`)
  }

  #bytes(key: string): Uint8Array {
    const value = this.#dict.get(key)
    if (value instanceof Uint8Array) return value
    throw refusal(`${key} is no byte string`)
  }
}
