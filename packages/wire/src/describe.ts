// A message as one readable line, for traces and error reports. Nothing in it can break a terminal or grow without end.

import { toHex } from '@bt/primitives'
import { clientName } from './client-name.ts'
import type { Handshake } from './handshake.ts'
import { featuresOf } from './handshake.ts'
import type { HashRange, Message } from './message.ts'

/** `request 12:16384+16384`: piece, begin, length in bytes. */
export function describe(message: Message | Handshake): string {
  if (!('type' in message)) return describeHandshake(message)
  switch (message.type) {
    case 'have':
    case 'suggest-piece':
    case 'allowed-fast':
      return `${message.type} ${message.piece}`
    case 'request':
    case 'cancel':
    case 'reject-request':
      return `${message.type} ${message.piece}:${message.begin}+${message.length}`
    case 'piece':
      return `piece ${message.piece}:${message.begin}+${message.data.length}`
    case 'bitfield':
      return `bitfield of ${message.bits.length} bytes, ${ones(message.bits)} set`
    case 'port':
      return `port ${message.port}`
    case 'extended':
      return `extended ${message.id === 0 ? 'handshake' : message.id}, ${message.payload.length} bytes`
    case 'hash-request':
    case 'hash-reject':
      return `${message.type} ${describeRange(message.range)}`
    case 'hashes':
      return `hashes ${describeRange(message.range)}, ${message.hashes.length / 32} sent`
    case 'unknown':
      return `unknown message ${message.id}, ${message.length} bytes`
    default:
      return message.type
  }
}

function describeHandshake({ infoHash, peerId, reserved }: Handshake): string {
  const features = Object.entries(featuresOf(reserved))
    .filter(([, has]) => has)
    .map(([name]) => name)
  return `handshake ${infoHash} from ${clientName(peerId)} with ${features.join(', ') || 'nothing'}`
}

function describeRange(range: HashRange): string {
  const root = toHex(range.piecesRoot.subarray(0, 4))
  return `${root}… layer ${range.baseLayer} at ${range.index}+${range.length}, ${range.proofLayers} proofs`
}

function ones(bits: Uint8Array): number {
  let count = 0
  for (const byte of bits) for (let left = byte; left > 0; left &= left - 1) count++
  return count
}
