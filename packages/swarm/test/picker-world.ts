// A naive model of everything a picker knows, to compare it with: sets of strings and full scans, nothing clever.
import { PieceGeometry } from '@bt/metainfo'
import { Bitfield, Prng } from '@bt/primitives'
import { Picker } from '../src/picking/picker.ts'
import type { Pick } from '../src/picking/piece-choice.ts'
import type { PickerLimits } from '../src/picking/picker-limits.ts'
import type { PieceScope } from '../src/policy.ts'

export const BLOCK = 16_384

export interface Ask {
  readonly soft: boolean
  doubted: boolean
  readonly at: number
}

export interface WorldPeer {
  readonly name: string
  readonly has: Set<number>
  readonly asks: Map<string, Ask>
  readonly refused: Map<number, number>
  scope: PieceScope | undefined
  rate: number
  parole: boolean
  doubted: boolean
}

export function geometryOf(pieces: number, blocksPerPiece: number, lastBytes = 0): PieceGeometry {
  const pieceLength = blocksPerPiece * BLOCK
  const length = pieces * pieceLength - (lastBytes === 0 ? 0 : pieceLength - lastBytes)
  return new PieceGeometry({ pieceLength, files: [{ length }] })
}

export class World {
  readonly geometry: PieceGeometry
  readonly picker: Picker<string>
  readonly peers = new Map<string, WorldPeer>()
  readonly had = new Set<number>()
  readonly checking = new Set<number>()
  readonly begun = new Set<number>()
  readonly here = new Set<string>()
  readonly priorities: number[]
  readonly discarded: number[] = []
  /** When a block of a piece was last asked for or came. */
  readonly touched = new Map<number, number>()
  capacity = Number.POSITIVE_INFINITY
  full = false
  now = 0
  pickedAt = 0

  constructor(geometry: PieceGeometry, seed: number | string, limits: Partial<PickerLimits> = {}) {
    this.geometry = geometry
    this.priorities = Array.from({ length: geometry.pieceCount }, () => 4)
    this.picker = new Picker<string>({
      geometry,
      random: new Prng(seed),
      have: new Bitfield(geometry.pieceCount),
      begin: (piece) => this.#begin(piece),
      discard: (piece) => {
        this.discarded.push(piece)
        this.drop(piece)
      },
      limits,
    })
  }

  #begin(piece: number): boolean {
    if (this.begun.size >= this.capacity) {
      this.full = true
      return false
    }
    this.begun.add(piece)
    return true
  }

  peer(name: string): WorldPeer {
    const peer = this.peers.get(name)
    if (peer === undefined) throw new Error(`no peer ${name}`)
    return peer
  }

  join(name: string, pieces: Iterable<number> = [], rate = 0): WorldPeer {
    this.picker.joined(name)
    const peer: WorldPeer = {
      name,
      has: new Set(),
      asks: new Map(),
      refused: new Map(),
      scope: undefined,
      rate,
      parole: false,
      doubted: false,
    }
    this.peers.set(name, peer)
    this.says(name, pieces)
    return peer
  }

  seed(name: string, rate = 0): WorldPeer {
    return this.join(name, this.every(), rate)
  }

  *every(): Iterable<number> {
    for (let piece = 0; piece < this.geometry.pieceCount; piece++) yield piece
  }

  says(name: string, pieces: Iterable<number>): void {
    const bits = new Bitfield(this.geometry.pieceCount)
    const { has } = this.peer(name)
    has.clear()
    for (const piece of pieces) {
      bits.set(piece)
      has.add(piece)
    }
    this.picker.pieces(name, bits)
  }

  leave(name: string): void {
    this.peers.delete(name)
    this.picker.left(name)
  }

  pick(name: string, count: number, choked = false): readonly Pick[] {
    const peer = this.peer(name)
    this.pickedAt = this.now
    const picks = this.picker.pick(name, count, {
      now: this.now,
      bytesPerSecond: peer.rate,
      choked,
    })
    for (const { piece, begin, soft } of picks) {
      peer.asks.set(`${piece}:${begin}`, { soft, doubted: peer.doubted, at: this.now })
      this.touched.set(piece, this.now)
    }
    return picks
  }

  /** The block comes; a piece that is whole is checked at once, with `good` or bad end. */
  deliver(name: string, piece: number, begin: number, good = true): void {
    const peer = this.peer(name)
    peer.asks.delete(`${piece}:${begin}`)
    if (peer.doubted) {
      peer.doubted = false
      for (const ask of peer.asks.values()) ask.doubted = false
    }
    const arrival = this.picker.arrived(name, piece, begin)
    if (arrival.kind !== 'fresh') return
    this.here.add(`${piece}:${begin}`)
    // The picker's clock is that of the last pick: the next one follows at once.
    this.touched.set(piece, this.pickedAt)
    for (const other of arrival.cancel) this.peer(other).asks.delete(`${piece}:${begin}`)
    if (!this.isWhole(piece)) return
    this.picker.checking(piece)
    this.checking.add(piece)
    if (good) this.verify(piece)
    else this.spoil(piece)
  }

  isWhole(piece: number): boolean {
    for (const { begin } of this.geometry.blocks(this.geometry.piece(piece))) {
      if (!this.here.has(`${piece}:${begin}`)) return false
    }
    return true
  }

  verify(piece: number): void {
    this.drop(piece)
    this.had.add(piece)
    this.#withdraw(this.picker.verified(piece))
  }

  spoil(piece: number): void {
    this.drop(piece)
    this.#withdraw(this.picker.corrupt(piece))
  }

  /** Out of memory; picks may begin others. */
  drop(piece: number): void {
    this.checking.delete(piece)
    this.begun.delete(piece)
    for (const { begin } of this.geometry.blocks(this.geometry.piece(piece))) {
      this.here.delete(`${piece}:${begin}`)
    }
    this.full = false
    this.picker.memoryFreed()
  }

  #withdraw(withdrawn: readonly { peer: string; piece: number; begin: number }[]): void {
    for (const { peer, piece, begin } of withdrawn) {
      this.peers.get(peer)?.asks.delete(`${piece}:${begin}`)
    }
  }

  needed(piece: number): boolean {
    return (this.priorities[piece] as number) > 0 && !this.had.has(piece)
  }

  /** How the peer offers a piece, refusals left out. */
  offers(peer: WorldPeer, piece: number): 'firm' | 'soft' | undefined {
    const { scope } = peer
    if (peer.has.has(piece)) {
      if (scope === undefined || scope.had === 'all') return 'firm'
      if (scope.had !== 'none' && scope.had.has(piece)) return 'firm'
    }
    return scope?.promised?.has(piece) === true ? 'soft' : undefined
  }

  /** Somebody was asked outright, and is trusted to deliver. */
  isTaken(key: string): boolean {
    for (const peer of this.peers.values()) {
      const ask = peer.asks.get(key)
      if (ask !== undefined && !ask.soft && !ask.doubted) return true
    }
    return false
  }

  availability(piece: number): number {
    let count = 0
    for (const peer of this.peers.values()) if (peer.has.has(piece)) count++
    return count
  }

  /** Blocks that could be asked of this peer now: of pieces begun, or of open ones while there is memory. */
  askable(peer: WorldPeer): string[] {
    const keys: string[] = []
    for (const piece of this.every()) {
      if (!this.needed(piece) || this.checking.has(piece)) continue
      if (this.offers(peer, piece) === undefined || peer.refused.has(piece)) continue
      if (!this.begun.has(piece) && this.full) continue
      for (const { begin } of this.geometry.blocks(this.geometry.piece(piece))) {
        const key = `${piece}:${begin}`
        if (!this.here.has(key) && !peer.asks.has(key) && !this.isTaken(key)) keys.push(key)
      }
    }
    return keys
  }
}
