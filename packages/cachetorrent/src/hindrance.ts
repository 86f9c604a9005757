// Whether a seed's first copies may be held up by the link that it shares with its site (rule 6). Nobody tells the seed of
// that link: it looks at what it sends. Below what it declared it is hindered, and the other members of its site send
// nothing to other sites while first copies wait to leave. Where it declared nothing it may always be, so they yield from
// the first copy on: where that helps nothing it costs little, as pieces that are out go on from where they are.

/** Milliseconds of one look: the queues of the others need as long to empty. */
const LOOK_MS = 5_000
/** Of what the seed can send: below it is hindered, above it needs nobody to yield. */
const HINDERED_SHARE = 0.8
const FULL_SHARE = 0.95
/** Looks in a row after which it is sure: the first one is of a swarm that begins. */
const SURE_LOOKS = 2

export class Hindrance {
  /** What it can send, in bytes per millisecond. A look that saw more says nothing: pieces that left together are a heap. */
  readonly #most: number
  #since: number | undefined
  #bytes = 0
  #extraBytes = 0
  #isBacked = true
  #yields = false
  /** In how many looks in a row it sent clearly less than it can. */
  #hinderedLooks = 0

  /** Bytes per second that we declare; 0: not said, then nobody knows when the uplink is full. */
  constructor(declared: number) {
    this.#most = declared === 0 ? Number.POSITIVE_INFINITY : declared / 1000
  }

  /** The uplink has room that other sites cannot use: it is for our own. */
  get hasRoom(): boolean {
    return this.#hinderedLooks >= SURE_LOOKS
  }

  /** Bytes left us, wherever they go. `isExtra`: for our own site, because there was room. */
  sent(bytes: number, isExtra = false): void {
    this.#bytes += bytes
    if (isExtra) this.#extraBytes += bytes
  }

  /** Whether others are to yield; `isBacked`: first copies wait to leave for other sites. */
  look(isBacked: boolean, now: number): boolean {
    if (this.#since === undefined) {
      if (!isBacked) return false
      this.#yields = !this.#isKnown
      this.#begin(now)
      return this.#yields
    }
    this.#isBacked &&= isBacked
    const ms = now - this.#since
    if (ms < LOOK_MS) return this.#yields
    this.#judge(this.#bytes / ms, this.#extraBytes / ms)
    this.#begin(now)
    return this.#yields
  }

  /** What fills the room that there is says nothing of the link. */
  #judge(rate: number, extraRate: number): void {
    const isBelow = (share: number, ofRate: number): boolean =>
      this.#isBacked && ofRate < share * this.#most
    const hasRoom = this.#isKnown && isBelow(HINDERED_SHARE, rate)
    this.#hinderedLooks = hasRoom ? this.#hinderedLooks + 1 : 0
    const firstCopies = rate - extraRate
    const isHindered = isBelow(HINDERED_SHARE, firstCopies)
    this.#yields = isHindered || (this.#yields && isBelow(FULL_SHARE, firstCopies))
  }

  get #isKnown(): boolean {
    return Number.isFinite(this.#most)
  }

  #begin(now: number): void {
    this.#since = now
    this.#bytes = 0
    this.#extraBytes = 0
    this.#isBacked = true
  }
}
