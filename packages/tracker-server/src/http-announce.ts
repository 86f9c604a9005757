// The announce over HTTP that makes nearly all of a tracker's work: from the bytes of the request target to those of the
// body in one pass, without text in between (BEP 3, 7, 23, 24).
//
// What is unusual (dictionaries wanted, something missing, twice there or malformed) it leaves to the general way, which
// answers byte for byte the same (http-frontend.ts).

import { PARAMETERS_MAX } from '@bt/tracker-protocol'
import type { HttpOutput } from './http-output.ts'
import type { Saying } from './saying.ts'
import type { Tracker } from './tracker.ts'

/** Bytes of a target that are read here; a full announce has about 350. */
const TARGET_LENGTH_MAX = 1024
const PERCENT = 0x25
const AMPERSAND = 0x26
const PLUS = 0x2b
const EQUALS = 0x3d
/** Digits of a number that is exact in any case. */
const DIGITS_MAX = 15

/** Bits of the parameters that were seen. */
const SEEN: Readonly<Record<string, number>> = {
  info_hash: 1,
  peer_id: 2,
  port: 4,
  left: 8,
  uploaded: 16,
  downloaded: 32,
  event: 64,
  numwant: 128,
  compact: 256,
}
const NEEDED = 1 | 2 | 4 | 8

interface Name {
  readonly bytes: Uint8Array
  readonly bit: number
}

/** By length and first byte: at most one each, so that one comparison decides. */
const NAMES = new Map<number, Name>()
for (const [name, bit] of Object.entries(SEEN))
  NAMES.set(name.length * 256 + name.charCodeAt(0), { bytes: ascii(name), bit })

const PREFIX = ascii('/announce?')
const EVENTS = ['started', 'completed', 'stopped', 'paused'].map(ascii)
const infoHash = new Uint8Array(20)

/**
 * Serves the target in `bytes` from `from` to `end` for the peer at the 18 bytes of `address`, and writes a whole
 * response; false, with nothing stored or written, where the general way is to be taken.
 * @throws {TrackerError} a refusal that the client may read
 */
export function serveHttpAnnounce(
  tracker: Tracker,
  bytes: Uint8Array,
  from: number,
  end: number,
  address: Uint8Array,
  out: HttpOutput,
): boolean {
  if (end - from > TARGET_LENGTH_MAX || !begins(bytes, from, end, PREFIX)) return false
  const { saying } = tracker
  const port = read(tracker, saying, bytes, from + PREFIX.length, end)
  if (port < 0) return false
  saying.setInfoHash(infoHash, 0)
  saying.key.set(address, 0, port)
  saying.family = 0
  const swarm = tracker.serve()
  out.begin()
  out.text('d8:completei')
  out.number(swarm?.seeds ?? 0)
  out.text('e11:downloadersi')
  out.number(swarm?.downloaders ?? 0)
  const isV4 = saying.key.stride === 6
  out.text(isV4 ? 'e11:external ip4:' : 'e11:external ip16:')
  out.bytes(saying.key.bytes, isV4 ? 4 : 16)
  out.text('10:incompletei')
  out.number(swarm?.leeches ?? 0)
  out.text('e8:intervali')
  out.number(tracker.nextIntervalSeconds())
  out.text('e12:min intervali')
  out.number(tracker.minIntervalSeconds)
  out.text('e5:peers')
  const { hand } = tracker
  const four = hand.write(out.peers, 0, 6, saying.wanted)
  out.number(6 * four)
  out.text(':')
  out.bytes(out.peerBytes, 6 * four)
  const six = hand.write(out.peers, 0, 18, saying.wanted)
  if (six > 0) {
    out.text('6:peers6')
    out.number(18 * six)
    out.text(':')
    out.bytes(out.peerBytes, 18 * six)
  }
  out.text('e')
  return true
}

/** Takes the query into `saying`; the port, or −1 where something is unusual. */
function read(
  tracker: Tracker,
  saying: Saying,
  bytes: Uint8Array,
  from: number,
  end: number,
): number {
  let seen = 0
  let port = 0
  saying.isPaused = saying.isStopped = saying.isCompleted = saying.wantsSeeds = false
  saying.isSeed = false
  saying.wanted = tracker.wantedOf(undefined)
  let parameters = 0
  for (let at = from; at < end; parameters++) {
    if (parameters === PARAMETERS_MAX) return -1
    let equals = at
    while (equals < end && bytes[equals] !== EQUALS && bytes[equals] !== AMPERSAND) equals++
    let until = equals
    while (until < end && bytes[until] !== AMPERSAND) until++
    const name = NAMES.get((equals - at) * 256 + (bytes[at] as number))
    const isKnown = name !== undefined && equals < until && begins(bytes, at, equals, name.bytes)
    at = until + 1
    if (!isKnown) continue
    if ((seen & name.bit) !== 0) return -1
    seen |= name.bit
    const value = equals + 1
    switch (name.bit) {
      case 1:
        if (!decode(bytes, value, until, infoHash)) return -1
        break
      case 2:
        if (!decode(bytes, value, until, saying.peerId)) return -1
        break
      case 64:
        if (!readEvent(saying, bytes, value, until)) return -1
        break
      case 256:
        if (until === value || bytes[value] === 0x30) return -1
        break
      default: {
        const number = digits(bytes, value, until)
        if (number < 0) return -1
        if (name.bit === 4) port = number
        if (name.bit === 8) saying.isSeed = number === 0
        if (name.bit === 128) {
          if (number >= 1e9) return -1
          saying.wanted = tracker.wantedOf(number)
        }
      }
    }
  }
  if ((seen & NEEDED) !== NEEDED || port > 65_535) return -1
  return port === 0 && !saying.isStopped ? -1 : port
}

function readEvent(saying: Saying, bytes: Uint8Array, from: number, end: number): boolean {
  if (from === end) return true
  const which = EVENTS.findIndex(
    (name) => name.length === end - from && begins(bytes, from, end, name),
  )
  saying.wantsSeeds = which === 0
  saying.isCompleted = which === 1
  saying.isStopped = which === 2
  saying.isPaused = which === 3
  return which >= 0
}

/** Percent-encoded bytes that fill `into` exactly. */
function decode(bytes: Uint8Array, from: number, end: number, into: Uint8Array): boolean {
  let to = 0
  for (let at = from; at < end; at++, to++) {
    if (to === into.length) return false
    const byte = bytes[at] as number
    if (byte === PERCENT) {
      if (at + 2 >= end) return false
      const high = nibble(bytes[at + 1] as number)
      const low = nibble(bytes[at + 2] as number)
      if (high < 0 || low < 0) return false
      into[to] = high * 16 + low
      at += 2
    } else into[to] = byte === PLUS ? 0x20 : byte
  }
  return to === into.length
}

/** −1 where it is not 1 to 15 decimal digits. */
function digits(bytes: Uint8Array, from: number, end: number): number {
  if (end === from || end - from > DIGITS_MAX) return -1
  let number = 0
  for (let at = from; at < end; at++) {
    const digit = (bytes[at] as number) - 0x30
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 65 && code <= 70) return code - 55
  if (code >= 97 && code <= 102) return code - 87
  return -1
}

function begins(bytes: Uint8Array, from: number, end: number, text: Uint8Array): boolean {
  if (end - from < text.length) return false
  for (let at = 0; at < text.length; at++) if (bytes[from + at] !== text[at]) return false
  return true
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
