// Contents of one simulated file: sparse sectors, and what each was when it was last synced.
//
// A power cut can then be exact: every 4 KiB sector that was not synced is old, new, or torn in the middle.

import type { Prng } from '@bt/primitives'

/** What a disk writes wholly or not at all, if it is a good one; here it may be torn too. */
export const SECTOR_BYTES = 4_096

export class DiskFile {
  length = 0
  /** Wall clock of the last change. */
  modifiedMs = 0
  readonly #sectors = new Map<number, Uint8Array>()
  /** Sectors that changed since the last sync, as they were; undefined: a hole. */
  readonly #synced = new Map<number, Uint8Array | undefined>()
  /** −1: the file itself is not on disk yet. */
  #syncedLength = -1

  /** How many sectors hold something. */
  get sectorCount(): number {
    return this.#sectors.size
  }

  /** Something would be lost in a power cut. */
  get dirty(): boolean {
    return this.#synced.size > 0 || this.#syncedLength !== this.length
  }

  /** How many sectors a write here would add. */
  sectorsAdded(offset: number, length: number): number {
    if (length === 0) return 0
    const last = Math.floor((offset + length - 1) / SECTOR_BYTES)
    let added = 0
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector <= last; sector++) {
      if (!this.#sectors.has(sector)) added++
    }
    return added
  }

  /** Holes read as zeros. The range lies in the file. */
  read(offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; ) {
      const sector = Math.floor((offset + at) / SECTOR_BYTES)
      const start = offset + at - sector * SECTOR_BYTES
      const length = Math.min(SECTOR_BYTES - start, into.length - at)
      const bytes = this.#sectors.get(sector)
      if (bytes === undefined) into.fill(0, at, at + length)
      else into.set(bytes.subarray(start, start + length), at)
      at += length
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const sector = Math.floor((offset + at) / SECTOR_BYTES)
      const start = offset + at - sector * SECTOR_BYTES
      const length = Math.min(SECTOR_BYTES - start, bytes.length - at)
      this.#own(sector).set(bytes.subarray(at, at + length), start)
      at += length
    }
    if (bytes.length > 0) this.length = Math.max(this.length, offset + bytes.length)
  }

  /** Shorter: what is beyond is gone, and reads as zeros should the file grow again. */
  truncate(length: number): void {
    if (length < this.length) {
      const keep = Math.ceil(length / SECTOR_BYTES)
      for (const sector of this.#sectors.keys()) {
        if (sector < keep) continue
        this.#remember(sector)
        this.#sectors.delete(sector)
      }
      const tail = length % SECTOR_BYTES
      if (tail !== 0 && this.#sectors.has(keep - 1)) this.#own(keep - 1).fill(0, tail)
    }
    this.length = length
  }

  /** Everything so far survives from now on. */
  sync(): void {
    this.#synced.clear()
    this.#syncedLength = this.length
  }

  /** The file of before the last sync; false: there was none. */
  forget(): boolean {
    for (const [sector, old] of this.#synced) this.#put(sector, old)
    this.#synced.clear()
    if (this.#syncedLength < 0) return false
    this.length = this.#syncedLength
    return true
  }

  /** What a power cut may leave: of what was not synced, every sector old, new or torn; false: no file. */
  tear(random: Prng): boolean {
    if (this.#syncedLength < 0 && random.below(4) === 0) return false
    for (const [sector, old] of this.#synced) {
      const before = old ?? new Uint8Array(SECTOR_BYTES)
      const torn = this.#sectors.get(sector)?.slice() ?? new Uint8Array(SECTOR_BYTES)
      const fresh = [0, SECTOR_BYTES, random.below(SECTOR_BYTES)][random.below(3)] as number
      torn.set(before.subarray(fresh), fresh)
      this.#sectors.set(sector, torn)
    }
    if (random.below(2) === 0) this.truncate(Math.max(0, this.#syncedLength))
    this.sync()
    return true
  }

  /** The sector, to be changed. */
  #own(sector: number): Uint8Array {
    this.#remember(sector)
    let bytes = this.#sectors.get(sector)
    if (bytes === undefined) {
      bytes = new Uint8Array(SECTOR_BYTES)
      this.#sectors.set(sector, bytes)
    }
    return bytes
  }

  #remember(sector: number): void {
    if (!this.#synced.has(sector)) this.#synced.set(sector, this.#sectors.get(sector)?.slice())
  }

  #put(sector: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#sectors.delete(sector)
    else this.#sectors.set(sector, bytes)
  }
}
