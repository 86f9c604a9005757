// A small download on a store, as a swarm would drive it: several pieces at once, checkpoints, reads, retries.
//
// It only ever reacts: to answers of the store and to alarms of virtual time. Blocks come from the true content,
// now and then with one wrong byte.

import { Bitfield, Prng } from '@bt/primitives'
import type { PieceStore, StoreOptions } from '../../src/index.ts'
import { partFileLength, openStore } from '../../src/index.ts'
import type { Storage } from '@bt/ports'
import { bits, expectBytes } from '../world.ts'
import type { World } from '../world.ts'

const NAME = 'resume'
const RETRY_MS = 50
const CHECKPOINT_EVERY = 3
const IN_FLIGHT = 4
/** Files wanted at first; all from half-way on. */
const FIRST_WANTED = [0, 2]

export class Driver {
  store: PieceStore | undefined
  /** The newest resume data that was saved: what a restart must not fall behind. */
  saved: Uint8Array | undefined
  savedDurable: Bitfield | undefined
  done = false
  readonly #world: World
  readonly #random: Prng
  readonly #spoilEvery: number
  #busy = 0
  #settled = 0
  #selected = false

  constructor(world: World, seed: string, spoilEvery = 7) {
    this.#world = world
    this.#random = new Prng(seed)
    this.#spoilEvery = spoilEvery
  }

  /** Opens, rechecks, downloads, closes; everything by callbacks, so that any event may be the last. */
  start(): void {
    const { ports } = this.#world.host
    ports.keep.load(NAME, (error, generations) => {
      if (error !== undefined) this.#later(() => this.start())
      else this.#open(generations)
    })
  }

  #open(resume: readonly Uint8Array[]): void {
    const { host, torrent } = this.#world
    const { metainfo } = torrent
    const files = metainfo.files.map(({ path, length }) => ({ path, length }))
    const parts = [{ path: ['.parts'], length: partFileLength(metainfo) }]
    const again = (): void => this.#later(() => this.#open(resume))
    host.ports.storage.open(files, (error, storage: Storage) => {
      if (error !== undefined) return again()
      host.ports.storage.open(parts, (partError, partFile: Storage) => {
        if (partError !== undefined) return again()
        const options: StoreOptions = {
          resume,
          memoryMaxBytes: IN_FLIGHT * metainfo.geometry.pieceLength,
          wanted: this.#selected ? Bitfield.full(files.length) : bits(files.length, FIRST_WANTED),
          events: {
            conditionChanged: (condition) => {
              if (condition.state === 'stopped') this.#armRetry()
            },
            lost: () => this.#later(() => this.#advance()),
          },
        }
        openStore(
          metainfo,
          { storage, partFile, hasher: host.ports.hasher },
          options,
          (openError, store) => {
            if (openError !== undefined) return again()
            this.store = store
            if (store.condition.state === 'stopped') this.#armRetry()
            this.#recheck(store)
          },
        )
      })
    })
  }

  #recheck(store: PieceStore): void {
    store.recheck(
      store.doubtful,
      () => {},
      (error) => {
        if (error !== undefined) this.#later(() => this.#recheck(store))
        else this.#advance()
      },
    )
  }

  #armRetry(): void {
    this.#later(() => {
      const { store } = this
      if (store === undefined || store.condition.state === 'ok') return
      store.retry()
      this.#armRetry()
      this.#later(() => this.#advance())
    })
  }

  #later(run: () => void): void {
    const { clock } = this.#world.host.ports
    clock.at(clock.now() + RETRY_MS, run)
  }

  #advance(): void {
    const { store } = this
    if (store === undefined || this.done) return
    const missing = this.#missing(store)
    if (missing.length === 0 && this.#busy === 0) return this.#complete(store)
    this.#random.shuffle(missing)
    for (const piece of missing) {
      if (this.#busy >= IN_FLIGHT || !store.begin(piece)) break
      this.#download(store, piece)
    }
  }

  #complete(store: PieceStore): void {
    if (!this.#selected) {
      this.#selected = true
      this.#busy++
      store.select(Bitfield.full(store.wanted.length), () => {
        this.#busy--
        this.#advance()
      })
      return
    }
    this.done = true
    store.close(() => {})
  }

  #missing(store: PieceStore): number[] {
    const { geometry } = this.#world.torrent.metainfo
    const pieces = new Set<number>()
    for (let file = 0; file < store.wanted.length; file++) {
      if (!store.wanted.has(file)) continue
      const { first, end } = geometry.piecesOf(file)
      for (let piece = first; piece < end; piece++) if (!store.have.has(piece)) pieces.add(piece)
    }
    return [...pieces].filter((piece) => !this.#fetching.has(piece))
  }

  readonly #fetching = new Set<number>()

  #download(store: PieceStore, piece: number): void {
    this.#fetching.add(piece)
    this.#busy++
    const { geometry } = this.#world.torrent.metainfo
    const bytes = this.#world.torrent.pieceBytes(piece)
    if (this.#random.below(this.#spoilEvery) === 0) {
      const at = this.#random.below(bytes.length)
      bytes[at] = (bytes[at] as number) ^ 0x40
    }
    let answer = ''
    for (const { begin, length } of geometry.blocks(geometry.piece(piece))) {
      answer = store.accept(piece, begin, bytes.subarray(begin, begin + length))
    }
    if (answer !== 'complete') throw new Error(`piece ${piece} is ${answer}`)
    this.#settle(store, piece)
  }

  #settle(store: PieceStore, piece: number): void {
    store.settle(piece, (error, settled) => {
      if (error !== undefined) {
        // Hashing failed; the piece is complete as before.
        this.#later(() => this.#settle(store, piece))
        return
      }
      if (settled.verdict === 'corrupt') store.discard(piece)
      else {
        if (!store.have.has(piece)) throw new Error(`piece ${piece} is verified and not had`)
        this.#settled++
        if (this.#settled % CHECKPOINT_EVERY === 0) this.#checkpoint(store)
        if (this.#settled % 2 === 0) this.#readSomething(store)
      }
      this.#fetching.delete(piece)
      this.#busy--
      this.#advance()
    })
  }

  #checkpoint(store: PieceStore): void {
    store.checkpoint((error, resume) => {
      if (error !== undefined) return
      const durable = Bitfield.copyOf(store.durable)
      this.#world.host.ports.keep.save(NAME, resume, (saveError) => {
        if (saveError !== undefined) return
        this.saved = resume
        this.savedDurable = durable
      })
    })
  }

  #readSomething(store: PieceStore): void {
    const { geometry } = this.#world.torrent.metainfo
    const piece = this.#random.below(geometry.pieceCount)
    if (!store.have.has(piece)) return
    store.load(piece, 0, (error) => {
      if (error !== undefined) {
        this.#later(() => this.#advance())
        return
      }
      const lent = store.lend(piece, 0, geometry.lengthOf(geometry.piece(piece)))
      if (lent === undefined) return
      const right = this.#world.torrent.pieceBytes(piece)
      expectBytes(lent.bytes, right)
      lent.release()
    })
  }
}
