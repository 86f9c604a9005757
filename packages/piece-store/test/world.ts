// A store on a simulated disk: calls answer by virtual time, so that a test reads from top to bottom.

import type { Done, Storage, StorageFile } from '@bt/ports'
import { Bitfield, type BlockData, bytesEqual } from '@bt/primitives'
import { type SimHost, SimNetwork, Simulation } from '@bt/simulator'
import {
  type PieceStore,
  type PieceStoreError,
  type Settled,
  type StoreCondition,
  type StoreOptions,
  openStore,
  partFileLength,
} from '../src/index.ts'
import type { TestTorrent } from './torrents.ts'

export const BLOCK = 16_384
const MIB = 1024 * 1024

export class World {
  readonly simulation: Simulation
  readonly host: SimHost
  readonly torrent: TestTorrent
  readonly conditions: StoreCondition[] = []
  readonly lost: { readonly pieces: readonly number[]; readonly error: PieceStoreError }[] = []

  constructor(torrent: TestTorrent, seed: number | string = 1) {
    this.torrent = torrent
    this.simulation = new Simulation(seed)
    const network = new SimNetwork(this.simulation)
    this.host = network.addHost(network.addSite('here'))
  }

  /** Runs until `start`'s callback was called; throws its error. */
  call<T = void>(start: (done: Done<T>) => void): T {
    let answer: { readonly error: Error | undefined; readonly value: T } | undefined
    let returned = false
    start((error, value) => {
      if (!returned) throw new Error('a callback ran inside the call that took it')
      if (answer !== undefined) throw new Error('a callback ran twice')
      answer = { error, value }
    })
    returned = true
    this.simulation.runUntil(() => answer !== undefined, { timeMs: 1e9 }, 'an answer')
    const { error, value } = answer as unknown as { error: Error | undefined; value: T }
    if (error !== undefined) throw error
    return value
  }

  /** The error that `start` ends in. */
  failure<T>(start: (done: Done<T>) => void): PieceStoreError {
    try {
      this.call(start)
    } catch (error) {
      return error as PieceStoreError
    }
    throw new Error('it did not fail')
  }

  /** Lets everything that is under way come to its end. */
  idle(): void {
    this.simulation.run()
  }

  storage(files: readonly StorageFile[]): Storage {
    return this.call<Storage>((done) => this.host.ports.storage.open(files, done))
  }

  open(options: Partial<StoreOptions> & { readonly partFile?: boolean } = {}): PieceStore {
    return this.call<PieceStore>((done) => this.startOpen(options, done))
  }

  startOpen(
    { partFile = true, ...options }: Partial<StoreOptions> & { readonly partFile?: boolean },
    done: Done<PieceStore>,
  ): void {
    const { metainfo } = this.torrent
    const { hasher } = this.host.ports
    const parts = {
      storage: this.storage(metainfo.files.map(({ path, length }) => ({ path, length }))),
      hasher,
      ...(partFile
        ? { partFile: this.storage([{ path: ['.parts'], length: partFileLength(metainfo) }]) }
        : {}),
    }
    const events = {
      conditionChanged: (condition: StoreCondition) => this.conditions.push(condition),
      lost: (pieces: readonly number[], error: PieceStoreError) =>
        this.lost.push({ pieces, error }),
    }
    openStore(metainfo, parts, { memoryMaxBytes: 64 * MIB, events, ...options }, done)
  }

  /** Begins a piece and hands in every block of it; answers what the last block was answered. */
  fill(store: PieceStore, piece: number, bytes = this.torrent.pieceBytes(piece)): string {
    if (!store.begin(piece)) throw new Error(`piece ${piece} was not begun`)
    const { geometry } = this.torrent.metainfo
    let answer: string = 'none'
    for (const { begin, length } of geometry.blocks(geometry.piece(piece))) {
      // A block is lent: what it lies in is overwritten as soon as the call is over.
      const lent = bytes.slice(begin, begin + length)
      answer = store.accept(piece, begin, lent)
      lent.fill(0xdb)
    }
    return answer
  }

  settle(store: PieceStore, piece: number): Settled {
    return this.call<Settled>((done) => store.settle(piece, done))
  }

  /** Downloads these pieces, one after the other; all unless given. */
  fetch(store: PieceStore, pieces: Iterable<number> = this.pieces()): void {
    for (const piece of pieces) {
      this.fill(store, piece)
      const { verdict } = this.settle(store, piece)
      if (verdict !== 'verified') throw new Error(`piece ${piece} was ${verdict}`)
    }
  }

  recheck(store: PieceStore, pieces = store.doubtful): readonly number[] {
    const progress: number[] = []
    this.call((done) => store.recheck(pieces, (checked) => progress.push(checked), done))
    return progress
  }

  checkpoint(store: PieceStore): Uint8Array {
    return this.call<Uint8Array>((done) => store.checkpoint(done))
  }

  close(store: PieceStore): Uint8Array {
    return this.call<Uint8Array>((done) => store.close(done))
  }

  pieces(): number[] {
    return [...Array.from({ length: this.torrent.metainfo.geometry.pieceCount }).keys()]
  }

  /** What the file of this number holds on the simulated disk. */
  onDisk(file: number): Uint8Array | undefined {
    return this.host.disk.contents((this.torrent.metainfo.files[file]?.path ?? []).join('/'))
  }

  /** Writes the file's true content to the disk, as if it had always been there. */
  putFile(file: number, modifiedMs = 0): void {
    const path = (this.torrent.metainfo.files[file]?.path ?? []).join('/')
    this.host.disk.put(path, this.torrent.contents[file] as Uint8Array, modifiedMs)
  }
}

/** A bitfield of so many bits with these set. */
export function bits(length: number, set: Iterable<number>): Bitfield {
  const field = new Bitfield(length)
  for (const bit of set) field.set(bit)
  return field
}

/** The set bits of a bitfield. */
export function setBits(field: { readonly length: number; has(bit: number): boolean }): number[] {
  const set: number[] = []
  for (let bit = 0; bit < field.length; bit++) if (field.has(bit)) set.push(bit)
  return set
}

/** Fails with the first difference; a comparison of large arrays by the test runner takes seconds. */
export function expectBytes(actual: BlockData | undefined, expected: Uint8Array | undefined): void {
  if (actual !== undefined && !(actual instanceof Uint8Array)) throw new Error('there are no bytes')
  if (actual === undefined || expected === undefined) {
    if (actual !== expected) throw new Error(`${actual?.length} bytes, not ${expected?.length}`)
    return
  }
  if (actual.length !== expected.length) {
    throw new Error(`${actual.length} bytes, not ${expected.length}`)
  }
  if (bytesEqual(actual, expected)) return
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  throw new Error(`byte ${at} is ${actual[at]}, not ${expected[at]}`)
}
