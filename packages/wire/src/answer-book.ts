// What the peer asked of us and we have not answered: the one place where every request gets its one answer (BEP 6).
//
// One map from position to entry; a second request at the same position is the caller's to refuse. Holds keep a lower
// bound of their times, as deadlines do in the request book.

/** One request of the peer. */
export interface Owed {
  readonly piece: number
  readonly begin: number
  readonly length: number
  /** Milliseconds on the machine's clock until which it is held; undefined: not held. */
  heldUntil: number | undefined
}

const NONE: ReadonlyMap<number, Owed> = new Map()

export class AnswerBook {
  readonly #stride: number
  /** Made when something is asked. */
  #open: Map<number, Owed> | undefined
  #held = 0
  #earliest = Number.POSITIVE_INFINITY

  /** Longest piece in bytes: makes one number of piece and begin. */
  constructor(pieceLength: number) {
    this.#stride = pieceLength
  }

  get count(): number {
    return this.#open?.size ?? 0
  }

  get heldCount(): number {
    return this.#held
  }

  /** No hold ends earlier than this; Infinity when nothing is held. */
  get deadline(): number {
    return this.#held === 0 ? Number.POSITIVE_INFINITY : this.#earliest
  }

  /** Open requests, oldest first. */
  open(): Iterable<Owed> {
    return (this.#open ?? NONE).values()
  }

  /** False: a request at the same position is open already. */
  add(piece: number, begin: number, length: number): boolean {
    const key = this.#key(piece, begin)
    const open = (this.#open ??= new Map())
    if (open.has(key)) return false
    open.set(key, { piece, begin, length, heldUntil: undefined })
    return true
  }

  /** Takes it out, to be answered. False: it is not open. */
  take(piece: number, begin: number, length: number): boolean {
    const owed = this.#find(piece, begin, length)
    if (owed === undefined) return false
    this.#remove(owed)
    return true
  }

  /** False: it is not open. */
  hold(piece: number, begin: number, length: number, until: number): boolean {
    const owed = this.#find(piece, begin, length)
    if (owed === undefined) return false
    if (this.#held === 0) this.#earliest = Number.POSITIVE_INFINITY
    if (owed.heldUntil === undefined) this.#held++
    owed.heldUntil = until
    if (until < this.#earliest) this.#earliest = until
    return true
  }

  /** Takes out all that `which` picks, oldest first. */
  takeWhere(which: (owed: Owed) => boolean): readonly Owed[] {
    const taken: Owed[] = []
    for (const owed of (this.#open ?? NONE).values()) {
      if (!which(owed)) continue
      this.#remove(owed)
      taken.push(owed)
    }
    return taken
  }

  /** Takes out what was held until now, oldest first, and learns when the next hold ends. */
  expireHolds(now: number): readonly Owed[] {
    if (this.#held === 0 || now < this.#earliest) return []
    const expired = this.takeWhere(({ heldUntil }) => heldUntil !== undefined && heldUntil <= now)
    this.#earliest = Number.POSITIVE_INFINITY
    for (const { heldUntil } of (this.#open ?? NONE).values()) {
      if (heldUntil !== undefined && heldUntil < this.#earliest) this.#earliest = heldUntil
    }
    return expired
  }

  #key(piece: number, begin: number): number {
    return piece * this.#stride + begin
  }

  #find(piece: number, begin: number, length: number): Owed | undefined {
    const owed = this.#open?.get(this.#key(piece, begin))
    if (owed === undefined) return undefined
    const same = owed.piece === piece && owed.begin === begin && owed.length === length
    return same ? owed : undefined
  }

  #remove(owed: Owed): void {
    this.#open?.delete(this.#key(owed.piece, owed.begin))
    if (owed.heldUntil !== undefined) this.#held--
  }
}
