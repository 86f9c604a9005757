// What truly crossed: payload by the addresses of the network, whatever peers say about where they are.
//
// Counted where it is received, by piece where it was part of one; what came twice or unasked counts as well.

import type { PeerHandle, PolicyFact } from '@bt/swarm'

/** Payload moved from one peer to another, by their numbers. */
export type TransferListener = (from: number, to: number, piece: number, bytes: number) => void

export class Truth {
  /** Bytes that entered each site, and that left it for another. */
  readonly inBytes: Float64Array
  readonly outBytes: Float64Array
  /** Links that members of each site had, with one another (both ends count) and with other sites. */
  readonly insideLinks: Float64Array
  readonly outsideLinks: Float64Array
  /** Bytes of each piece that entered each site, site after site. */
  readonly #entered: Float64Array
  readonly #pieces: number
  readonly #siteOfPeer: readonly number[]
  readonly #numberOfHost = new Map<string, number>()
  readonly #listeners: TransferListener[] = []

  constructor(siteOfPeer: readonly number[], sites: number, pieces: number) {
    this.#siteOfPeer = siteOfPeer
    this.#pieces = pieces
    this.inBytes = new Float64Array(sites)
    this.outBytes = new Float64Array(sites)
    this.insideLinks = new Float64Array(sites)
    this.outsideLinks = new Float64Array(sites)
    this.#entered = new Float64Array(sites * pieces)
  }

  /** The address of a peer. */
  isAt(host: string, peer: number): void {
    this.#numberOfHost.set(host, peer)
  }

  peerAt(host: string): number | undefined {
    return this.#numberOfHost.get(host)
  }

  siteAt(host: string): number | undefined {
    const peer = this.#numberOfHost.get(host)
    return peer === undefined ? undefined : this.#siteOfPeer[peer]
  }

  /** Hears every transfer inside sites too. */
  listen(listener: TransferListener): void {
    this.#listeners.push(listener)
  }

  /** Bytes of a piece that entered a site. */
  enteredBytes(site: number, piece: number): number {
    return this.#entered[site * this.#pieces + piece] as number
  }

  /** What a peer's engine is to tell: the facts of one torrent of one life. Call `settle` when asked for totals. */
  witness(peer: number, firstPiece: number): Witness {
    return new Witness(this, peer, firstPiece)
  }

  /** For witnesses. */
  linked(from: number, to: number): void {
    const site = this.#siteOfPeer[to] as number
    const isInside = this.#siteOfPeer[from] === site
    const links = isInside ? this.insideLinks : this.outsideLinks
    links[site] = (links[site] as number) + 1
  }

  /** For witnesses. */
  moved(from: number, to: number, piece: number, bytes: number): void {
    for (const listener of this.#listeners) listener(from, to, piece, bytes)
    const source = this.#siteOfPeer[from] as number
    const site = this.#siteOfPeer[to] as number
    if (source === site) return
    this.inBytes[site] = (this.inBytes[site] as number) + bytes
    this.outBytes[source] = (this.outBytes[source] as number) + bytes
    if (piece < 0) return
    const at = site * this.#pieces + piece
    this.#entered[at] = (this.#entered[at] as number) + bytes
  }
}

/** The facts that a witness hears. */
export const WITNESSED: ReadonlySet<PolicyFact['type']> = new Set(['opened', 'progress', 'closed'])

interface Counted {
  readonly from: number
  bytes: number
}

export class Witness {
  readonly #truth: Truth
  readonly #peer: number
  readonly #firstPiece: number
  readonly #open = new Map<PeerHandle, Counted>()

  constructor(truth: Truth, peer: number, firstPiece: number) {
    this.#truth = truth
    this.#peer = peer
    this.#firstPiece = firstPiece
  }

  observe(fact: PolicyFact): void {
    if (fact.type === 'opened') {
      const from = this.#truth.peerAt(fact.peer.endpoint.host)
      if (from === undefined) return
      this.#open.set(fact.peer, { from, bytes: 0 })
      this.#truth.linked(from, this.#peer)
    } else if (fact.type === 'progress') {
      const counted = this.#open.get(fact.peer)
      if (counted === undefined) return
      counted.bytes += fact.bytes
      this.#truth.moved(counted.from, this.#peer, this.#firstPiece + fact.piece, fact.bytes)
    } else if (fact.type === 'closed') {
      const counted = this.#open.get(fact.peer)
      if (counted === undefined) return
      this.#settle(fact.peer, counted)
      this.#open.delete(fact.peer)
    }
  }

  /** Counts what open links brought beyond pieces: duplicates, blocks nobody asked for. */
  settle(): void {
    for (const [peer, counted] of this.#open) this.#settle(peer, counted)
  }

  #settle(peer: PeerHandle, counted: Counted): void {
    const more = peer.receivedBytes - counted.bytes
    if (more <= 0) return
    counted.bytes += more
    this.#truth.moved(counted.from, this.#peer, -1, more)
  }
}
