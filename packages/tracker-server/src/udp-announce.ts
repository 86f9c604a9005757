// The announce over UDP that makes nearly all of a tracker's work: from the bytes of the question to those of the
// answer in one pass, without a value in between (BEP 15).
//
// What it does not know it leaves to the general way, which answers byte for byte the same (udp-frontend.ts).

import { UDP_RESPONSE_LENGTH_MAX } from '@bt/tracker-protocol'
import type { Halves } from './copy-halves.ts'
import { isMapped } from './peer-key.ts'
import type { Tracker } from './tracker.ts'

const ANNOUNCE_LENGTH = 98
const ANSWER_HEAD = 20
const COMPLETED = 1
const STARTED = 2
const STOPPED = 3

/** An announce that is whole and of which hooks need to see nothing. */
export function isPlainAnnounce(bytes: Uint8Array, at: number, length: number): boolean {
  return length >= ANNOUNCE_LENGTH && word(bytes, at + 8) === 1 && isServed(bytes, at)
}

/**
 * Serves the announce at `at` of `bytes`, sent from the 18 bytes at `from` of `addresses`; writes the answer at half-word
 * `to` of `into` (`target` is the same memory as bytes). Answers its length.
 * @throws {TrackerError} a refusal that the client may read
 */
export function serveAnnounce(
  tracker: Tracker,
  bytes: Uint8Array,
  at: number,
  addresses: Uint8Array,
  from: number,
  target: Uint8Array,
  into: Halves,
  to: number,
  now: number,
): number {
  const { saying } = tracker
  saying.setInfoHash(bytes, at + 16)
  for (let byte = 0; byte < 20; byte++) saying.peerId[byte] = bytes[at + 36 + byte] as number
  const port = ((bytes[at + 96] as number) << 8) | (bytes[at + 97] as number)
  saying.key.set(addresses, from, port)
  const event = word(bytes, at + 80)
  saying.isSeed = word(bytes, at + 64) === 0 && word(bytes, at + 68) === 0
  saying.isPaused = false
  saying.isStopped = event === STOPPED
  saying.isCompleted = event === COMPLETED
  saying.wantsSeeds = event === STARTED
  const numWant = word(bytes, at + 92)
  saying.wanted = tracker.wantedOf(numWant < 0 ? undefined : numWant)
  const stride = isMapped(addresses, from) ? 6 : 18
  saying.family = stride === 6 ? 4 : 6
  const swarm = tracker.serve(now)
  const most = Math.floor((UDP_RESPONSE_LENGTH_MAX - ANSWER_HEAD) / stride)
  const peers = tracker.hand.write(into, to + ANSWER_HEAD / 2, stride, most)
  const answer = 2 * to
  setWord(target, answer, 1)
  for (let byte = 0; byte < 4; byte++) target[answer + 4 + byte] = bytes[at + 12 + byte] as number
  setWord(target, answer + 8, tracker.nextIntervalSeconds())
  setWord(target, answer + 12, swarm?.leeches ?? 0)
  setWord(target, answer + 16, swarm?.seeds ?? 0)
  return ANSWER_HEAD + peers * stride
}

/** Port 0 is only for who leaves. */
function isServed(bytes: Uint8Array, at: number): boolean {
  return bytes[at + 96] !== 0 || bytes[at + 97] !== 0 || word(bytes, at + 80) === STOPPED
}

/** Signed. */
function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

function setWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}
