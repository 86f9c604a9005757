// The 68 bytes that open a connection, and the reserved bits in them (BEP 3, 5, 6, 10, 52).
//
// The reader works byte by byte of progress: a wrong first byte ends it at once, and the head (48 bytes: all that is
// needed to answer) is known before the peer id, which some peers send only after our answer.

import {
  type InfoHash,
  type PeerId,
  idBytes,
  invariant,
  parseInfoHash,
  parsePeerId,
} from '@bt/primitives'
import { WireError } from './errors.ts'

/** Who we say we are: the same in every connection of a session. */
export interface Identity {
  readonly peerId: PeerId
  /** 8 bytes; see `reservedBytes`. */
  readonly reserved: Uint8Array
}

/** A whole handshake. */
export interface Handshake extends Identity {
  readonly infoHash: InfoHash
}

/** The first 48 bytes of one: enough to answer it. */
export interface HandshakeHead {
  readonly infoHash: InfoHash
  readonly reserved: Uint8Array
}

/** What the reserved bits mean. */
export interface Features {
  /** Extension protocol (BEP 10): byte 5, 0x10. */
  readonly extensions: boolean
  /** Fast extension (BEP 6): byte 7, 0x04. */
  readonly fast: boolean
  /** DHT, that is the port message (BEP 5): byte 7, 0x01. */
  readonly dht: boolean
  /** May be upgraded from the v1 hash to the v2 one (BEP 52): byte 7, 0x10. */
  readonly v2: boolean
}

export const HANDSHAKE_LENGTH = 68
const HEAD_LENGTH = 48
const PROTOCOL = Uint8Array.from('\x13BitTorrent protocol', (letter) => letter.charCodeAt(0))

/** The 8 reserved bytes that announce these features. */
export function reservedBytes(features: Partial<Features>): Uint8Array {
  const reserved = new Uint8Array(8)
  if (features.extensions === true) reserved[5] = 0x10
  reserved[7] =
    (features.dht === true ? 0x01 : 0) |
    (features.fast === true ? 0x04 : 0) |
    (features.v2 === true ? 0x10 : 0)
  return reserved
}

/**
 * These reserved bytes without the v2 bit: it says that *this torrent* has a v2 hash. libtorrent looks for one as soon as it
 * sees the bit, and closes with "invalid info-hash" where there is none.
 */
export function withoutV2(reserved: Uint8Array): Uint8Array {
  const known = v1Only.get(reserved)
  if (known !== undefined) return known
  const bytes = reserved.slice()
  bytes[7] = (bytes[7] ?? 0) & ~0x10
  v1Only.set(reserved, bytes)
  return bytes
}

/** One for all connections of an identity. */
const v1Only = new WeakMap<Uint8Array, Uint8Array>()

/** What a peer's reserved bytes announce; bits that we do not know are ignored. */
export function featuresOf(reserved: Uint8Array): Features {
  const sixth = reserved[5] ?? 0
  const eighth = reserved[7] ?? 0
  return {
    extensions: (sixth & 0x10) !== 0,
    fast: (eighth & 0x04) !== 0,
    dht: (eighth & 0x01) !== 0,
    v2: (eighth & 0x10) !== 0,
  }
}

/** The 68 bytes of a handshake; a fresh array. */
export function encodeHandshake(handshake: Handshake): Uint8Array {
  invariant(handshake.reserved.length === 8, 'a handshake has 8 reserved bytes')
  const bytes = new Uint8Array(HANDSHAKE_LENGTH)
  bytes.set(PROTOCOL)
  bytes.set(handshake.reserved, 20)
  bytes.set(idBytes(handshake.infoHash), 28)
  bytes.set(idBytes(handshake.peerId), HEAD_LENGTH)
  return bytes
}

/** Collects a handshake out of chunks. */
export class HandshakeReader {
  readonly #bytes = new Uint8Array(HANDSHAKE_LENGTH)
  #length = 0
  #headRead = false

  /**
   * Copies what it needs from `chunk` at `at` and says how many bytes that was.
   * @throws {WireError} NOT_BITTORRENT at the first byte that cannot be a handshake
   */
  push(chunk: Uint8Array, at: number): number {
    const taken = Math.min(HANDSHAKE_LENGTH - this.#length, chunk.length - at)
    const from = this.#length
    this.#bytes.set(chunk.subarray(at, at + taken), from)
    this.#length += taken
    for (let place = from; place < this.#length && place < PROTOCOL.length; place++) {
      if (this.#bytes[place] === PROTOCOL[place]) continue
      const found = (this.#bytes[place] as number).toString(16).padStart(2, '0')
      throw new WireError(
        'NOT_BITTORRENT',
        'remote',
        `byte ${place} of the handshake is 0x${found}: the peer does not speak plain BitTorrent`,
      )
    }
    return taken
  }

  /** The head, once: when 48 bytes are here. Its bytes are a copy. */
  head(): HandshakeHead | undefined {
    if (this.#headRead || this.#length < HEAD_LENGTH) return undefined
    this.#headRead = true
    return { infoHash: this.#infoHash(), reserved: this.#bytes.slice(20, 28) }
  }

  /** The whole, when all 68 bytes are here. */
  whole(): Handshake | undefined {
    if (this.#length < HANDSHAKE_LENGTH) return undefined
    return {
      infoHash: this.#infoHash(),
      reserved: this.#bytes.slice(20, 28),
      peerId: parsePeerId(this.#bytes.subarray(HEAD_LENGTH)) as PeerId,
    }
  }

  #infoHash(): InfoHash {
    return parseInfoHash(this.#bytes.subarray(28, HEAD_LENGTH)) as InfoHash
  }
}
