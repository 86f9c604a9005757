// What a swarm asks of its content: verified pieces, bounded memory, honest resume data.
//
// Interfaces only, so that a store of lengths without bytes (simulation, fast profile) or one on foreign
// storage can stand in for ours. A piece is missing, begun, complete, settling, had; never had unverified.

import type { Metainfo } from '@bt/metainfo'
import type { Alarm, Done, Hasher, Storage } from '@bt/ports'
import type { BlockData, ReadonlyBitfield } from '@bt/primitives'
import type { PieceStoreError } from './errors.ts'
import type { MemoryBudget } from './memory-budget.ts'

/** How the settling of a piece ended. A block is `blockLength` bytes of the piece; the last may be short. */
export type Settled =
  /**
   * In `have`, and written. `blockDigests` (SHA-1, 20 bytes a block) only when an earlier try of this
   * piece was corrupt: compare with the digests of that try to find who lied.
   */
  | { readonly verdict: 'verified'; readonly blockDigests?: Uint8Array }
  /**
   * The bytes stay until `discard`. `wrongBlocks`: indexes of the blocks that are wrong, known with v2
   * leaf hashes only; `blockDigests` (SHA-1, 20 bytes a block) serve smart ban.
   */
  | {
      readonly verdict: 'corrupt'
      readonly wrongBlocks?: readonly number[]
      readonly blockDigests: Uint8Array
    }

/** 'ok', or why nothing is written now. Reading goes on. */
export type StoreCondition =
  | { readonly state: 'ok' }
  | { readonly state: 'stopped'; readonly error: PieceStoreError }

/**
 * A block to serve: memory of the store, or of a store of lengths only their number. Pinned until `release` (call it
 * once; more calls do nothing). Read it, never write it.
 */
export interface Lent {
  readonly bytes: BlockData
  release(): void
}

/** A range of hashes of a v2 file's merkle tree, as BEP 52 names it on the wire (same shape as @bt/wire's). */
export interface HashRange {
  readonly piecesRoot: Uint8Array
  readonly baseLayer: number
  readonly index: number
  readonly length: number
  readonly proofLayers: number
}

/** What became of the resume data that was handed in; `generation` counts from 0, the newest. */
export type Resumed =
  | { readonly state: 'absent' }
  | { readonly state: 'used'; readonly generation: number }
  | {
      readonly state: 'refused'
      readonly why: 'RESUME_CORRUPT' | 'RESUME_VERSION' | 'RESUME_OTHER_TORRENT'
    }

/** All callbacks run later than the call that took them, once. Pieces are numbers in 0 … pieceCount − 1. */
export interface PieceStore {
  /** Verified, written and readable. Live: the same object all along. */
  readonly have: ReadonlyBitfield
  /** Of those, on stable storage (a sync that began after the write has ended). durable ⊆ have. */
  readonly durable: ReadonlyBitfield
  /** Perhaps on disk already, not verified: hand it to `recheck`, or the pieces are downloaded again. */
  readonly doubtful: ReadonlyBitfield
  /** Files that are wanted, as last selected. */
  readonly wanted: ReadonlyBitfield
  readonly condition: StoreCondition
  readonly resumed: Resumed
  /** Memory of begun and settling pieces; at most `memoryMaxBytes`, or one piece where that is less. */
  readonly bufferedBytes: number
  /** Unit in which blocks are counted (16 KiB). A block that is accepted begins at a multiple of it. */
  readonly blockLength: number

  /**
   * Takes memory for a piece before its first request. True too when it was begun already.
   * False: the budget is used up, or the condition is 'stopped': start no new piece. Never evicts.
   */
  begin(piece: number): boolean
  /**
   * Takes one block of a begun piece: the one copy; the caller's memory may be reused when this returns.
   * A block is any number of whole units of `blockLength` (up to the piece's end).
   * 'complete': every byte is here, call `settle` once. 'duplicate': it was here; nothing changed.
   * 'corrupt': a v2 leaf hash is known and differs; nothing was copied: blame the sender now.
   */
  accept(
    piece: number,
    begin: number,
    data: BlockData,
  ): 'partial' | 'complete' | 'duplicate' | 'corrupt' | 'not-begun'
  /**
   * Hashes; writes what is right; `have` is set before `done`. Write errors: condition 'stopped', the piece
   * stays buffered, `done` waits for `retry` or `discard` (error 'DISCARDED').
   */
  settle(piece: number, done: Done<Settled>): void
  /**
   * Gives a begun piece back. With `blocks` (indexes) only these are missing again, the rest stays:
   * for a corrupt piece whose wrong blocks are known.
   */
  discard(piece: number, blocks?: readonly number[]): void
  /** After the disk has room or rights again, or to go on where files vanished. */
  retry(): void

  /** Bytes already in memory (fresh piece, read cache), pinned until released: the upload path, no copy. */
  lend(piece: number, begin: number, length: number): Lent | undefined
  /**
   * Brings a whole piece (at most `readAheadBytes` of it from `begin` on) into memory with one storage call
   * a file; then `lend` finds it. Loads of the same range share one read.
   * An error: the piece is no longer had (see `StoreEvents.lost`), or, code 'BUSY', all memory is lent.
   */
  load(piece: number, begin: number, done: Done): void
  /** Bytes of one file, across pieces; every piece of it must be had. For readers and streams. */
  readFile(file: number, offset: number, into: Uint8Array, done: Done): void
  /** The same over the whole content: files one after the other, pad files included, without the gaps of v2. */
  read(offset: number, into: Uint8Array, done: Done): void

  /** v2: leaf or piece-layer hashes from a peer; false when they do not lead to the file's root. */
  learnHashes(range: HashRange, hashes: Uint8Array): boolean
  /** Hashes with their proof, as a `hashes` message carries them; undefined: not known here. */
  hashes(range: HashRange): Uint8Array | undefined
  /** False: no hash of this piece is known yet (v2 magnet), it can not be settled. */
  isVerifiable(piece: number): boolean

  /** Unwanted files are never created; pieces they share go to the part file, and move when they become wanted. */
  select(wantedFiles: ReadonlyBitfield, done: Done): void
  /**
   * Reads and hashes these pieces and corrects `have`; `checked` counts up to `pieces.count`.
   * Begun pieces are left out (and counted). `cancel`: `done` is not called, what was found stays found.
   */
  recheck(pieces: ReadonlyBitfield, progress: (checked: number) => void, done: Done): Alarm

  /**
   * Syncs the files written since the last one, then answers the resume data: durable pieces,
   * written-but-unsynced pieces, sizes and times of files. Save it atomically (the Keep port does).
   * An error (sync failed): nothing became durable; ask again later.
   */
  checkpoint(done: Done<Uint8Array>): void
  /** Waits for writes under way, not for a sync; answers resume data that says what was not synced. */
  close(done: Done<Uint8Array>): void
}

/** Told by a store, never asked; called from inside port callbacks, not from inside your calls. */
export interface StoreEvents {
  /** Nothing is written from now on, or it is again. */
  conditionChanged?(condition: StoreCondition): void
  /** These were had and are no longer: unreadable, changed or gone. Those that may be there nevertheless are `doubtful` now. */
  lost?(pieces: readonly number[], error: PieceStoreError): void
}

export interface StoreParts {
  readonly storage: Storage
  readonly hasher: Hasher
  /** Takes, as its file 0, pieces' bytes that belong to unwanted files. Without it everything must be wanted. */
  readonly partFile?: Storage
}

export interface StoreOptions {
  /** Resume data, or its generations, newest first: the first that is whole is used. */
  readonly resume?: Uint8Array | readonly Uint8Array[]
  /** For begun pieces and the read cache together; one piece is always allowed. */
  readonly memoryMaxBytes: number
  /** Shared by several stores; counts instead of `memoryMaxBytes`. Each store may always begin one piece. */
  readonly memory?: MemoryBudget
  /** Hashes a piece again when it is read from disk for upload. */
  readonly verifyOnRead?: boolean
  /** Files to have. Default: as the resume data says, else all. */
  readonly wanted?: ReadonlyBitfield
  /** Most of a piece that one `load` reads; a multiple of 16 KiB. Default 1 MiB. */
  readonly readAheadBytes?: number
  /** Take the data as right without hashing wherever the files have their full length (`--trust-data`). */
  readonly trustData?: boolean
  readonly events?: StoreEvents
}

/** Opens quickly: nothing is hashed; see `doubtful`. */
export type OpenStore = (
  metainfo: Metainfo,
  parts: StoreParts,
  options: StoreOptions,
  done: Done<PieceStore>,
) => void
