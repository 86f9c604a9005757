// The seed that others wait for: each piece is shown to one site at a time, so that the first copies go out once (rule 6).
//
// Pure: told of peers, of what they have and of time, answers to whom which piece is shown. Sites take turns, the one
// that was served least recently first; in a site the member that has the least to fetch, of those who import. A piece that nobody fetched
// in time is shown to the next site. How many are on their way at a time follows how long they take: one more for each that
// came, fewer while they are slow. When every piece was seen elsewhere it is over, and everything is shown to everybody.

import type { PeerHandle } from '@bt/swarm'
import { CopyCount, type Holder } from './copy-count.ts'
import {
  ORIGIN_PATIENCE_MS,
  PUSH_MS_MAX,
  PUSHES_MAX,
  PUSHES_MIN,
  PUSHES_WAITING_MAX,
  pushesPerPeer,
} from './limits.ts'

interface Push {
  readonly piece: number
  readonly peer: PeerHandle
  readonly since: number
  /** Nothing came of it in time: the piece is on its way to somebody else. */
  isLate: boolean
}

interface Receiver extends Holder {
  site: string
  imports: boolean
  readonly pushes: Map<number, Push>
  /** When one of its pushes was late: others first, for a while. */
  lateAt: number
}

export class Origin {
  readonly #receivers = new Map<PeerHandle, Receiver>()
  /** Sites in the order they were served, the longest ago first. */
  readonly #turns = new Map<string, Set<Receiver>>()
  /** Pieces to send, drawn from the end. */
  #queue: number[]
  readonly #pieceCount: number
  readonly #pieceLength: number
  readonly #perPeer: number
  /** Copies among linked peers: a piece is out while there is one. */
  readonly #copies: CopyCount
  #outCount = 0
  #areAllDue = false
  /** On their way, late ones apart. */
  #underWay = 0
  #window = PUSHES_MIN
  /** Pushes that came to their end since the window last grew, and how long the last one took. */
  #ended = 0
  #lastMs = 0
  #leastMs = Number.POSITIVE_INFINITY
  /** Bytes that left, since when, and when the last did. */
  #leftBytes = 0
  #leavesSince = 0
  #leftAt = Number.NEGATIVE_INFINITY

  /** `pieceLength` in bytes; `below` draws the order of the pieces; `isDue`: others wait until they are added. */
  constructor(
    pieceCount: number,
    pieceLength: number,
    below: (bound: number) => number,
    isDue: (piece: number) => boolean = () => true,
  ) {
    this.#pieceCount = pieceCount
    this.#pieceLength = pieceLength
    this.#perPeer = pushesPerPeer(pieceLength)
    this.#copies = new CopyCount(pieceCount, (piece) => this.#changed(piece))
    this.#queue = Array.from({ length: pieceCount }, (_, piece) => piece).filter(isDue)
    for (let at = this.#queue.length - 1; at > 0; at--) {
      const other = below(at + 1)
      const piece = this.#queue[at] as number
      this.#queue[at] = this.#queue[other] as number
      this.#queue[other] = piece
    }
  }

  /** Every piece was seen at somebody else. */
  get isOver(): boolean {
    return this.#outCount === this.#pieceCount
  }

  /** Pieces that somebody has, or that are on their way. */
  get sent(): ReadonlySet<number> {
    const sent = new Set<number>()
    for (const { pushes } of this.#receivers.values()) {
      for (const piece of pushes.keys()) sent.add(piece)
    }
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (this.#copies.of(piece) > 0) sent.add(piece)
    }
    return sent
  }

  /** From now on all are due, each behind those that were added. */
  addAll(): void {
    if (this.#areAllDue) return
    this.#areAllDue = true
    const rest: number[] = []
    for (let piece = 0; piece < this.#pieceCount; piece++) {
      if (this.#copies.of(piece) === 0) rest.push(piece)
    }
    this.#queue = [...rest, ...this.#queue]
  }

  /** It is due now, before all others. */
  add(piece: number): void {
    this.#again(piece)
  }

  isShown(piece: number, peer: PeerHandle): boolean {
    return this.isOver || this.#receivers.get(peer)?.pushes.has(piece) === true
  }

  /**
   * A peer of this site may be served; called again when it turns out to be elsewhere, or shows what it has. `imports`:
   * false while others of its site do.
   */
  met(peer: PeerHandle, site: string, imports = true): void {
    const known = this.#receivers.get(peer)
    const receiver = known ?? newReceiver(peer, site, imports)
    this.#copies.look(receiver)
    if (receiver.imports && !imports) this.#takeBack(receiver)
    receiver.imports = imports
    if (known?.site === site) return
    if (known !== undefined) this.#members(known.site).delete(known)
    receiver.site = site
    this.#receivers.set(peer, receiver)
    this.#members(site).add(receiver)
  }

  left(peer: PeerHandle): void {
    const receiver = this.#receivers.get(peer)
    if (receiver === undefined) return
    this.#receivers.delete(peer)
    this.#members(receiver.site).delete(receiver)
    this.#copies.left(receiver)
    this.#takeBack(receiver)
  }

  /** Somebody has the piece now, from us or from elsewhere. */
  seen(peer: PeerHandle, piece: number, now: number): void {
    const receiver = this.#receivers.get(peer)
    if (receiver === undefined) return
    this.#copies.gained(receiver, piece)
    const push = receiver.pushes.get(piece)
    if (push === undefined) return
    receiver.pushes.delete(piece)
    if (!push.isLate) this.#underWay--
    this.#leastMs = Math.min(this.#leastMs, now - push.since)
    this.#ended++
    this.#lastMs = now - push.since
  }

  /** Bytes left for one of those whom it shows pieces. */
  leaves(bytes: number, now: number): void {
    if (bytes === 0) return
    this.#leftBytes += bytes
    this.#leftAt = now
  }

  /** Looked at now and then: how many requests of ours wait until others are served. */
  adapt(waiting: number): void {
    if (waiting > PUSHES_WAITING_MAX || this.#lastMs > PUSH_MS_MAX) {
      this.#window = Math.max(PUSHES_MIN, this.#window - 1)
    } else if (waiting === 0 && this.#ended > 0) {
      this.#window = Math.min(PUSHES_MAX, this.#window + 1)
      this.#ended = 0
    }
  }

  /** Pieces on their way, but for those to this site; late ones are not. */
  underWayBeside(site: string): number {
    let count = 0
    for (const receiver of this.#receivers.values()) {
      if (receiver.site === site) continue
      for (const { isLate } of receiver.pushes.values()) if (!isLate) count++
    }
    return count
  }

  /** What is to be shown now, and to whom; `passedOver`: a site whose turn waits. */
  next(
    now: number,
    passedOver?: string,
  ): readonly { readonly piece: number; readonly peer: PeerHandle }[] {
    if (this.isOver) return []
    this.#giveUp(now, this.#patience(now))
    const shown: Push[] = []
    while (this.#underWay < this.#window) {
      const receiver = this.#whoseTurn(now, passedOver)
      if (receiver === undefined) break
      const piece = this.#draw()
      if (piece === undefined) break
      const push = { piece, peer: receiver.peer, since: now, isLate: false }
      receiver.pushes.set(piece, push)
      if (this.#leftBytes === 0 && this.#underWay === 0) this.#leavesSince = now
      this.#underWay++
      shown.push(push)
      const members = this.#members(receiver.site)
      this.#turns.delete(receiver.site)
      this.#turns.set(receiver.site, members)
    }
    return shown
  }

  /** Of the site that waited longest and can take one: the member with the least to fetch. */
  #whoseTurn(now: number, passedOver: string | undefined): Receiver | undefined {
    for (const [site, members] of this.#turns) {
      if (site === passedOver) continue
      let best: Receiver | undefined
      for (const receiver of members) {
        if (!receiver.imports || receiver.pushes.size >= this.#perPeer) continue
        if (now - receiver.lateAt < ORIGIN_PATIENCE_MS) continue
        if (best === undefined || receiver.pushes.size < best.pushes.size) best = receiver
      }
      if (best === undefined) continue
      // equal members take turns
      members.delete(best)
      members.add(best)
      return best
    }
    return undefined
  }

  /** One that nobody else has been seen with. */
  #draw(): number | undefined {
    for (;;) {
      const piece = this.#queue.pop()
      if (piece === undefined || this.#copies.of(piece) === 0) return piece
    }
  }

  /** What it has not fetched goes to others. */
  #takeBack({ pushes }: Receiver): void {
    for (const push of pushes.values()) {
      if (push.isLate) continue
      this.#underWay--
      this.#again(push.piece)
    }
    pushes.clear()
  }

  #again(piece: number): void {
    if (this.#copies.of(piece) === 0) this.#queue.push(piece)
  }

  /** The first copy was seen, or the last one left. */
  #changed(piece: number): void {
    const isOut = this.#copies.of(piece) > 0
    this.#outCount += isOut ? 1 : -1
    if (!isOut) this.#queue.push(piece)
  }

  #giveUp(now: number, patienceMs: number): void {
    for (const receiver of this.#receivers.values()) {
      for (const push of receiver.pushes.values()) {
        if (push.isLate || now - push.since < patienceMs) continue
        push.isLate = true
        receiver.lateAt = now
        this.#underWay--
        this.#again(push.piece)
      }
    }
  }

  /** Over a slow link each waits for all that are on their way; where nothing leaves, no longer than anywhere. */
  #patience(now: number): number {
    const least = Number.isFinite(this.#leastMs) ? this.#leastMs : 0
    const patience = Math.max(ORIGIN_PATIENCE_MS, 8 * least)
    if (now - this.#leftAt >= ORIGIN_PATIENCE_MS) return patience
    const msPerPiece = ((this.#leftAt - this.#leavesSince) * this.#pieceLength) / this.#leftBytes
    return Math.max(patience, 2 * this.#underWay * msPerPiece)
  }

  #members(site: string): Set<Receiver> {
    const members = this.#turns.get(site) ?? new Set<Receiver>()
    this.#turns.set(site, members)
    return members
  }
}

function newReceiver(peer: PeerHandle, site: string, imports: boolean): Receiver {
  const lateAt = Number.NEGATIVE_INFINITY
  return { peer, counted: undefined, site, imports, pushes: new Map(), lateAt }
}
