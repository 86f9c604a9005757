// The piece layers of v2 files that a magnet does not carry, from peers (BEP 52): believed only with their proof.
//
// A layer is asked for in aligned spans, each with its uncles up to the root, so a lie is found in the message that
// tells it. Who rejects or stays silent is left alone for a while, and what it was asked for goes to others.

import { type Metainfo, HASH_LENGTH, HashTree } from '@bt/metainfo'
import { toHex } from '@bt/primitives'
import type { HashRange } from '@bt/wire'
import { LAYER_LIMITS, type LayerLimits } from './layer-limits.ts'

export type LayerAction<P> =
  | { readonly type: 'request'; readonly peer: P; readonly range: HashRange }
  /** It told hashes that do not lead to the root. */
  | { readonly type: 'blame'; readonly peer: P; readonly reason: string }
  /** Told once, last: the metainfo has every layer. */
  | { readonly type: 'done' }

/** A file whose layer is on its way. */
interface LayerOfFile {
  readonly file: number
  readonly tree: HashTree
  readonly hashes: Uint8Array
  spansLeft: number
}

interface Span<P> {
  readonly of: LayerOfFile
  readonly range: HashRange
  readonly key: string
  asked: { readonly peer: P; readonly at: number } | undefined
}

interface Supplier {
  open: number
  notBefore: number
}

export class LayerExchange<P> {
  readonly #metainfo: Metainfo
  readonly #limits: LayerLimits
  readonly #suppliers = new Map<P, Supplier>()
  /** Not asked of anybody now, in the order they will be. */
  readonly #waiting: Span<P>[] = []
  readonly #asked = new Map<string, Span<P>>()
  #actions: LayerAction<P>[] = []
  #lookedAt = Number.NEGATIVE_INFINITY
  #isDone = false

  constructor(metainfo: Metainfo, limits?: Partial<LayerLimits>) {
    this.#metainfo = metainfo
    this.#limits = { ...LAYER_LIMITS, ...limits }
    const roots = new Set<string>()
    for (const file of metainfo.missingLayers()) {
      const root = toHex(metainfo.files[file]?.piecesRoot as Uint8Array)
      if (roots.has(root)) continue // the same content twice has one layer
      roots.add(root)
      this.#waiting.push(...this.#spansOf(file, root))
    }
  }

  /** A peer that speaks v2 is connected. */
  joined(peer: P, now: number): void {
    this.#suppliers.set(peer, { open: 0, notBefore: now })
    this.#ask(now)
  }

  left(peer: P, now: number): void {
    if (!this.#suppliers.delete(peer)) return
    this.#release(peer)
    this.#ask(now)
  }

  /** A `hashes` message: the span, then its uncles. Both are lent. What nobody asked for changes nothing. */
  received(peer: P, range: HashRange, hashes: Uint8Array, now: number): void {
    const span = this.#answered(peer, range)
    if (span === undefined) return
    if (span.of.tree.accepts(span.range, hashes)) this.#learn(span, hashes)
    else {
      this.#waiting.unshift(span)
      this.#suppliers.delete(peer)
      this.#release(peer)
      this.#actions.push({ type: 'blame', peer, reason: 'hashes that do not lead to the root' })
    }
    this.#ask(now)
  }

  rejected(peer: P, range: HashRange, now: number): void {
    const span = this.#answered(peer, range)
    if (span === undefined) return
    this.#waiting.push(span)
    this.#pause(peer, now)
    this.#ask(now)
  }

  /** Drain after every call. */
  next(): LayerAction<P> | undefined {
    return this.#actions.shift()
  }

  /** When `tick` has something to do; Infinity: nothing until a peer speaks. */
  deadline(): number {
    let first = Number.POSITIVE_INFINITY
    if (this.#isDone) return first
    for (const { asked } of this.#asked.values()) {
      if (asked !== undefined) first = Math.min(first, asked.at + this.#limits.answerMs)
    }
    for (const { notBefore } of this.#suppliers.values()) {
      if (notBefore > this.#lookedAt) first = Math.min(first, notBefore)
    }
    return first
  }

  tick(now: number): void {
    for (const { asked } of Array.from(this.#asked.values())) {
      if (asked !== undefined && asked.at + this.#limits.answerMs <= now) {
        this.#pause(asked.peer, now)
      }
    }
    this.#ask(now)
  }

  #spansOf(file: number, root: string): Span<P>[] {
    const { files, geometry } = this.#metainfo
    const { length, piecesRoot } = files[file] as { length: number; piecesRoot: Uint8Array }
    const tree = new HashTree({ length, piecesRoot, pieceLength: geometry.pieceLength })
    const pieceCount = Math.ceil(length / geometry.pieceLength)
    const above = tree.height - tree.pieceHeight
    const width = Math.min(this.#limits.hashesPerRequest, 1 << Math.min(above, 30))
    const hashes = new Uint8Array(pieceCount * HASH_LENGTH)
    const of: LayerOfFile = { file, tree, hashes, spansLeft: Math.ceil(pieceCount / width) }
    return Array.from({ length: of.spansLeft }, (_, at) => ({
      of,
      key: `${root}/${at * width}`,
      range: {
        piecesRoot,
        baseLayer: tree.pieceHeight,
        index: at * width,
        length: width,
        proofLayers: above - 1,
      },
      asked: undefined,
    }))
  }

  /** The span that this answers, when it was asked of this peer; it is nobody's then. */
  #answered(peer: P, range: HashRange): Span<P> | undefined {
    const span = this.#asked.get(`${toHex(range.piecesRoot)}/${range.index}`)
    if (span === undefined || span.asked?.peer !== peer) return undefined
    const { baseLayer, length, proofLayers } = span.range
    if (range.baseLayer !== baseLayer || range.length !== length) return undefined
    if (range.proofLayers !== proofLayers) return undefined
    this.#free(span)
    return span
  }

  #learn({ of, range }: Span<P>, hashes: Uint8Array): void {
    const at = range.index * HASH_LENGTH
    const end = Math.min(range.length * HASH_LENGTH, of.hashes.length - at)
    of.hashes.set(hashes.subarray(0, end), at)
    of.spansLeft--
    if (of.spansLeft === 0) this.#metainfo.addPieceLayer(of.file, of.hashes)
    if (this.#waiting.length > 0 || this.#asked.size > 0) return
    this.#isDone = true
    this.#actions.push({ type: 'done' })
  }

  #ask(now: number): void {
    this.#lookedAt = now
    for (const [peer, supplier] of this.#suppliers) {
      if (supplier.notBefore > now) continue
      while (supplier.open < this.#limits.requestsPerPeerMax) {
        const span = this.#waiting.shift()
        if (span === undefined) return
        span.asked = { peer, at: now }
        supplier.open++
        this.#asked.set(span.key, span)
        this.#actions.push({ type: 'request', peer, range: span.range })
      }
    }
  }

  #pause(peer: P, now: number): void {
    const supplier = this.#suppliers.get(peer)
    if (supplier !== undefined) supplier.notBefore = now + this.#limits.pauseMs
    this.#release(peer)
  }

  /** What it was asked for goes to others. */
  #release(peer: P): void {
    for (const span of Array.from(this.#asked.values())) {
      if (span.asked?.peer !== peer) continue
      this.#free(span)
      this.#waiting.push(span)
    }
  }

  #free(span: Span<P>): void {
    const supplier = span.asked === undefined ? undefined : this.#suppliers.get(span.asked.peer)
    if (supplier !== undefined) supplier.open--
    this.#asked.delete(span.key)
    span.asked = undefined
  }
}
