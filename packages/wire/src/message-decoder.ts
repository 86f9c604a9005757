// Chunks to messages, lending views: nothing is copied unless a message straddles two chunks.
//
// Lengths are checked on the four length bytes, and again with the id as the fifth, before anything is kept; the carry
// buffer grows with what has come, never with what was promised. Unknown messages are skipped, not kept (BEP 3, 6, 10).

import { invariant } from '@bt/primitives'
import { WireError } from './errors.ts'
import { type HashRange, MESSAGE_ID, type Message } from './message.ts'
import {
  LENGTH_LIMITS,
  type MessageLengthLimits,
  checkLength,
  checkPrefix,
} from './message-length.ts'
import { CARRY_KEPT_MAX } from './wire-limits.ts'

const NOTHING = new Uint8Array(0)
/** First size of the carry buffer: a block of 16 KiB with its head. */
const CARRY_FIRST = 16_397

/** Pull decoder: `push` a chunk, then `next` until it answers undefined. */
export class MessageDecoder {
  readonly #limits: MessageLengthLimits
  #chunk: Uint8Array = NOTHING
  #at = 0
  #carry: Uint8Array = NOTHING
  #carried = 0
  /** Bytes of an unknown message that are still to be passed over. */
  #skip = 0
  #skipped: Message | undefined

  /** Limits are read anew for each message, so an object that changes later is obeyed. */
  constructor(limits: Partial<MessageLengthLimits> = {}) {
    this.#limits = isComplete(limits) ? limits : { ...LENGTH_LIMITS, ...limits }
  }

  /** Bytes of memory held for a message that has begun; bounded by the longest message allowed. */
  get carryLength(): number {
    return this.#carry.length
  }

  /** Takes a chunk, lent until `next` has answered undefined: drain before pushing again. */
  push(chunk: Uint8Array): void {
    invariant(this.#at === this.#chunk.length, 'a chunk is pushed after the last one is drained')
    this.#chunk = plain(chunk)
    this.#at = 0
  }

  /**
   * The next whole message, or undefined when more bytes are needed.
   * Views in it are lent until the next `next` or `push`.
   * @throws {WireError} blame remote: MESSAGE_TOO_LONG, MESSAGE_LENGTH_WRONG; the decoder is of no use after that
   */
  next(): Message | undefined {
    if (this.#skip > 0) return this.#passOver()
    if (this.#carried > 0) return this.#nextFromCarry()
    const chunk = this.#chunk
    const at = this.#at
    const here = chunk.length - at
    if (here >= 4) {
      const length = uint32(chunk, at)
      if (length === 0) {
        this.#at = at + 4
        return KEEP_ALIVE
      }
      if (here === 4) checkPrefix(length, this.#limits)
      else {
        const id = chunk[at + 4] as number
        if (!checkLength(id, length, this.#limits)) return this.#beginSkip(id, length, at + 5)
        if (here >= 4 + length) {
          this.#at = at + 4 + length
          return parse(id, chunk, at + 5, at + 4 + length)
        }
        this.#reserve(here, 4 + length)
      }
    }
    if (here > 0) this.#keep(here)
    return undefined
  }

  #nextFromCarry(): Message | undefined {
    if (!this.#fillTo(4, 4)) return undefined
    const length = uint32(this.#carry, 0)
    if (length === 0) {
      this.#carried = 0
      return KEEP_ALIVE
    }
    checkPrefix(length, this.#limits)
    if (!this.#fillTo(5, 5)) return undefined
    const id = this.#carry[4] as number
    if (!checkLength(id, length, this.#limits)) {
      this.#carried = 0
      return this.#beginSkip(id, length, this.#at)
    }
    const total = 4 + length
    if (!this.#fillTo(total, total)) return undefined
    this.#carried = 0
    const carry = this.#carry
    if (carry.length > CARRY_KEPT_MAX) this.#carry = NOTHING
    return parse(id, carry, 5, total)
  }

  /** True when the carry buffer holds `wanted` bytes. */
  #fillTo(wanted: number, total: number): boolean {
    const missing = wanted - this.#carried
    if (missing <= 0) return true
    const taken = Math.min(missing, this.#chunk.length - this.#at)
    this.#reserve(this.#carried + taken, total)
    if (taken > 0) this.#keep(taken)
    return taken === missing
  }

  #keep(count: number): void {
    this.#reserve(this.#carried + count, 5)
    const end = this.#at + count
    const all = this.#at === 0 && end === this.#chunk.length
    this.#carry.set(all ? this.#chunk : this.#chunk.subarray(this.#at, end), this.#carried)
    this.#carried += count
    this.#at = end
  }

  /** Room for `needed` bytes now of a message of `total`; at least doubles, so that growing costs O(total). */
  #reserve(needed: number, total: number): void {
    if (this.#carry.length >= needed) return
    const length = Math.max(needed, Math.min(total, 2 * this.#carry.length), CARRY_FIRST)
    const carry = new Uint8Array(length)
    carry.set(this.#carry.subarray(0, this.#carried))
    this.#carry = carry
  }

  #beginSkip(id: number, length: number, at: number): Message | undefined {
    this.#at = at
    this.#skip = length
    this.#skipped = { type: 'unknown', id, length }
    return this.#passOver()
  }

  /** The id counts as one byte of the message: `#skip` is one more than what is still to come. */
  #passOver(): Message | undefined {
    const passed = Math.min(this.#skip - 1, this.#chunk.length - this.#at)
    this.#at += passed
    this.#skip -= passed
    if (this.#skip > 1) return undefined
    this.#skip = 0
    return this.#skipped
  }
}

const KEEP_ALIVE: Message = { type: 'keep-alive' }
const CHOKE: Message = { type: 'choke' }
const UNCHOKE: Message = { type: 'unchoke' }
const INTERESTED: Message = { type: 'interested' }
const NOT_INTERESTED: Message = { type: 'not-interested' }
const HAVE_ALL: Message = { type: 'have-all' }
const HAVE_NONE: Message = { type: 'have-none' }

/** The message whose payload is from `at` to `end`; its length has been checked. */
function parse(id: number, bytes: Uint8Array, at: number, end: number): Message {
  switch (id) {
    case MESSAGE_ID.piece:
      return {
        type: 'piece',
        piece: uint32(bytes, at),
        begin: uint32(bytes, at + 4),
        data: bytes.subarray(at + 8, end),
      }
    case MESSAGE_ID.request:
      return range('request', bytes, at)
    case MESSAGE_ID.have:
      return { type: 'have', piece: uint32(bytes, at) }
    case MESSAGE_ID.choke:
      return CHOKE
    case MESSAGE_ID.unchoke:
      return UNCHOKE
    case MESSAGE_ID.interested:
      return INTERESTED
    case MESSAGE_ID['not-interested']:
      return NOT_INTERESTED
    case MESSAGE_ID.bitfield:
      return { type: 'bitfield', bits: bytes.subarray(at, end) }
    case MESSAGE_ID.cancel:
      return range('cancel', bytes, at)
    case MESSAGE_ID['reject-request']:
      return range('reject-request', bytes, at)
    case MESSAGE_ID.port:
      return { type: 'port', port: ((bytes[at] as number) << 8) | (bytes[at + 1] as number) }
    case MESSAGE_ID['suggest-piece']:
      return { type: 'suggest-piece', piece: uint32(bytes, at) }
    case MESSAGE_ID['allowed-fast']:
      return { type: 'allowed-fast', piece: uint32(bytes, at) }
    case MESSAGE_ID['have-all']:
      return HAVE_ALL
    case MESSAGE_ID['have-none']:
      return HAVE_NONE
    case MESSAGE_ID.extended:
      return { type: 'extended', id: bytes[at] as number, payload: bytes.subarray(at + 1, end) }
    case MESSAGE_ID['hash-request']:
      return { type: 'hash-request', range: hashRange(bytes, at) }
    case MESSAGE_ID['hash-reject']:
      return { type: 'hash-reject', range: hashRange(bytes, at) }
    case MESSAGE_ID.hashes:
      return {
        type: 'hashes',
        range: hashRange(bytes, at),
        hashes: bytes.subarray(at + 48, end),
      }
    default:
      throw new WireError('MESSAGE_MALFORMED', 'local', `message id ${id} passed the length check`)
  }
}

function range(
  type: 'request' | 'cancel' | 'reject-request',
  bytes: Uint8Array,
  at: number,
): Message {
  return {
    type,
    piece: uint32(bytes, at),
    begin: uint32(bytes, at + 4),
    length: uint32(bytes, at + 8),
  }
}

function hashRange(bytes: Uint8Array, at: number): HashRange {
  return {
    piecesRoot: bytes.subarray(at, at + 32),
    baseLayer: uint32(bytes, at + 32),
    index: uint32(bytes, at + 36),
    length: uint32(bytes, at + 40),
    proofLayers: uint32(bytes, at + 44),
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  return (
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0
  )
}

/** Views of a Buffer would be Buffers, and slower to make. */
function plain(chunk: Uint8Array): Uint8Array {
  if (chunk.constructor === Uint8Array) return chunk
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
}

function isComplete(limits: Partial<MessageLengthLimits>): limits is MessageLengthLimits {
  return (
    limits.messageLengthMax !== undefined &&
    limits.blockLengthMax !== undefined &&
    limits.bitfieldLengthMax !== undefined
  )
}
