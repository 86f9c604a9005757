// The `.bttap` format: what passed through a transport, as length-prefixed records.
//
// A file is the 8 bytes "bttap\x01\r\n" and records of: length of the rest (4 bytes), kind (1), time in microseconds
// since the tap began (6), channel number (4), payload; numbers big-endian. Payloads: 'dialled', 'accepted' hold
// `host:port`; 'received', 'sent' the bytes; 'closed' a reason as text, empty for an end in order.

import { type Endpoint, endpointText, parseEndpoint } from '@bt/primitives'

/** First bytes of a recording. */
export const TAP_MAGIC: Uint8Array = Uint8Array.from([98, 116, 116, 97, 112, 1, 13, 10])
/** Longest record read: a chunk of 256 KiB from a socket and its head are far below. */
export const RECORD_LENGTH_MAX = 64 * 1024 * 1024
const HEAD_LENGTH = 11
const KINDS = ['dialled', 'accepted', 'received', 'sent', 'closed'] as const

export type TapRecord = {
  /** Milliseconds since the tap began. */
  readonly timeMs: number
  /** Counts the channels of one tap from 0. */
  readonly channel: number
} & (
  | { readonly kind: 'dialled' | 'accepted'; readonly remote: Endpoint }
  | { readonly kind: 'received' | 'sent'; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly reason: string | undefined }
)

/** A recording that cannot be read; `offset` is where. */
export class TapError extends Error {
  override readonly name = 'TapError'
  readonly code: 'NOT_A_TAP' | 'BROKEN_RECORD'
  readonly offset: number
  constructor(code: 'NOT_A_TAP' | 'BROKEN_RECORD', message: string, offset: number) {
    super(message)
    this.code = code
    this.offset = offset
  }
}

/** One record as bytes of its own. */
export function encodeTapRecord(record: TapRecord): Uint8Array {
  const payload = payloadOf(record)
  const bytes = new Uint8Array(4 + HEAD_LENGTH + payload.length)
  const view = new DataView(bytes.buffer)
  const micros = Math.round(record.timeMs * 1000)
  view.setUint32(0, HEAD_LENGTH + payload.length)
  bytes[4] = KINDS.indexOf(record.kind)
  view.setUint16(5, Math.floor(micros / 2 ** 32))
  view.setUint32(7, micros % 2 ** 32)
  view.setUint32(11, record.channel)
  bytes.set(payload, 4 + HEAD_LENGTH)
  return bytes
}

/**
 * The records of a recording, one by one; `bytes` of a record are a view of it. A last record that is cut off, as a
 * kill leaves it, ends the reading without an error.
 * @throws {TapError}
 */
export function* readTap(recording: Uint8Array): Generator<TapRecord, void, undefined> {
  for (const [at, byte] of TAP_MAGIC.entries()) {
    if (recording[at] !== byte) {
      throw new TapError(
        'NOT_A_TAP',
        'the file does not begin with "bttap": it is no recording',
        at,
      )
    }
  }
  const view = new DataView(recording.buffer, recording.byteOffset, recording.byteLength)
  for (let at = TAP_MAGIC.length; at + 4 <= recording.length; ) {
    const length = view.getUint32(at)
    if (length < HEAD_LENGTH || length > RECORD_LENGTH_MAX) {
      const limits = `${HEAD_LENGTH} … ${RECORD_LENGTH_MAX}`
      throw broken(`a record of ${length} bytes at ${at}, limits ${limits}`, at)
    }
    if (at + 4 + length > recording.length) return
    yield decode(recording, view, at, length)
    at += 4 + length
  }
}

function decode(recording: Uint8Array, view: DataView, at: number, length: number): TapRecord {
  const kind = KINDS[recording[at + 4] as number]
  if (kind === undefined) throw broken(`kind ${recording[at + 4]} at ${at} is not 0 … 4`, at)
  const timeMs = (view.getUint16(at + 5) * 2 ** 32 + view.getUint32(at + 7)) / 1000
  const channel = view.getUint32(at + 11)
  const bytes = recording.subarray(at + 4 + HEAD_LENGTH, at + 4 + length)
  if (kind === 'received' || kind === 'sent') return { kind, timeMs, channel, bytes }
  const text = new TextDecoder().decode(bytes)
  if (kind === 'closed') return { kind, timeMs, channel, reason: text === '' ? undefined : text }
  const remote = parseEndpoint(text)
  if (remote === undefined) throw broken(`the record at ${at} names no endpoint`, at)
  return { kind, timeMs, channel, remote }
}

function payloadOf(record: TapRecord): Uint8Array {
  if ('bytes' in record) return record.bytes
  const text = 'remote' in record ? endpointText(record.remote) : (record.reason ?? '')
  return new TextEncoder().encode(text)
}

function broken(message: string, offset: number): TapError {
  return new TapError('BROKEN_RECORD', message, offset)
}
