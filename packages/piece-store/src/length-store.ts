// A store of lengths without bytes: what the simulator's fast profile puts in place of pieces.
//
// It keeps the contract of every store (begun before accepted, had only after it was settled) and touches no disk and
// no memory of content. Nothing is hashed: a piece is right when every block of it said that it was genuine. Digests are
// made up, the same for every right block and never twice the same for wrong ones, so that blame works as on bytes.

import type { Metainfo } from '@bt/metainfo'
import type { Alarm, Clock, Done, StorageProvider } from '@bt/ports'
import { Bitfield, type BlockData, invariant, type ReadonlyBitfield } from '@bt/primitives'
import { PieceStoreError } from './errors.ts'
import { type Later, laterBy } from './later.ts'
import type {
  Lent,
  OpenStore,
  PieceStore,
  Resumed,
  Settled,
  StoreCondition,
} from './piece-store.ts'

export interface LengthStoreOptions {
  /** Pieces that it serves wrong though it has them: a corrupt peer. Asked at each serving. */
  readonly spoils?: (piece: number) => boolean
  /** Pieces that it has from the start, as after a restart; copied. */
  readonly had?: ReadonlyBitfield
}

/** Has every piece from the start where the data is to be trusted (`trustData`), else none. */
export function openLengthStore(options: LengthStoreOptions = {}): OpenStore {
  return (metainfo, { storage, hasher }, { trustData, wanted }, done) => {
    const later = laterBy(hasher)
    const store = new LengthStore({
      metainfo,
      later,
      full: trustData === true,
      wanted: wanted ?? Bitfield.full(metainfo.files.length),
      spoils: options.spoils,
      had: options.had,
      closed: (then) => storage.close(then),
    })
    later(() => done(undefined, store))
  }
}

/** A disk for stores that use none: it opens and closes, and has nothing. */
export function noStorage(clock: Clock): StorageProvider {
  const soon = (run: () => void): void => void clock.at(clock.now(), run)
  const refuse = (done: Done<never>): void => {
    const error = new PieceStoreError('NOT_HERE', 'there is no disk: only lengths are kept')
    soon(() => done(error, undefined as never))
  }
  return {
    open: (_files, opened) =>
      soon(() =>
        opened(undefined, {
          read: (_file, _offset, _into, done) => refuse(done as Done<never>),
          write: (_file, _offset, _bytes, done) => refuse(done as Done<never>),
          stat: (_file, done) => soon(() => done(undefined, undefined)),
          truncate: (_file, _length, done) => refuse(done as Done<never>),
          sync: (_files, done) => soon(() => done(undefined)),
          remove: (_file, done) => soon(() => done(undefined)),
          close: (done) => soon(() => done(undefined)),
        }),
      ),
  }
}

interface LengthStoreParts {
  readonly metainfo: Metainfo
  readonly later: Later
  readonly full: boolean
  readonly wanted: ReadonlyBitfield
  readonly spoils: ((piece: number) => boolean) | undefined
  readonly had: ReadonlyBitfield | undefined
  readonly closed: (then: (error: Error | undefined) => void) => void
}

/** A piece between `begin` and its end. */
interface Begun {
  /** Blocks that are not here. */
  left: number
  /** For each block: 0 not here, 1 right, above that the number of a wrong one. */
  readonly blocks: number[]
}

const DIGEST_LENGTH = 20
const NOTHING = new Uint8Array(0)
const ABSENT: Resumed = { state: 'absent' }
const OK: StoreCondition = { state: 'ok' }
const RIGHT = 1

class LengthStore implements PieceStore {
  readonly have: Bitfield
  readonly doubtful: ReadonlyBitfield
  readonly condition = OK
  readonly resumed = ABSENT
  readonly #parts: LengthStoreParts
  readonly #begun = new Map<number, Begun>()
  readonly #onceCorrupt = new Set<number>()
  #wanted: ReadonlyBitfield
  #bufferedBytes = 0
  /** Wrong blocks so far: no two have the same digest. */
  #wrong = RIGHT
  /** The block lent last: nearly all are of one length. */
  #lent: Lent = lentBlock(0, true)

  constructor(parts: LengthStoreParts) {
    this.#parts = parts
    const { pieceCount } = parts.metainfo.geometry
    const before = parts.had === undefined ? new Bitfield(pieceCount) : Bitfield.copyOf(parts.had)
    this.have = parts.full ? Bitfield.full(pieceCount) : before
    this.doubtful = new Bitfield(pieceCount)
    this.#wanted = parts.wanted
  }

  /** There is no disk that could lose it. */
  get durable(): ReadonlyBitfield {
    return this.have
  }

  get wanted(): ReadonlyBitfield {
    return this.#wanted
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  get blockLength(): number {
    return this.#parts.metainfo.geometry.blockLength
  }

  begin(piece: number): boolean {
    if (this.#begun.has(piece)) return true
    const { geometry } = this.#parts.metainfo
    const index = geometry.piece(piece)
    const count = geometry.blockCount(index)
    this.#begun.set(piece, { left: count, blocks: Array.from({ length: count }, () => 0) })
    this.#bufferedBytes += geometry.lengthOf(index)
    return true
  }

  accept(
    piece: number,
    begin: number,
    data: BlockData,
  ): 'partial' | 'complete' | 'duplicate' | 'corrupt' | 'not-begun' {
    const begun = this.#begun.get(piece)
    if (begun === undefined) return 'not-begun'
    const isGenuine = data instanceof Uint8Array || data.genuine
    const first = begin / this.blockLength
    const end = first + Math.ceil(data.length / this.blockLength)
    invariant(Number.isInteger(first) && end <= begun.blocks.length, 'blocks come whole')
    let isNews = false
    for (let block = first; block < end; block++) {
      if (begun.blocks[block] !== 0) continue
      begun.blocks[block] = isGenuine ? RIGHT : ++this.#wrong
      begun.left--
      isNews = true
    }
    if (!isNews) return 'duplicate'
    return begun.left === 0 ? 'complete' : 'partial'
  }

  settle(piece: number, done: Done<Settled>): void {
    const begun = this.#begun.get(piece)
    invariant(begun?.left === 0, 'a piece that is settled is complete')
    this.#parts.later(() => this.#settled(piece, begun, done))
  }

  discard(piece: number, blocks?: readonly number[]): void {
    const begun = this.#begun.get(piece)
    if (begun === undefined) return
    if (blocks === undefined) return this.#end(piece)
    for (const block of blocks) {
      if (begun.blocks[block] === 0) continue
      begun.blocks[block] = 0
      begun.left++
    }
  }

  retry(): void {}

  lend(piece: number, _begin: number, length: number): Lent | undefined {
    if (!this.have.has(piece)) return undefined
    const isGenuine = this.#parts.spoils?.(piece) !== true
    if (!isLength(this.#lent.bytes, length, isGenuine)) this.#lent = lentBlock(length, isGenuine)
    return this.#lent
  }

  load(piece: number, _begin: number, done: Done): void {
    this.#refuse(`piece ${piece} is not had`, done)
  }

  readFile(file: number, _offset: number, _into: Uint8Array, done: Done): void {
    this.#refuse(`file ${file} has no bytes: only lengths are kept`, done)
  }

  read(offset: number, _into: Uint8Array, done: Done): void {
    this.#refuse(`there are no bytes at ${offset}: only lengths are kept`, done)
  }

  learnHashes(): boolean {
    return false
  }

  hashes(): undefined {
    return undefined
  }

  isVerifiable(): boolean {
    return true
  }

  select(wantedFiles: ReadonlyBitfield, done: Done): void {
    this.#wanted = wantedFiles
    this.#parts.later(() => done(undefined))
  }

  recheck(_pieces: ReadonlyBitfield, _progress: (checked: number) => void, done: Done): Alarm {
    let isOver = false
    this.#parts.later(() => {
      if (!isOver) done(undefined)
    })
    return {
      cancel: () => {
        isOver = true
      },
    }
  }

  checkpoint(done: Done<Uint8Array>): void {
    this.#parts.later(() => done(undefined, NOTHING))
  }

  close(done: Done<Uint8Array>): void {
    this.#begun.clear()
    this.#bufferedBytes = 0
    this.#parts.closed((error) => done(error, NOTHING))
  }

  #settled(piece: number, begun: Begun, done: Done<Settled>): void {
    if (this.#begun.get(piece) !== begun) {
      const error = new PieceStoreError('DISCARDED', `piece ${piece} was given up`, { piece })
      return done(error, undefined as never)
    }
    if (begun.blocks.every((block) => block === RIGHT)) {
      this.#end(piece)
      this.have.set(piece)
      const wasCorrupt = this.#onceCorrupt.delete(piece)
      if (!wasCorrupt) return done(undefined, { verdict: 'verified' })
      return done(undefined, { verdict: 'verified', blockDigests: digestsOf(begun) })
    }
    this.#onceCorrupt.add(piece)
    done(undefined, { verdict: 'corrupt', blockDigests: digestsOf(begun) })
  }

  #end(piece: number): void {
    this.#begun.delete(piece)
    const { geometry } = this.#parts.metainfo
    this.#bufferedBytes -= geometry.lengthOf(geometry.piece(piece))
  }

  #refuse(what: string, done: Done): void {
    this.#parts.later(() => done(new PieceStoreError('NOT_HERE', what)))
  }
}

function lentBlock(length: number, genuine: boolean): Lent {
  return { bytes: { length, genuine }, release: () => {} }
}

function isLength(data: BlockData, length: number, genuine: boolean): boolean {
  return data.length === length && !(data instanceof Uint8Array) && data.genuine === genuine
}

/** 20 bytes a block: the number of the block's content, which stands for its hash. */
function digestsOf({ blocks }: Begun): Uint8Array {
  const digests = new Uint8Array(blocks.length * DIGEST_LENGTH)
  const view = new DataView(digests.buffer)
  for (const [at, content] of blocks.entries()) view.setUint32(at * DIGEST_LENGTH, content)
  return digests
}
