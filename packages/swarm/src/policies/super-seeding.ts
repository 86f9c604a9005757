// Super-seeding (BEP 16): a lone seed shows each peer one piece at a time, so that it sends little more than one copy.
//
// The next piece is shown to a peer when the last one was seen at somebody else, or when nobody else is left to give it
// to. It is over, and everything shown, once every piece was seen at some other peer. Not for ordinary seeding: it is
// slower for those who download.

import type { PeerHandle, PolicyFact, PolicyHost, SwarmPolicy } from '../policy.ts'

export class SuperSeeding implements SwarmPolicy {
  #host: PolicyHost | undefined
  /** How many connected peers have each piece; grows with the torrent's first fact. */
  #holders = new Uint32Array(0)
  /** To how many connected peers each piece was shown. */
  #shown = new Uint32Array(0)
  /** What each peer was shown, the last being what it is to pass on. */
  readonly #given = new Map<PeerHandle, Set<number>>()
  readonly #current = new Map<PeerHandle, number>()
  /** What was counted of each peer. */
  readonly #counted = new Map<PeerHandle, Set<number>>()
  #unseen = Number.POSITIVE_INFINITY
  #isOver = false

  attach(host: PolicyHost): void {
    this.#host = host
  }

  detach(): void {
    this.#host = undefined
  }

  /** All pieces while we are no seed, or when it is over. */
  reveal(piece: number): 'all' | readonly PeerHandle[] {
    if (!this.#isActive()) return 'all'
    const peers: PeerHandle[] = []
    for (const [peer, given] of this.#given) if (given.has(piece)) peers.push(peer)
    return peers
  }

  observe(fact: PolicyFact): void {
    if (this.#isOver || !this.#begin()) return
    if (fact.type === 'opened' || fact.type === 'pieces') this.#met(fact.peer)
    else if (fact.type === 'have') this.#has(fact.peer, fact.piece)
    else if (fact.type === 'closed') this.#left(fact.peer)
    else return
    if (this.#unseen === 0) this.#end()
    else if (this.#isActive()) this.#showNext()
  }

  #isActive(): boolean {
    const host = this.#host
    if (this.#isOver || host?.geometry === undefined) return false
    return host.have.count === host.geometry.pieceCount
  }

  /** False: there is no geometry yet. */
  #begin(): boolean {
    const pieceCount = this.#host?.geometry?.pieceCount
    if (pieceCount === undefined) return false
    if (this.#holders.length === pieceCount) return true
    this.#holders = new Uint32Array(pieceCount)
    this.#shown = new Uint32Array(pieceCount)
    this.#unseen = pieceCount
    for (const peer of this.#host?.peers() ?? []) this.#met(peer)
    return true
  }

  #met(peer: PeerHandle): void {
    if (!this.#given.has(peer)) this.#given.set(peer, new Set())
    for (let piece = 0; piece < peer.pieces.length; piece++) {
      if (peer.pieces.has(piece)) this.#has(peer, piece)
    }
  }

  #has(peer: PeerHandle, piece: number): void {
    const counted = this.#counted.get(peer) ?? new Set()
    this.#counted.set(peer, counted)
    if (counted.has(piece)) return
    counted.add(piece)
    if (this.#holders[piece] === 0) this.#unseen--
    this.#holders[piece] = (this.#holders[piece] as number) + 1
  }

  #left(peer: PeerHandle): void {
    for (const piece of this.#counted.get(peer) ?? []) {
      this.#holders[piece] = (this.#holders[piece] as number) - 1
      if (this.#holders[piece] === 0) this.#unseen++
    }
    for (const piece of this.#given.get(peer) ?? []) {
      this.#shown[piece] = (this.#shown[piece] as number) - 1
    }
    this.#counted.delete(peer)
    this.#given.delete(peer)
    this.#current.delete(peer)
  }

  /** Shows the next piece to everybody who has passed on the last. */
  #showNext(): void {
    for (const [peer, given] of this.#given) {
      const current = this.#current.get(peer)
      if (current !== undefined && !this.#isPassedOn(current, peer)) continue
      const piece = this.#rarest(peer, given)
      if (piece === undefined) continue
      given.add(piece)
      this.#shown[piece] = (this.#shown[piece] as number) + 1
      this.#current.set(peer, piece)
      this.#host?.changed('reveal', peer, piece)
    }
  }

  #isPassedOn(piece: number, by: PeerHandle): boolean {
    const own = this.#counted.get(by)?.has(piece) === true ? 1 : 0
    const elsewhere = (this.#holders[piece] as number) - own
    if (elsewhere > 0) return true
    // It has it, and there is nobody else to pass it on to.
    return own === 1 && this.#given.size === 1
  }

  /** The piece that the fewest have, then that the fewest were shown; equals by chance. */
  #rarest(peer: PeerHandle, given: ReadonlySet<number>): number | undefined {
    const counted = this.#counted.get(peer)
    const pieceCount = this.#holders.length
    const start = this.#host?.below(pieceCount) ?? 0
    let best: number | undefined
    let bestKey = Number.POSITIVE_INFINITY
    for (let step = 0; step < pieceCount; step++) {
      const piece = (start + step) % pieceCount
      if (given.has(piece) || counted?.has(piece) === true) continue
      const key = (this.#holders[piece] as number) * 2 ** 20 + (this.#shown[piece] as number)
      if (key >= bestKey) continue
      best = piece
      bestKey = key
    }
    return best
  }

  #end(): void {
    this.#isOver = true
    this.#given.clear()
    this.#counted.clear()
    this.#current.clear()
    this.#host?.changed('reveal')
  }
}
