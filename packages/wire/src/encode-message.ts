// Messages to bytes, in one allocation (BEP 3, 5, 6, 10, 52).
//
// `writeMessage` writes into memory that the caller measured with `wireLength`, so that a whole drain of messages
// costs one allocation; the data of a block is never written, it goes out as its own chunk.

import { invariant } from '@bt/primitives'
import { type HashRange, MESSAGE_ID, type Message, wireLength } from './message.ts'

/** A message as it goes on the wire, in a fresh array. A block without bytes (fast profile) cannot be encoded. */
export function encodeMessage(message: Message): Uint8Array {
  const bytes = new Uint8Array(wireLength(message))
  const end = writeMessage(message, bytes, 0)
  if (message.type === 'piece') {
    invariant(message.data instanceof Uint8Array, 'a block that goes on a wire has bytes')
    bytes.set(message.data, end)
  }
  return bytes
}

/** Writes a message at `at`, of a piece message only its 13 bytes of head; answers where it ends. */
export function writeMessage(message: Message, into: Uint8Array, at: number): number {
  switch (message.type) {
    case 'keep-alive':
      return writeUint32(into, at, 0)
    case 'choke':
    case 'unchoke':
    case 'interested':
    case 'not-interested':
    case 'have-all':
    case 'have-none':
      return writeHead(into, at, 1, MESSAGE_ID[message.type])
    case 'have':
    case 'suggest-piece':
    case 'allowed-fast':
      return writeUint32(into, writeHead(into, at, 5, MESSAGE_ID[message.type]), message.piece)
    case 'request':
    case 'cancel':
    case 'reject-request': {
      const piece = writeHead(into, at, 13, MESSAGE_ID[message.type])
      const begin = writeUint32(into, piece, message.piece)
      return writeUint32(into, writeUint32(into, begin, message.begin), message.length)
    }
    case 'piece': {
      const piece = writeHead(into, at, 9 + message.data.length, MESSAGE_ID.piece)
      return writeUint32(into, writeUint32(into, piece, message.piece), message.begin)
    }
    case 'bitfield':
      return writeBytes(
        into,
        writeHead(into, at, 1 + message.bits.length, MESSAGE_ID.bitfield),
        message.bits,
      )
    case 'port': {
      const port = writeHead(into, at, 3, MESSAGE_ID.port)
      into[port] = message.port >>> 8
      into[port + 1] = message.port
      return port + 2
    }
    case 'extended': {
      const id = writeHead(into, at, 2 + message.payload.length, MESSAGE_ID.extended)
      into[id] = message.id
      return writeBytes(into, id + 1, message.payload)
    }
    case 'hash-request':
    case 'hash-reject':
      return writeRange(into, writeHead(into, at, 49, MESSAGE_ID[message.type]), message.range)
    case 'hashes': {
      const range = writeHead(into, at, 49 + message.hashes.length, MESSAGE_ID.hashes)
      return writeBytes(into, writeRange(into, range, message.range), message.hashes)
    }
    default:
      // Unknown: only its shape is known, zeros stand for the rest.
      return writeHead(into, at, message.length, message.id) + message.length - 1
  }
}

function writeHead(into: Uint8Array, at: number, length: number, id: number): number {
  into[writeUint32(into, at, length)] = id
  return at + 5
}

function writeUint32(into: Uint8Array, at: number, value: number): number {
  into[at] = value >>> 24
  into[at + 1] = value >>> 16
  into[at + 2] = value >>> 8
  into[at + 3] = value
  return at + 4
}

function writeBytes(into: Uint8Array, at: number, bytes: Uint8Array): number {
  into.set(bytes, at)
  return at + bytes.length
}

function writeRange(into: Uint8Array, at: number, range: HashRange): number {
  invariant(range.piecesRoot.length === 32, 'a merkle root has 32 bytes')
  const base = writeUint32(into, writeBytes(into, at, range.piecesRoot), range.baseLayer)
  const length = writeUint32(into, base, range.index)
  return writeUint32(into, writeUint32(into, length, range.length), range.proofLayers)
}
