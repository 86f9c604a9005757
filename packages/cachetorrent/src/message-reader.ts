// Reading the messages of `bt_cache`.
//
// What a stranger sends is bounded here: lengths of lists, ranges of numbers. A message that breaks them is refused as
// a whole, but for keys that may be left out, which then count as left out; the connection is never closed for it.

import { BencodeError, type BencodeDict, type BencodeValue, decode } from '@bt/bencode'
import { Bitfield, type PeerId, parsePeerId } from '@bt/primitives'
import { CacheTorrentError } from './errors.ts'
import { LEASE_CLAIMS_MAX, MESSAGE_LENGTH_MAX } from './limits.ts'
import { type CacheMessage, MESSAGE_PIECES_MAX, ROLES } from './messages.ts'
import { parseSiteToken } from './site-token.ts'

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
        const expectedMs = this.#optional('e', (key) => this.#number(key))
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
      case 10:
        return { kind: 'leave', term: this.#number('t'), claims: this.#claims() }
      default:
        return undefined
    }
  }

  #role(): CacheMessage {
    const role = ROLES[this.#number('r')]
    if (role === undefined) throw refusal(`there is no role ${this.#number('r')}`)
    const site = this.#optional('s', (key) => parseSiteToken(this.#bytes(key)))
    const steps = this.#optional('u', (key) => this.#number(key))
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
    const again = this.#optional('a', (key) => this.#list(key))
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

  #claims(): readonly (readonly [number, PeerId])[] {
    const list = this.#dict.get('f') ?? []
    if (!Array.isArray(list) || list.length > LEASE_CLAIMS_MAX) {
      throw refusal(`f is no list of at most ${LEASE_CLAIMS_MAX} claims`)
    }
    return list.map((entry: BencodeValue) => {
      if (!Array.isArray(entry)) throw refusal('a claim in f is no list')
      const [piece, id] = entry as readonly BencodeValue[]
      const holder = id instanceof Uint8Array ? parsePeerId(id) : undefined
      if (holder === undefined) throw refusal('a claim in f names no peer id of 20 bytes')
      return [this.#piece(piece), holder] as const
    })
  }

  #lease(): CacheMessage {
    const underWay = this.#optional('o', (key) => this.#number(key))
    const yieldMs = this.#optional('y', (key) => this.#number(key))
    return {
      kind: 'lease',
      term: this.#number('t'),
      claims: this.#claims(),
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

  /** Undefined: it is not there, as in most messages, which makes no error to catch; or malformed. */
  #optional<T>(key: string, read: (key: string) => T): T | undefined {
    if (!this.#dict.has(key)) return undefined
    try {
      return read(key)
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
