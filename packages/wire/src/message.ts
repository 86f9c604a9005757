// What two peers say to each other after the handshake, as values, and the table of ids and lengths.
//
// One flat union, so that codec, session, trace and simulator share one vocabulary. BEP 3, 5, 6, 10, 52.

import type { BlockData } from '@bt/primitives'

/** A span of one layer of a file's merkle tree, with the uncles that prove it (BEP 52). */
export interface HashRange {
  /** 32 bytes: the root of the file's tree. */
  readonly piecesRoot: Uint8Array
  /** Layers above the leaves; 0 asks for leaf hashes. */
  readonly baseLayer: number
  /** First hash of the span, in that layer. */
  readonly index: number
  /** Hashes in the span. */
  readonly length: number
  /** How many layers of uncles are counted; the first log2(length) - 1 of them are not sent. */
  readonly proofLayers: number
}

/** One message after the handshake. Views in it belong to whoever lent them. */
export type Message =
  | Each<'keep-alive' | 'choke' | 'unchoke' | 'interested' | 'not-interested'>
  | Each<'have-all' | 'have-none'>
  | Each<'have' | 'suggest-piece' | 'allowed-fast', { readonly piece: number }>
  | Each<'bitfield', { readonly bits: Uint8Array }>
  | Each<'request' | 'cancel' | 'reject-request', BlockRange>
  | Each<'piece', BlockContent>
  | Each<'port', { readonly port: number }>
  | Each<'hash-request' | 'hash-reject', { readonly range: HashRange }>
  | Each<'hashes', { readonly range: HashRange; readonly hashes: Uint8Array }>
  | Each<'extended', { readonly id: number; readonly payload: Uint8Array }>
  | Each<'unknown', { readonly id: number; readonly length: number }>

/** One member of a union for each name, so that `Extract<Message, { type: 'have' }>` finds exactly that one. */
export type Each<T extends string, Facts = unknown> = T extends unknown
  ? { readonly type: T } & Facts
  : never

/** A range inside a piece, in bytes, as a peer gave it: not yet checked against a torrent. */
export interface BlockRange {
  readonly piece: number
  readonly begin: number
  readonly length: number
}

/** Data and where in a piece it begins. */
export interface BlockContent {
  readonly piece: number
  readonly begin: number
  readonly data: BlockData
}

/** The fifth byte of a message, by name. */
export const MESSAGE_ID = {
  choke: 0,
  unchoke: 1,
  interested: 2,
  'not-interested': 3,
  have: 4,
  bitfield: 5,
  request: 6,
  piece: 7,
  cancel: 8,
  port: 9,
  'suggest-piece': 13,
  'have-all': 14,
  'have-none': 15,
  'reject-request': 16,
  'allowed-fast': 17,
  extended: 20,
  'hash-request': 21,
  hashes: 22,
  'hash-reject': 23,
} as const

/** Bytes after the four of the length, for messages that always have as many. */
export const FIXED_LENGTH: Readonly<Partial<Record<Message['type'], number>>> = {
  choke: 1,
  unchoke: 1,
  interested: 1,
  'not-interested': 1,
  have: 5,
  request: 13,
  cancel: 13,
  port: 3,
  'suggest-piece': 5,
  'have-all': 1,
  'have-none': 1,
  'reject-request': 13,
  'allowed-fast': 5,
  'hash-request': 49,
  'hash-reject': 49,
}

/** Bytes of a message on the wire, the four of its length included. */
export function wireLength(message: Message): number {
  switch (message.type) {
    case 'piece':
      return 13 + message.data.length
    case 'request':
    case 'cancel':
    case 'reject-request':
      return 17
    case 'keep-alive':
      return 4
    case 'bitfield':
      return 5 + message.bits.length
    case 'extended':
      return 6 + message.payload.length
    case 'hashes':
      return 53 + message.hashes.length
    case 'unknown':
      return 4 + message.length
    default:
      return 4 + (FIXED_LENGTH[message.type] as number)
  }
}
