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
  | {
      readonly type:
        | 'keep-alive'
        | 'choke'
        | 'unchoke'
        | 'interested'
        | 'not-interested'
        | 'have-all'
        | 'have-none'
    }
  | { readonly type: 'have' | 'suggest-piece' | 'allowed-fast'; readonly piece: number }
  | { readonly type: 'bitfield'; readonly bits: Uint8Array }
  | {
      readonly type: 'request' | 'cancel' | 'reject-request'
      readonly piece: number
      readonly begin: number
      readonly length: number
    }
  | {
      readonly type: 'piece'
      readonly piece: number
      readonly begin: number
      readonly data: BlockData
    }
  | { readonly type: 'port'; readonly port: number }
  | { readonly type: 'hash-request' | 'hash-reject'; readonly range: HashRange }
  | { readonly type: 'hashes'; readonly range: HashRange; readonly hashes: Uint8Array }
  | { readonly type: 'extended'; readonly id: number; readonly payload: Uint8Array }
  | { readonly type: 'unknown'; readonly id: number; readonly length: number }

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
