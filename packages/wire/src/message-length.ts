// How long each kind of message may be: asked with four bytes in hand, and again with the fifth.

import { WireError } from './errors.ts'
import { FIXED_LENGTH, MESSAGE_ID, type Message } from './message.ts'
import { CONNECTION_LIMITS, HASHES_MAX, HASH_LAYERS_MAX } from './wire-limits.ts'

/** Lengths in bytes. A decoder reads them anew for each message. */
export interface MessageLengthLimits {
  /** Longest message of a kind that has no narrower limit, its id included. */
  readonly messageLengthMax: number
  /** Longest block in a piece message. */
  readonly blockLengthMax: number
  /** Longest bitfield; exact where the piece count is known. */
  readonly bitfieldLengthMax: number
}

export const LENGTH_LIMITS: MessageLengthLimits = {
  messageLengthMax: CONNECTION_LIMITS.messageLengthMax,
  blockLengthMax: CONNECTION_LIMITS.requestLengthMax,
  bitfieldLengthMax: CONNECTION_LIMITS.piecesBeforeGeometryMax / 8,
}

const VARIABLE = 0
const UNKNOWN = -1
const LENGTH_BY_ID = new Int8Array(256).fill(UNKNOWN)
const NAME_BY_ID: (string | undefined)[] = []
for (const [name, id] of Object.entries(MESSAGE_ID)) {
  LENGTH_BY_ID[id] = FIXED_LENGTH[name as Message['type']] ?? VARIABLE
  NAME_BY_ID[id] = name
}

/** With the four length bytes only. @throws {WireError} MESSAGE_TOO_LONG, blame remote */
export function checkPrefix(length: number, limits: MessageLengthLimits): void {
  const most = Math.max(
    limits.messageLengthMax,
    9 + limits.blockLengthMax,
    1 + limits.bitfieldLengthMax,
    HASHES_MESSAGE_MAX,
  )
  if (length > most) throw tooLong('a message', length, most)
}

/**
 * With the id. False: an id we do not know, to be passed over.
 * @throws {WireError} MESSAGE_TOO_LONG or MESSAGE_LENGTH_WRONG, blame remote
 */
export function checkLength(id: number, length: number, limits: MessageLengthLimits): boolean {
  const fixed = LENGTH_BY_ID[id] as number
  if (fixed > 0) {
    if (length !== fixed) throw wrongLength(id, length, `${fixed} bytes`)
    return true
  }
  if (fixed === UNKNOWN) {
    if (length > limits.messageLengthMax)
      throw tooLong(`message ${id}`, length, limits.messageLengthMax)
    return false
  }
  const least = LEAST_BY_ID[id] as number
  const most = longest(id, limits)
  if (length < least) throw wrongLength(id, length, `at least ${least} bytes`)
  if (length > most) throw tooLong(`a ${NAME_BY_ID[id]} message`, length, most)
  if (id === MESSAGE_ID.hashes && (length - 49) % 32 !== 0) {
    throw wrongLength(id, length, '49 bytes and 32 for each hash')
  }
  return true
}

const HASHES_MESSAGE_MAX = 49 + 32 * (HASHES_MAX + HASH_LAYERS_MAX)

const LEAST_BY_ID = new Uint8Array(256)
LEAST_BY_ID[MESSAGE_ID.piece] = 9
LEAST_BY_ID[MESSAGE_ID.bitfield] = 1
LEAST_BY_ID[MESSAGE_ID.extended] = 2
LEAST_BY_ID[MESSAGE_ID.hashes] = 49

function longest(id: number, limits: MessageLengthLimits): number {
  if (id === MESSAGE_ID.piece) return 9 + limits.blockLengthMax
  if (id === MESSAGE_ID.bitfield) return 1 + limits.bitfieldLengthMax
  if (id === MESSAGE_ID.hashes) return HASHES_MESSAGE_MAX
  return limits.messageLengthMax
}

function wrongLength(id: number, length: number, right: string): WireError {
  return new WireError(
    'MESSAGE_LENGTH_WRONG',
    'remote',
    `a ${NAME_BY_ID[id]} message of ${length} bytes, must be ${right}`,
  )
}

function tooLong(what: string, length: number, most: number): WireError {
  return new WireError('MESSAGE_TOO_LONG', 'remote', `${what} of ${length} bytes, limit ${most}`)
}
