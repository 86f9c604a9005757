// What we asked of the peer: open requests, and given-up ones whose answers may still be on their way.
//
// One map from position to entry, so that a pipeline of thousands costs the same per block as one of ten. Deadlines are
// kept as a lower bound: a scan happens only when that passes, not when a request is answered. BEP 3, BEP 6: with the
// fast extension every request, given up or not, is still owed one answer.

import { REQUEST_SKIPPED_MS, REQUESTS_GIVEN_UP_MAX } from './wire-limits.ts'

/** Blocks asked for in one request. Shared by their entries in the book. */
export interface Stretch {
  readonly begin: number
  length: number
  /** Blocks of it that are not given up. */
  open: number
}

/** One request of ours. */
export interface Asked {
  readonly piece: number
  readonly begin: number
  readonly length: number
  /** Promised, not had. */
  readonly soft: boolean
  /** Milliseconds on the machine's clock; Infinity: none. Comes nearer when a later request is answered first. */
  deadline: number
  /** Where it was asked for together with its neighbours. */
  stretch: Stretch | undefined
}

/** Skipped requests looked at for one answer: peers answer in order, or nearly so. */
const SKIPPED_LOOK = 8
const NONE: ReadonlyMap<number, Asked> = new Map()

export class RequestBook {
  /** Longest piece in bytes: makes one number of piece and begin. */
  readonly #stride: number
  /** Made when something is asked: most connections of a large swarm are idle for long. */
  #open: Map<number, Asked> | undefined
  #givenUp: Map<number, Asked> | undefined
  #count = 0
  #bytes = 0
  #soft = 0
  #earliest = Number.POSITIVE_INFINITY

  constructor(pieceLength: number) {
    this.#stride = pieceLength
  }

  get count(): number {
    return this.#count
  }

  get bytes(): number {
    return this.#bytes
  }

  get softCount(): number {
    return this.#soft
  }

  /** No deadline is earlier than this; Infinity when none is set. */
  get deadline(): number {
    return this.#count === 0 ? Number.POSITIVE_INFINITY : this.#earliest
  }

  /** Open requests, oldest first. */
  open(): Iterable<Asked> {
    return (this.#open ?? NONE).values()
  }

  /** False: the same position is open already. */
  add(asked: Asked): boolean {
    const key = this.#key(asked.piece, asked.begin)
    const open = (this.#open ??= new Map())
    if (open.has(key)) return false
    if (this.#count === 0) this.#earliest = Number.POSITIVE_INFINITY
    open.set(key, asked)
    this.#count++
    this.#bytes += asked.length
    if (asked.soft) this.#soft++
    if (asked.deadline < this.#earliest) this.#earliest = asked.deadline
    return true
  }

  /** A block came. 'open' and 'cancelled' tick it off. */
  answered(
    piece: number,
    begin: number,
    length: number,
    now: number,
  ): 'open' | 'cancelled' | 'never' {
    const key = this.#key(piece, begin)
    const asked = this.#open?.get(key)
    if (asked !== undefined && is(asked, piece, begin, length)) {
      this.#hasten(asked, now)
      this.#remove(key, asked)
      return 'open'
    }
    return this.#forget(key, piece, begin, length) ? 'cancelled' : 'never'
  }

  /** A reject came. Answers arrive in order: one that was given up is the older of two. */
  rejected(piece: number, begin: number, length: number): 'open' | 'cancelled' | 'never' {
    const key = this.#key(piece, begin)
    if (this.#forget(key, piece, begin, length)) return 'cancelled'
    const asked = this.#open?.get(key)
    if (asked === undefined || !is(asked, piece, begin, length)) return 'never'
    this.#remove(key, asked)
    return 'open'
  }

  /** What was asked for in one request from here on, given up or not; undefined: a block alone, or nothing. */
  stretchAt(piece: number, begin: number): Stretch | undefined {
    const key = this.#key(piece, begin)
    for (const asked of [this.#open?.get(key), this.#givenUp?.get(key)]) {
      if (asked?.piece === piece && asked.stretch?.begin === begin) return asked.stretch
    }
    return undefined
  }

  /** Stops waiting for it; a late block is still known as ours. Undefined: it was not open. */
  giveUp(piece: number, begin: number, length: number): Asked | undefined {
    const key = this.#key(piece, begin)
    const asked = this.#open?.get(key)
    if (asked === undefined || !is(asked, piece, begin, length)) return undefined
    this.#remove(key, asked)
    this.#remember(key, asked)
    return asked
  }

  /** Gives up every open request that `which` picks, oldest first, and answers them. */
  giveUpWhere(which: (asked: Asked) => boolean): readonly Asked[] {
    const given: Asked[] = []
    for (const [key, asked] of this.#open ?? NONE) {
      if (!which(asked)) continue
      this.#remove(key, asked)
      this.#remember(key, asked)
      given.push(asked)
    }
    return given
  }

  /** Gives up what is past its deadline, oldest first, and learns the next deadline. */
  expire(now: number): readonly Asked[] {
    if (now < this.#earliest) return []
    const expired = this.giveUpWhere((asked) => asked.deadline <= now)
    this.#earliest = Number.POSITIVE_INFINITY
    for (const { deadline } of (this.#open ?? NONE).values()) {
      if (deadline < this.#earliest) this.#earliest = deadline
    }
    return expired
  }

  /** What was asked before `answered` was skipped, and perhaps dropped: it is waited for only a little longer. */
  #hasten(answered: Asked, now: number): void {
    let looked = 0
    for (const older of (this.#open ?? NONE).values()) {
      if (older === answered || looked++ === SKIPPED_LOOK) return
      if (older.soft || older.deadline <= now + REQUEST_SKIPPED_MS) continue
      older.deadline = now + REQUEST_SKIPPED_MS
      if (older.deadline < this.#earliest) this.#earliest = older.deadline
    }
  }

  #key(piece: number, begin: number): number {
    return piece * this.#stride + begin
  }

  #remove(key: number, asked: Asked): void {
    if (this.#open?.delete(key) === true) this.#count--
    this.#bytes -= asked.length
    if (asked.soft) this.#soft--
  }

  #remember(key: number, asked: Asked): void {
    const givenUp = (this.#givenUp ??= new Map())
    givenUp.delete(key)
    givenUp.set(key, asked)
    if (givenUp.size <= REQUESTS_GIVEN_UP_MAX) return
    for (const oldest of givenUp.keys()) {
      givenUp.delete(oldest)
      return
    }
  }

  #forget(key: number, piece: number, begin: number, length: number): boolean {
    const asked = this.#givenUp?.get(key)
    if (asked === undefined || !is(asked, piece, begin, length)) return false
    return this.#givenUp?.delete(key) === true
  }
}

/** Keys of numbers that a peer made up may collide; the entry itself decides. */
function is(asked: Asked, piece: number, begin: number, length: number): boolean {
  return asked.begin === begin && asked.length === length && asked.piece === piece
}
