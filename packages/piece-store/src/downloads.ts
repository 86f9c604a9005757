// The life of a begun piece: blocks in, hash, write, had; or corrupt, or given back.
//
// Hashing comes before writing, so that wrong bytes never reach the disk. The one copy of a block is here, in
// `accept`; after that a piece keeps its memory until it is written and passes it on to the read cache.

import type { Metainfo } from '@bt/metainfo'
import type { Done } from '@bt/ports'
import { type BlockData, invariant } from '@bt/primitives'
import type { Busy } from './busy.ts'
import type { ContentDisk } from './content-disk.ts'
import { PieceStoreError } from './errors.ts'
import type { HashTrees } from './hash-trees.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import { OpenPiece } from './open-piece.ts'
import type { PieceMemory } from './piece-memory.ts'
import type { Settled } from './piece-store.ts'
import type { Verifier } from './verifier.ts'
import type { WriteGate, WriteJob } from './write-gate.ts'

export interface DownloadParts {
  readonly metainfo: Metainfo
  readonly memory: PieceMemory
  readonly verifier: Verifier
  readonly trees: HashTrees
  readonly disk: ContentDisk
  readonly gate: WriteGate
  readonly ledger: Ledger
  readonly busy: Busy
  readonly later: Later
  /** A piece came to be had; calls `then` when what completion asks for is done. */
  readonly gained: (then: () => void) => void
}

export class Downloads {
  readonly #parts: DownloadParts
  readonly #open = new Map<number, OpenPiece>()
  readonly #writing = new Map<OpenPiece, WriteJob>()
  readonly #onceCorrupt = new Set<number>()
  #buffers = 0
  #closed = false

  constructor(parts: DownloadParts) {
    this.#parts = parts
  }

  get bufferedBytes(): number {
    return this.#buffers * this.#parts.memory.pieces.bufferLength
  }

  isOpen(piece: number): boolean {
    return this.#open.has(piece)
  }

  begin(piece: number): boolean {
    if (this.#open.has(piece)) return true
    const { metainfo, memory, gate } = this.#parts
    if (this.#closed || gate.condition.state === 'stopped') return false
    const buffer = memory.take(memory.pieces, this.#buffers === 0)
    if (buffer === undefined) return false
    this.#buffers++
    const { geometry } = metainfo
    this.#open.set(piece, new OpenPiece(geometry, geometry.piece(piece), buffer, memory.copy))
    return true
  }

  accept(
    piece: number,
    begin: number,
    data: BlockData,
  ): 'partial' | 'complete' | 'duplicate' | 'corrupt' | 'not-begun' {
    const open = this.#open.get(piece)
    if (open === undefined) return 'not-begun'
    invariant(data instanceof Uint8Array, 'a store of bytes takes bytes')
    if (this.#parts.trees.knowsLeaves && !this.#parts.trees.mayBeRight(open.piece, begin, data)) {
      return 'corrupt'
    }
    return open.take(begin, data)
  }

  settle(piece: number, done: Done<Settled>): void {
    const open = this.#open.get(piece)
    invariant(open?.isComplete === true, 'a piece that is settled is complete')
    invariant(open.state === 'open', 'a piece is settled once')
    open.state = 'settling'
    this.#parts.busy.enter()
    const sha1 = this.#sha1OnTheWay(open)
    if (sha1 !== undefined) {
      this.#writeVerified(open, sha1, done)
      return
    }
    this.#parts.verifier.isRight(open.piece, open.bytes, (error, right) => {
      if (open.state === 'gone') this.#endDiscarded(open, done)
      else if (error !== undefined) this.#endUndecided(open, error, done)
      else if (right) this.#settleRight(open, done)
      else this.#settleWrong(open, done)
    })
  }

  discard(piece: number, blocks?: readonly number[]): void {
    const open = this.#open.get(piece)
    if (open === undefined) return
    if (blocks !== undefined) {
      invariant(open.state !== 'settling', 'blocks of a piece that settles stay')
      open.forget(blocks)
      return
    }
    this.#open.delete(piece)
    const settling = open.state === 'settling'
    open.state = 'gone'
    if (!settling) {
      this.#free(open)
      this.#parts.memory.budget.freed()
      return
    }
    const job = this.#writing.get(open)
    if (job !== undefined && this.#parts.gate.withdraw(job)) this.#parts.later(() => job.ended())
  }

  /** Pieces that do not settle are given back; those that do go on. */
  close(): void {
    this.#closed = true
    for (const [piece, open] of this.#open) if (open.state !== 'settling') this.discard(piece)
  }

  /** Set where hashing and writing may be one job: nothing holds writes up, and nobody was wrong about it before. */
  #sha1OnTheWay(open: OpenPiece): Uint8Array | undefined {
    const { disk, gate, verifier } = this.#parts
    if (this.#onceCorrupt.has(open.piece) || gate.condition.state !== 'ok') return undefined
    return disk.writesVerified(open.piece) ? verifier.onlySha1(open.piece) : undefined
  }

  #writeVerified(open: OpenPiece, sha1: Uint8Array, done: Done<Settled>): void {
    const { disk } = this.#parts
    let right = true
    this.#pass(
      open,
      done,
      (answer) => {
        disk.writeVerified(open.piece, open.bytes, sha1, (error, wrote) => {
          right = error !== undefined || wrote
          answer(error)
        })
      },
      () => {
        if (right) this.#endWritten(open, { verdict: 'verified' }, done)
        else this.#settleWrong(open, done)
      },
    )
  }

  #settleRight(open: OpenPiece, done: Done<Settled>): void {
    if (!this.#onceCorrupt.has(open.piece)) {
      this.#write(open, { verdict: 'verified' }, done)
      return
    }
    this.#parts.verifier.blockDigests(open.piece, open.bytes, (error, blockDigests) => {
      if (error !== undefined) this.#endUndecided(open, error, done)
      else this.#write(open, { verdict: 'verified', blockDigests }, done)
    })
  }

  #settleWrong(open: OpenPiece, done: Done<Settled>): void {
    const { verifier, trees, busy } = this.#parts
    this.#onceCorrupt.add(open.piece)
    verifier.blockDigests(open.piece, open.bytes, (error, blockDigests) => {
      if (open.state === 'gone') this.#endDiscarded(open, done)
      else if (error !== undefined) this.#endUndecided(open, error, done)
      else {
        open.state = 'corrupt'
        const wrongBlocks = trees.wrongBlocks(open.piece, open.bytes, open.blockLength)
        done(undefined, {
          verdict: 'corrupt',
          blockDigests,
          ...(wrongBlocks === undefined ? {} : { wrongBlocks }),
        })
        busy.leave()
      }
    })
  }

  #write(open: OpenPiece, settled: Settled, done: Done<Settled>): void {
    const { disk } = this.#parts
    this.#pass(
      open,
      done,
      (answer) => disk.write(open.piece, open.bytes, answer),
      () => this.#endWritten(open, settled, done),
    )
  }

  /** Through the gate; what was discarded meanwhile fails nobody. */
  #pass(open: OpenPiece, done: Done<Settled>, write: WriteJob['attempt'], ended: () => void): void {
    const job: WriteJob = {
      exclusive: false,
      attempt: (answer) => {
        write((error) => answer(open.state === 'gone' ? undefined : error))
      },
      ended: () => {
        this.#writing.delete(open)
        if (open.state === 'gone') this.#endDiscarded(open, done)
        else ended()
      },
      abandoned: (error) => {
        this.#writing.delete(open)
        this.#parts.later(() => this.#endUndecided(open, error, done))
      },
    }
    this.#writing.set(open, job)
    if (open.state === 'gone') job.ended()
    else this.#parts.gate.add(job)
  }

  #endWritten(open: OpenPiece, settled: Settled, done: Done<Settled>): void {
    const { memory, ledger, busy } = this.#parts
    this.#open.delete(open.piece)
    this.#onceCorrupt.delete(open.piece)
    ledger.gained(open.piece)
    this.#buffers--
    const run = { piece: open.piece, begin: 0, length: open.bytes.length }
    memory.cache.put(run, open.buffer, memory.pieces, false)
    this.#parts.gained(() => {
      done(undefined, settled)
      memory.budget.freed()
      busy.leave()
    })
  }

  #endDiscarded(open: OpenPiece, done: Done<Settled>): void {
    this.#free(open)
    const text = `piece ${open.piece} was discarded before it was settled`
    const error = new PieceStoreError('DISCARDED', text, { piece: open.piece })
    done(error, undefined as never)
    this.#parts.memory.budget.freed()
    this.#parts.busy.leave()
  }

  /** Neither right nor wrong: the hasher failed, or the store closed. Complete as before, to be settled again. */
  #endUndecided(open: OpenPiece, error: Error, done: Done<Settled>): void {
    if (open.state === 'gone') {
      this.#endDiscarded(open, done)
      return
    }
    open.state = 'open'
    done(error, undefined as never)
    this.#parts.busy.leave()
  }

  #free(open: OpenPiece): void {
    this.#buffers--
    this.#parts.memory.pieces.give(open.buffer)
  }
}
