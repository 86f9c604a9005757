// The store itself: the rooms introduced to each other, and each call sent to the one that answers it.

import type { Metainfo } from '@bt/metainfo'
import type { Alarm, Done } from '@bt/ports'
import type { BlockData, ReadonlyBitfield } from '@bt/primitives'
import { Busy } from './busy.ts'
import { Checkpoints } from './checkpoints.ts'
import { Completion } from './completion.ts'
import type { ContentDisk } from './content-disk.ts'
import { ContentReader } from './content-reader.ts'
import { Downloads } from './downloads.ts'
import { PieceStoreError } from './errors.ts'
import { HashTrees } from './hash-trees.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import { Loads } from './loads.ts'
import { Losses } from './losses.ts'
import type { PieceMemory } from './piece-memory.ts'
import type {
  HashRange,
  Lent,
  PieceStore,
  Resumed,
  Settled,
  StoreCondition,
  StoreEvents,
} from './piece-store.ts'
import { Rechecks } from './rechecks.ts'
import { Selection } from './selection.ts'
import type { Verifier } from './verifier.ts'
import { WriteGate } from './write-gate.ts'

export interface VerifiedStoreParts {
  readonly metainfo: Metainfo
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly memory: PieceMemory
  readonly verifier: Verifier
  readonly later: Later
  readonly resumed: Resumed
  readonly wanted: ReadonlyBitfield
  readonly readAheadBytes: number
  readonly verifyOnRead: boolean
  readonly events: StoreEvents
}

export class VerifiedStore implements PieceStore {
  readonly resumed: Resumed
  readonly #parts: VerifiedStoreParts
  readonly #busy = new Busy()
  readonly #trees: HashTrees
  readonly #gate: WriteGate
  readonly #downloads: Downloads
  readonly #loads: Loads
  readonly #reader: ContentReader
  readonly #selection: Selection
  readonly #rechecks: Rechecks
  readonly #checkpoints: Checkpoints
  #closing: Done<Uint8Array>[] | undefined
  #closedWith: { readonly error: Error | undefined; readonly resume: Uint8Array } | undefined

  constructor(parts: VerifiedStoreParts) {
    this.#parts = parts
    this.resumed = parts.resumed
    const busy = this.#busy
    const { memory, events } = parts
    const trees = new HashTrees(parts.metainfo)
    const gate = new WriteGate((condition) => events.conditionChanged?.(condition))
    const losses = new Losses({
      ...parts,
      gate,
      cache: memory.cache,
      lost: (pieces, error) => events.lost?.(pieces, error),
      prove: (pieces) => {
        this.#rechecks.start(
          pieces,
          () => {},
          () => {},
        )
      },
    })
    parts.disk.watchedBy(losses)
    const completion = new Completion({ ...parts, gate })
    const isOpen = (piece: number): boolean => this.#downloads.isOpen(piece)
    const ended = (then: () => void): void => completion.check(then)
    this.#trees = trees
    this.#gate = gate
    this.#downloads = new Downloads({ ...parts, busy, trees, gate, gained: ended })
    this.#loads = new Loads({
      ...parts,
      busy,
      unreadable: (piece, error, then) => losses.unreadable(piece, error, then),
    })
    this.#reader = new ContentReader({
      ...parts,
      busy,
      losses,
      cache: memory.cache,
      loads: this.#loads,
    })
    const selected = (then: () => void): void => {
      completion.selected(this.#selection.wanted)
      completion.check(then)
    }
    this.#selection = new Selection({ ...parts, busy, gate, losses, ended: selected }, parts.wanted)
    completion.selected(parts.wanted)
    this.#rechecks = new Rechecks({ ...parts, busy, losses, isOpen, ended })
    this.#checkpoints = new Checkpoints({ ...parts, busy, wanted: this.#selection.wanted })
  }

  get have(): ReadonlyBitfield {
    return this.#parts.ledger.have
  }

  get durable(): ReadonlyBitfield {
    return this.#parts.ledger.durable
  }

  get doubtful(): ReadonlyBitfield {
    return this.#parts.ledger.doubtful
  }

  get wanted(): ReadonlyBitfield {
    return this.#selection.wanted
  }

  get condition(): StoreCondition {
    return this.#gate.condition
  }

  get bufferedBytes(): number {
    return this.#downloads.bufferedBytes
  }

  get blockLength(): number {
    return this.#parts.metainfo.geometry.blockLength
  }

  begin(piece: number): boolean {
    return this.#downloads.begin(piece)
  }

  accept(
    piece: number,
    begin: number,
    data: BlockData,
  ): 'partial' | 'complete' | 'duplicate' | 'corrupt' | 'not-begun' {
    return this.#downloads.accept(piece, begin, data)
  }

  settle(piece: number, done: Done<Settled>): void {
    this.#downloads.settle(piece, done)
  }

  discard(piece: number, blocks?: readonly number[]): void {
    this.#downloads.discard(piece, blocks)
  }

  retry(): void {
    if (!this.#gate.retry()) return
    this.#parts.later(() => {
      if (this.condition.state === 'ok') this.#parts.events.conditionChanged?.(this.condition)
    })
  }

  lend(piece: number, begin: number, length: number): Lent | undefined {
    if (!this.have.has(piece)) return undefined
    return this.#parts.memory.cache.lend(piece, begin, length)
  }

  load(piece: number, begin: number, done: Done): void {
    this.#loads.load(piece, begin, done)
  }

  readFile(file: number, offset: number, into: Uint8Array, done: Done): void {
    this.#reader.readFile(file, offset, into, done)
  }

  read(offset: number, into: Uint8Array, done: Done): void {
    this.#reader.read(offset, into, done)
  }

  learnHashes(range: HashRange, hashes: Uint8Array): boolean {
    return this.#trees.learn(range, hashes)
  }

  hashes(range: HashRange): Uint8Array | undefined {
    return this.#trees.answer(range)
  }

  isVerifiable(piece: number): boolean {
    return this.#parts.verifier.isVerifiable(this.#parts.metainfo.geometry.piece(piece))
  }

  select(wantedFiles: ReadonlyBitfield, done: Done): void {
    this.#selection.select(wantedFiles, done)
  }

  recheck(pieces: ReadonlyBitfield, progress: (checked: number) => void, done: Done): Alarm {
    return this.#rechecks.start(pieces, progress, done)
  }

  checkpoint(done: Done<Uint8Array>): void {
    this.#checkpoints.start((error, resume) => {
      done(error, resume)
      if (error === undefined) this.#selection.dropPartFile()
    })
  }

  close(done: Done<Uint8Array>): void {
    const { disk, later, memory } = this.#parts
    const closed = this.#closedWith
    if (closed !== undefined) {
      later(() => done(closed.error, closed.resume))
      return
    }
    if (this.#closing !== undefined) {
      this.#closing.push(done)
      return
    }
    const waiting = [done]
    this.#closing = waiting
    this.#downloads.close()
    this.#loads.close()
    this.#reader.close()
    this.#rechecks.close()
    this.#checkpoints.close()
    const text = 'the store closed while this waited for the disk: what is not written is lost'
    this.#gate.close(new PieceStoreError('CLOSED', text))
    const end = (resume: Uint8Array): void => {
      disk.close((error) => {
        memory.close()
        this.#closedWith = { error, resume }
        for (const one of waiting) one(error, resume)
      })
    }
    this.#busy.whenIdle(() => this.#checkpoints.unsynced(end))
  }
}
