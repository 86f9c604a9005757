// What happened, in order, as one number: two runs of one seed must answer the same.
//
// Four integers an event (time, kind, host, size) go through a 2 × 32-bit multiply-and-shift mix: about 5 ns,
// no bytes looked at, no floating point, so that it costs nothing to leave on and is the same on every machine.

/** Kinds of events, as they stand in the hash; the numbers are part of every recorded hash, so they never change. */
export const TRACE_KINDS = {
  alarm: 1,
  passed: 2,
  arrived: 3,
  woken: 4,
  closed: 5,
  dial: 6,
  listen: 7,
  datagram: 8,
  resolve: 9,
  http: 10,
  storage: 11,
  keep: 12,
  hash: 13,
  log: 14,
  crash: 15,
  restart: 16,
  scenario: 17,
} as const

export type TraceKind = keyof typeof TRACE_KINDS

/** One line of a trace. `size`: bytes moved, or a number that tells two events of a kind apart. */
export interface TraceEntry {
  readonly timeMs: number
  readonly kind: TraceKind
  /** Index of the host in its network; −1: no host. */
  readonly host: number
  readonly size: number
  /** Of a log call: its event name and facts. */
  readonly event?: string
  readonly facts?: Readonly<Record<string, unknown>>
}

export class TraceHash {
  #low = 0x243f6a88
  #high = 0x85a308d3

  /** Mixes one event in. All are whole numbers; what is beyond 32 bits of `timeUs` and `size` counts too. */
  mix(timeUs: number, kind: number, host: number, size: number): void {
    let low = Math.imul(this.#low ^ (timeUs >>> 0), 0x9e3779b1)
    low ^= low >>> 15
    low = Math.imul(low ^ ((kind << 24) ^ host), 0x85ebca6b)
    low ^= low >>> 13
    let high = Math.imul(this.#high ^ (size >>> 0), 0xc2b2ae35)
    high ^= high >>> 16
    high = Math.imul(high ^ low, 0x27d4eb2f)
    high ^= high >>> 15
    this.#low = low ^ ((timeUs / 0x100000000) | 0)
    this.#high = (high + low + ((size / 0x100000000) | 0)) | 0
  }

  /** 16 hex digits. */
  text(): string {
    const digits = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
    return digits(this.#high) + digits(this.#low)
  }
}

/** 32 bits of a text (FNV-1a), for names that go into the trace. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  }
  return hash >>> 0
}
