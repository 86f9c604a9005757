// Bytes of tests: hex and text in, hex out, and messages whose byte fields are hex.
import { fromHex, toHex } from '@bt/primitives'
import type { Message } from '../src/index.ts'

export function hex(text: string): Uint8Array {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error(`not hex: ${text}`)
  return bytes
}

export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

const BYTE_FIELDS = ['bits', 'data', 'payload', 'hashes', 'piecesRoot']

/** A message as it stands in our JSON vectors. */
export function fromJson(json: unknown): Message {
  return map(json, (value) => (typeof value === 'string' ? hex(value) : value)) as Message
}

/** The reverse; also copies what was lent. */
export function toJson(message: unknown): unknown {
  return map(message, (value) => (value instanceof Uint8Array ? toHex(value) : value))
}

function map(value: unknown, change: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      BYTE_FIELDS.includes(key) ? change(inner) : map(inner, change),
    ]),
  )
}

/** All messages in `chunks`, as JSON. */
export function decodeAll(
  decoder: { push(chunk: Uint8Array): void; next(): Message | undefined },
  chunks: Iterable<Uint8Array>,
): unknown[] {
  const messages: unknown[] = []
  for (const chunk of chunks) {
    const lent = chunk.slice()
    decoder.push(lent)
    for (let message = decoder.next(); message; message = decoder.next()) {
      messages.push(toJson(message))
    }
    lent.fill(0xdb)
  }
  return messages
}
