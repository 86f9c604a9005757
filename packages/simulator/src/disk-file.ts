// Contents of one simulated file: sparse pages, and what each was when it was last synced.
//
// A power cut can then be exact: every 4 KiB sector that was not synced is old, new, or torn in the middle.

import type { Prng } from '@bt/primitives'

/** A block of 16 KiB is one page; disks promise nothing beyond a sector. */
export const PAGE_BYTES = 16_384
export const SECTOR_BYTES = 4_096

export class DiskFile {
  length = 0
  /** Wall clock of the last change. */
  modifiedMs = 0
  readonly #pages = new Map<number, Uint8Array>()
  /** Pages that changed since the last sync, as they were; undefined: a hole. */
  readonly #synced = new Map<number, Uint8Array | undefined>()
  /** −1: the file itself is not on disk yet. */
  #syncedLength = -1

  /** How many pages hold something. */
  get pageCount(): number {
    return this.#pages.size
  }

  /** Something would be lost in a power cut. */
  get dirty(): boolean {
    return this.#synced.size > 0 || this.#syncedLength !== this.length
  }

  /** How many pages a write here would add. */
  pagesAdded(offset: number, length: number): number {
    if (length === 0) return 0
    const last = Math.floor((offset + length - 1) / PAGE_BYTES)
    let added = 0
    for (let page = Math.floor(offset / PAGE_BYTES); page <= last; page++) {
      if (!this.#pages.has(page)) added++
    }
    return added
  }

  /** Holes read as zeros. The range lies in the file. */
  read(offset: number, into: Uint8Array): void {
    for (let at = 0; at < into.length; ) {
      const page = Math.floor((offset + at) / PAGE_BYTES)
      const start = offset + at - page * PAGE_BYTES
      const length = Math.min(PAGE_BYTES - start, into.length - at)
      const bytes = this.#pages.get(page)
      if (bytes === undefined) into.fill(0, at, at + length)
      else into.set(bytes.subarray(start, start + length), at)
      at += length
    }
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const page = Math.floor((offset + at) / PAGE_BYTES)
      const start = offset + at - page * PAGE_BYTES
      const length = Math.min(PAGE_BYTES - start, bytes.length - at)
      this.#own(page).set(bytes.subarray(at, at + length), start)
      at += length
    }
    if (bytes.length > 0) this.length = Math.max(this.length, offset + bytes.length)
  }

  /** Shorter: what is beyond is gone, and reads as zeros should the file grow again. */
  truncate(length: number): void {
    if (length < this.length) {
      const keep = Math.ceil(length / PAGE_BYTES)
      for (const page of this.#pages.keys()) {
        if (page < keep) continue
        this.#remember(page)
        this.#pages.delete(page)
      }
      const tail = length % PAGE_BYTES
      if (tail !== 0 && this.#pages.has(keep - 1)) this.#own(keep - 1).fill(0, tail)
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
    for (const [page, old] of this.#synced) this.#put(page, old)
    this.#synced.clear()
    if (this.#syncedLength < 0) return false
    this.length = this.#syncedLength
    return true
  }

  /** What a power cut may leave: of what was not synced, every sector old, new or torn; false: no file. */
  tear(random: Prng): boolean {
    if (this.#syncedLength < 0 && random.below(4) === 0) return false
    for (const [page, old] of this.#synced) {
      const now = this.#pages.get(page)
      const before = old ?? new Uint8Array(PAGE_BYTES)
      const torn = (now ?? new Uint8Array(PAGE_BYTES)).slice()
      for (let start = 0; start < PAGE_BYTES; start += SECTOR_BYTES) {
        const kept = [0, SECTOR_BYTES, random.below(SECTOR_BYTES)][random.below(3)] as number
        torn.set(before.subarray(start + kept, start + SECTOR_BYTES), start + kept)
      }
      this.#pages.set(page, torn)
    }
    if (random.below(2) === 0) this.truncate(Math.max(0, this.#syncedLength))
    this.sync()
    return true
  }

  /** The page, to be changed. */
  #own(page: number): Uint8Array {
    this.#remember(page)
    let bytes = this.#pages.get(page)
    if (bytes === undefined) {
      bytes = new Uint8Array(PAGE_BYTES)
      this.#pages.set(page, bytes)
    }
    return bytes
  }

  #remember(page: number): void {
    if (!this.#synced.has(page)) this.#synced.set(page, this.#pages.get(page)?.slice())
  }

  #put(page: number, bytes: Uint8Array | undefined): void {
    if (bytes === undefined) this.#pages.delete(page)
    else this.#pages.set(page, bytes)
  }
}
