// Who sent what was wrong: strikes on proof only, parole on suspicion, a ban after three strikes.
//
// A failed piece with several senders says only that one of them lied. The digests of its blocks are kept, and when the
// piece is right at last, whoever sent a block that differs is convicted; v2 leaf hashes convict at once. Until then its
// senders are on parole (whole pieces of their own), so that a liar cannot hide among honest peers. Who sent all of a
// failed piece gets a strike at once, taken back when somebody else sends exactly the same: then it is the torrent that
// is wrong. Strikes belong to the address, one a piece: a new connection or peer id does not shed them. Our own faults
// blame nobody.

import { bytesEqual } from '@bt/primitives'

export interface TrustLimits {
  /** Pieces with a wrong block after which an address is banned. */
  readonly strikesMax: number
  /** The same while nothing at all was verified: perhaps it is the torrent that is wrong. */
  readonly strikesBeforeProofMax: number
  /** Failed pieces whose digests are kept: 20 bytes a block, of each try. */
  readonly piecesMax: number
  readonly triesMax: number
  /** Addresses with strikes that are remembered. */
  readonly addressesMax: number
}

export const TRUST_LIMITS: TrustLimits = {
  strikesMax: 3, // memory or a wire may fail an honest peer once or twice
  strikesBeforeProofMax: 12,
  piecesMax: 256, // 5 MiB of digests at 1,000 blocks a piece
  triesMax: 4,
  addressesMax: 4_096,
}

/** Bytes of a block's digest (SHA-1). */
const DIGEST_LENGTH = 20
/** No piece has more blocks. */
const BLOCKS_MAX = 2 ** 20

export interface Suspect<P> {
  readonly peer: P
  /** `addressKey` of its host; undefined on loopback. */
  readonly address: string | undefined
}

export interface Conviction<P> extends Suspect<P> {
  readonly piece: number
  /** Pieces of which it sent a wrong block. */
  readonly strikes: number
  /** Refuse the address from now on. */
  readonly ban: boolean
}

/** One download of a piece that failed: who sent each block, and what it was. */
interface FailedTry<P> {
  readonly senders: readonly (Suspect<P> | undefined)[]
  readonly digests: Uint8Array
}

/** Strikes and suspicion hang on the address; on loopback, where all share one, on the peer. */
type Name<P> = string | P

export class Trust<P> {
  readonly #limits: TrustLimits
  readonly #senders = new Map<number, (Suspect<P> | undefined)[]>()
  readonly #failed = new Map<number, FailedTry<P>[]>()
  readonly #strikes = new Map<Name<P>, Set<number>>()
  /** Failed pieces, not yet cleared up, in which a name is a suspect. */
  readonly #suspicions = new Map<Name<P>, Set<number>>()
  /** Connected peers that sent something, with what they were told. */
  readonly #peers = new Map<P, { readonly name: Name<P>; onParole: boolean }>()
  /** False: nobody is, so that without doubts nothing has to be looked through. */
  #isAnyOnParole = false
  #anyVerified = false
  /** Blocks that were proved wrong, by `piece · BLOCKS_MAX + block`: few, as three pieces are a ban. */
  readonly #wrongBlocks = new Map<Name<P>, Set<number>>()
  #changes = 0

  constructor(limits?: Partial<TrustLimits>) {
    this.#limits = { ...TRUST_LIMITS, ...limits }
  }

  /** A block was taken into the piece. `block` counts as the store's digests do. */
  contributed(piece: number, block: number, peer: P, address: string | undefined): void {
    this.#know(peer, address)
    let senders = this.#senders.get(piece)
    if (senders === undefined) {
      senders = []
      this.#senders.set(piece, senders)
    }
    senders[block] = { peer, address }
  }

  /**
   * The piece's hash is wrong. `wrongBlocks`: known to be wrong (v2), so their senders are convicted; without them all
   * senders are suspects. `blockDigests`: 20 bytes a block; kept as it is.
   */
  failed(
    piece: number,
    facts: { readonly wrongBlocks?: readonly number[]; readonly blockDigests: Uint8Array },
  ): { readonly suspects: readonly Suspect<P>[]; readonly convicted: readonly Conviction<P>[] } {
    const senders = this.#senders.get(piece) ?? []
    if (facts.wrongBlocks !== undefined) {
      const convicted = new Map<Name<P>, Conviction<P>>()
      for (const block of facts.wrongBlocks) {
        const suspect = senders[block]
        senders[block] = undefined
        if (suspect === undefined) continue
        convicted.set(nameOf(suspect), this.#convictOfBlock(piece, block, suspect))
      }
      return { suspects: [...convicted.values()], convicted: [...convicted.values()] }
    }
    this.#senders.delete(piece)
    const suspects = distinct(senders)
    const [sole] = suspects
    const convicted =
      sole !== undefined && suspects.length === 1
        ? this.#judgeSole(piece, sole, facts.blockDigests)
        : []
    this.#remember(piece, { senders, digests: facts.blockDigests })
    for (const { peer, address } of suspects) insert(this.#suspicions, address ?? peer, piece)
    return { suspects, convicted }
  }

  /** A block differed from a leaf hash that is known (v2), and was not taken. */
  wrongBlock(piece: number, block: number, peer: P, address: string | undefined): Conviction<P> {
    this.#know(peer, address)
    return this.#convictOfBlock(piece, block, { peer, address })
  }

  /** It failed before: `verified` wants the digests of the right blocks. */
  needsDigests(piece: number): boolean {
    return this.#failed.has(piece)
  }

  /** The piece is right. Whoever sent something else for it before is convicted. */
  verified(piece: number, blockDigests?: Uint8Array): readonly Conviction<P>[] {
    this.#anyVerified = true
    this.#senders.delete(piece)
    const tries = this.#failed.get(piece)
    if (tries === undefined) return []
    this.#clear(piece)
    if (blockDigests === undefined) return []
    const liars = tries.flatMap((failed) =>
      failed.senders.filter((_, block) => !sameBlock(failed.digests, blockDigests, block)),
    )
    return distinct(liars).map((suspect) => this.#convict(piece, suspect))
  }

  /** A disk or a bug spoiled it: nobody is blamed. */
  ourFault(piece: number): void {
    this.#senders.delete(piece)
  }

  /** To be given whole pieces of its own: a suspect, or convicted before. */
  onParole(peer: P, address: string | undefined): boolean {
    const known = this.#know(peer, address)
    known.onParole = this.#isDoubtful(known.name)
    if (known.onParole) this.#isAnyOnParole = true
    return known.onParole
  }

  /** Connected peers whose `onParole` changed since they were last asked about or told. */
  takeParoleChanges(): readonly P[] {
    const changed: P[] = []
    const isAnyDoubtful = this.#suspicions.size > 0 || this.#strikes.size > 0
    if (!isAnyDoubtful && !this.#isAnyOnParole) return changed
    this.#isAnyOnParole = isAnyDoubtful
    for (const [peer, known] of this.#peers) {
      if (this.#isDoubtful(known.name) === known.onParole) continue
      known.onParole = !known.onParole
      changed.push(peer)
    }
    return changed
  }

  /** Its connection is closed; what it sent, and its strikes, stay known. */
  left(peer: P): void {
    this.#peers.delete(peer)
  }

  #know(peer: P, address: string | undefined): { readonly name: Name<P>; onParole: boolean } {
    let known = this.#peers.get(peer)
    if (known === undefined) {
      known = { name: address ?? peer, onParole: false }
      this.#peers.set(peer, known)
    }
    return known
  }

  #isDoubtful(name: Name<P>): boolean {
    return this.#suspicions.has(name) || this.#strikes.has(name)
  }

  /** All of a failed piece is from one sender. */
  #judgeSole(piece: number, sole: Suspect<P>, digests: Uint8Array): readonly Conviction<P>[] {
    const name = nameOf(sole)
    let strike = piece
    for (const earlier of this.#failed.get(piece) ?? []) {
      const [other, more] = distinct(earlier.senders)
      if (other === undefined || more !== undefined) continue
      const isSame = bytesEqual(earlier.digests, digests)
      if (nameOf(other) === name) {
        // Twice different bytes for one piece cannot both be what it has.
        if (!isSame) strike = -++this.#changes
      } else if (isSame) {
        this.#acquit(nameOf(other), piece)
        this.#acquit(name, piece)
        return []
      }
    }
    return [this.#convict(strike, sole, piece)]
  }

  /** One strike a piece; but who sends the same block wrong again knows what it does. */
  #convictOfBlock(piece: number, block: number, suspect: Suspect<P>): Conviction<P> {
    const key = piece * BLOCKS_MAX + block
    const isAgain = this.#wrongBlocks.get(nameOf(suspect))?.has(key) === true
    insert(this.#wrongBlocks, nameOf(suspect), key)
    trim(this.#wrongBlocks, this.#limits.addressesMax)
    return this.#convict(isAgain ? -++this.#changes : piece, suspect, piece)
  }

  #acquit(name: Name<P>, piece: number): void {
    const strikes = this.#strikes.get(name)
    strikes?.delete(piece)
    if (strikes?.size === 0) this.#strikes.delete(name)
  }

  /** `strike` tells strikes apart: one for each piece, or for each time a sender changed its mind about one. */
  #convict(strike: number, { peer, address }: Suspect<P>, piece = strike): Conviction<P> {
    const strikes = insert(this.#strikes, address ?? peer, strike)
    trim(this.#strikes, this.#limits.addressesMax)
    const { strikesMax, strikesBeforeProofMax } = this.#limits
    const ban = strikes >= (this.#anyVerified ? strikesMax : strikesBeforeProofMax)
    return { peer, address, piece, strikes, ban }
  }

  #remember(piece: number, failed: FailedTry<P>): void {
    const tries = this.#failed.get(piece) ?? []
    tries.push(failed)
    if (tries.length > this.#limits.triesMax) tries.shift()
    this.#failed.delete(piece)
    this.#failed.set(piece, tries)
    if (this.#failed.size <= this.#limits.piecesMax) return
    for (const oldest of this.#failed.keys()) {
      this.#clear(oldest)
      return
    }
  }

  /** Nobody is a suspect because of this piece any more. */
  #clear(piece: number): void {
    this.#failed.delete(piece)
    for (const [name, pieces] of this.#suspicions) {
      pieces.delete(piece)
      if (pieces.size === 0) this.#suspicions.delete(name)
    }
  }
}

function nameOf<P>({ peer, address }: Suspect<P>): Name<P> {
  return address ?? peer
}

function distinct<P>(suspects: readonly (Suspect<P> | undefined)[]): readonly Suspect<P>[] {
  const names = new Map<Name<P>, Suspect<P>>()
  for (const suspect of suspects) {
    if (suspect !== undefined) names.set(nameOf(suspect), suspect)
  }
  return [...names.values()]
}

function sameBlock(one: Uint8Array, other: Uint8Array, block: number): boolean {
  const begin = block * DIGEST_LENGTH
  const end = begin + DIGEST_LENGTH
  return bytesEqual(one.subarray(begin, end), other.subarray(begin, end))
}

/** Answers how many pieces the name has then. */
function insert<P>(pieces: Map<Name<P>, Set<number>>, name: Name<P>, piece: number): number {
  const its = pieces.get(name) ?? new Set<number>()
  its.add(piece)
  pieces.delete(name)
  pieces.set(name, its)
  return its.size
}

function trim<K, V>(map: Map<K, V>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return
    map.delete(oldest)
  }
}
