// Which pieces the peer has, before and after we know how many there are (magnets).
//
// Before the geometry is here everything is believed up to a bound and kept as bits: a base (all or none) and what
// differs from it. `adopt` checks it all at once. BEP 3, 6, 54.

import type { PieceGeometry } from '@bt/metainfo'
import { Bitfield } from '@bt/primitives'
import { WireError } from './errors.ts'

const NOTHING = new Uint8Array(0)

export class PeerPieces {
  readonly #indexMax: number
  #known: Bitfield | undefined
  /** Told by bitfield, have-all or have-none: allowed once. */
  #whole = false
  /** Anything at all was told. */
  #told = false
  #base: 'all' | 'none' = 'none'
  #differs: Uint8Array = NOTHING
  /** Bytes of the bitfield that came before the geometry. */
  #bitfieldLength: number | undefined
  #highest = -1

  constructor(piecesBeforeGeometryMax: number) {
    this.#indexMax = piecesBeforeGeometryMax - 1
  }

  /** Undefined until the geometry is known. Replaced when a whole is told, changed in place by single pieces. */
  get known(): Bitfield | undefined {
    return this.#known
  }

  /** Anything was told: a whole, or a single piece. */
  get isTold(): boolean {
    return this.#told
  }

  /** @throws {WireError} blame remote: wrong length or spare bits set, as far as the geometry is known */
  checkBitfield(bits: Uint8Array): void {
    if (this.#known !== undefined) fitted(this.#known.length, bits)
    else if (bits.length * 8 > this.#indexMax + 8)
      throw outOfRange(bits.length * 8 - 1, this.#indexMax + 1)
  }

  /** @throws {WireError} blame remote: told twice, told after a have, wrong length, spare bits set */
  bitfield(bits: Uint8Array): Bitfield | undefined {
    this.#tellWhole('bitfield')
    if (this.#known !== undefined) {
      this.#known = fitted(this.#known.length, bits)
      return this.#known
    }
    this.#bitfieldLength = bits.length
    this.#differs = bits.slice()
    return undefined
  }

  /** @throws {WireError} blame remote: told twice, told after a have */
  all(): Bitfield | undefined {
    this.#tellWhole('have-all')
    this.#base = 'all'
    if (this.#known !== undefined) this.#known = Bitfield.full(this.#known.length)
    return this.#known
  }

  /** @throws {WireError} blame remote: told twice, told after a have */
  none(): Bitfield | undefined {
    this.#tellWhole('have-none')
    return this.#known
  }

  /** True when the peer's pieces changed. @throws {WireError} OUT_OF_RANGE, blame remote */
  gained(piece: number): boolean {
    this.#check(piece)
    this.#told = true
    return this.#known === undefined ? this.#mark(piece, 'none') : this.#known.set(piece)
  }

  /** True when the peer's pieces changed. @throws {WireError} OUT_OF_RANGE, blame remote */
  lost(piece: number): boolean {
    this.#check(piece)
    return this.#known === undefined ? this.#mark(piece, 'all') : this.#known.clear(piece)
  }

  /**
   * The geometry is known from now on. Answers what was told before, or undefined when nothing was.
   * @throws {WireError} blame remote: what was told does not fit the torrent
   */
  adopt(geometry: PieceGeometry): Bitfield | undefined {
    const count = geometry.pieceCount
    if (this.#highest >= count) throw outOfRange(this.#highest, count)
    if (this.#bitfieldLength === undefined) this.#known = this.#merged(count)
    else this.#known = fitted(count, this.#differs.subarray(0, this.#bitfieldLength))
    this.#differs = NOTHING
    return this.#told ? this.#known : undefined
  }

  #merged(count: number): Bitfield {
    const pieces = this.#base === 'all' ? Bitfield.full(count) : new Bitfield(count)
    for (let piece = 0; piece <= this.#highest; piece++) {
      if (((this.#differs[piece >> 3] ?? 0) & (128 >> (piece & 7))) === 0) continue
      if (this.#base === 'all') pieces.clear(piece)
      else pieces.set(piece)
    }
    return pieces
  }

  /** Sets the bit of `piece` where it differs from the base, or clears it where it is back at the base. */
  #mark(piece: number, differsFrom: 'all' | 'none'): boolean {
    this.#highest = Math.max(this.#highest, piece)
    const at = piece >> 3
    if (at >= this.#differs.length) {
      const longer = new Uint8Array(Math.max(at + 1, 2 * this.#differs.length))
      longer.set(this.#differs)
      this.#differs = longer
    }
    const bit = 128 >> (piece & 7)
    const was = this.#differs[at] as number
    const is = differsFrom === this.#base ? was | bit : was & ~bit
    this.#differs[at] = is
    return is !== was
  }

  #check(piece: number): void {
    if (this.#known === undefined) {
      if (piece > this.#indexMax) throw outOfRange(piece, this.#indexMax + 1)
    } else if (piece >= this.#known.length) throw outOfRange(piece, this.#known.length)
  }

  #tellWhole(how: string): void {
    if (this.#whole || this.#told) {
      throw new WireError(
        'MESSAGE_OUT_OF_TURN',
        'remote',
        `a ${how} message after the peer had told its pieces`,
      )
    }
    this.#whole = true
    this.#told = true
  }
}

/** A bitfield of the right length with its spare bits zero, or an error that says what is wrong. */
function fitted(count: number, bits: Uint8Array): Bitfield {
  const right = Math.ceil(count / 8)
  if (bits.length !== right) {
    throw new WireError(
      'MESSAGE_LENGTH_WRONG',
      'remote',
      `a bitfield of ${bits.length} bytes, must be ${right} for ${count} pieces`,
    )
  }
  if (!Bitfield.fits(count, bits)) {
    throw new WireError(
      'OUT_OF_RANGE',
      'remote',
      `a bitfield with bits set beyond piece ${count - 1}`,
    )
  }
  return new Bitfield(count, bits)
}

function outOfRange(piece: number, count: number): WireError {
  return new WireError('OUT_OF_RANGE', 'remote', `piece ${piece} of ${count}`)
}
