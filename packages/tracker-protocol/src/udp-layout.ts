// What both directions of BEP 15 share: the action numbers, counters of 64 bits, and what too short is.

import { TrackerProtocolError } from './errors.ts'

/** `extended` is ours: an announce's answer as the dictionary of HTTP, for clients that say they read it (`udp-extended.ts`). */
export const UDP_ACTION = {
  connect: 0,
  announce: 1,
  scrape: 2,
  error: 3,
  extended: 0x6374,
} as const

export function viewOf(packet: Uint8Array): DataView {
  return new DataView(packet.buffer, packet.byteOffset, packet.length)
}

/** The high half first; whole numbers below 2^53 only. */
export function setUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x100000000))
  view.setUint32(at + 4, value % 0x100000000)
}

/** Clamped to 2^53 − 1. */
export function getUint53(view: DataView, at: number): number {
  const value = view.getUint32(at) * 0x100000000 + view.getUint32(at + 4)
  return Math.min(value, Number.MAX_SAFE_INTEGER)
}

export function tooShort(what: string, length: number, needed: number): TrackerProtocolError {
  return new TrackerProtocolError(
    'TOO_SHORT',
    what,
    `${what} of ${length} bytes, at least ${needed} are needed`,
  )
}
