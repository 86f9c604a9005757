// Bringing what peers ask for from disk into the read cache: one read for everybody who waits for the same run.

import type { Metainfo, PieceIndex } from '@bt/metainfo'
import type { Done } from '@bt/ports'
import type { Busy } from './busy.ts'
import type { ContentDisk } from './content-disk.ts'
import { PieceStoreError } from './errors.ts'
import type { Later } from './later.ts'
import type { Ledger } from './ledger.ts'
import type { PieceMemory } from './piece-memory.ts'
import { FORCED_LOADS, LOADS_PER_LOOK, SERVED_LENGTH_MAX } from './store-limits.ts'
import type { Verifier } from './verifier.ts'

export interface LoadParts {
  readonly metainfo: Metainfo
  readonly memory: PieceMemory
  readonly verifier: Verifier
  readonly disk: ContentDisk
  readonly ledger: Ledger
  readonly busy: Busy
  readonly later: Later
  readonly readAheadBytes: number
  readonly verifyOnRead: boolean
  /** A piece that was had can not be read, or is not what it was. */
  readonly unreadable: (piece: PieceIndex, error: PieceStoreError, then: () => void) => void
}

export class Loads {
  readonly #parts: LoadParts
  /** Who waits, by place of the run's first byte in the piece space. */
  readonly #open = new Map<number, Done[]>()
  #closed = false
  #loads = 0

  constructor(parts: LoadParts) {
    this.#parts = parts
  }

  load(index: number, from: number, done: Done): void {
    const { metainfo, memory, ledger, later } = this.#parts
    const piece = metainfo.geometry.piece(index)
    const refusal = this.#closed
      ? new PieceStoreError('CLOSED', `the store is closed: piece ${piece} is not read`, { piece })
      : ledger.have.has(piece)
        ? undefined
        : new PieceStoreError('NOT_HERE', `piece ${piece} is not had: it is not read`, { piece })
    const whole = metainfo.geometry.lengthOf(piece)
    const servedLength = Math.min(SERVED_LENGTH_MAX, whole - from)
    if (refusal !== undefined || memory.cache.has(piece, from, servedLength)) {
      later(() => done(refusal))
      return
    }
    const { begin, length } = this.#run(from, servedLength, whole)
    const key = piece * metainfo.geometry.pieceLength + begin
    const waiting = this.#open.get(key)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    const pool = length > memory.runs.bufferLength ? memory.pieces : memory.runs
    const forced = memory.cache.count + this.#open.size < FORCED_LOADS
    const buffer = memory.take(pool, forced)
    if (buffer === undefined) {
      const text = `all memory for reading is lent: piece ${piece} is not read now, try later`
      later(() => done(new PieceStoreError('BUSY', text, { piece })))
      return
    }
    this.#open.set(key, [done])
    this.#parts.busy.enter()
    const { forgets } = memory.cache
    if (++this.#loads % LOADS_PER_LOOK === 0) this.#look(piece, begin, length)
    this.#read(piece, begin, buffer.subarray(0, length), (error) => {
      const end = (): void => {
        const dones = this.#open.get(key) ?? []
        this.#open.delete(key)
        for (const one of dones) one(error)
        this.#parts.busy.leave()
      }
      if (error === undefined && memory.cache.forgets === forgets) {
        memory.cache.put({ piece, begin, length }, buffer, pool, true)
        end()
        return
      }
      pool.give(buffer)
      if (error === undefined) end()
      else this.#parts.unreadable(piece, error, end)
    })
  }

  close(): void {
    this.#closed = true
  }

  /** A multiple of the read-ahead where that holds what may be asked for, else just what may be asked for and on. */
  #run(from: number, servedLength: number, whole: number): { begin: number; length: number } {
    const { readAheadBytes, verifyOnRead } = this.#parts
    if (verifyOnRead || readAheadBytes >= whole) return { begin: 0, length: whole }
    const aligned = Math.floor(from / readAheadBytes) * readAheadBytes
    const begin = from + servedLength <= aligned + readAheadBytes ? aligned : from
    return { begin, length: Math.min(readAheadBytes, whole - begin) }
  }

  /** Has another program changed what we read? The disk's watch hears of it. */
  #look(piece: PieceIndex, begin: number, length: number): void {
    const { busy, disk } = this.#parts
    for (const { where, file } of disk.placement.places(piece, begin, length)) {
      if (where !== 'file') continue
      busy.enter()
      disk.look(file, () => busy.leave())
    }
  }

  #read(
    piece: PieceIndex,
    begin: number,
    into: Uint8Array,
    done: (error: PieceStoreError | undefined) => void,
  ): void {
    const { disk, verifier, verifyOnRead } = this.#parts
    disk.read(piece, begin, into, (error) => {
      if (error !== undefined || !verifyOnRead) {
        done(error)
        return
      }
      verifier.isRight(piece, into, (failure, right) => {
        if (failure === undefined && right) done(undefined)
        else done(changed(piece, failure))
      })
    })
  }
}

function changed(piece: PieceIndex, cause: Error | undefined): PieceStoreError {
  return new PieceStoreError(
    'CHANGED_UNDER_US',
    `piece ${piece} on disk is not what it was when it was verified: another program or a failing disk changed it`,
    cause === undefined ? { piece } : { piece, cause },
  )
}
