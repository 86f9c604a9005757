// Memory of members in pages: blocks of few sizes, so that a swarm grows in small steps and gives back what it leaves.
//
// A page holds blocks of one size and goes to whichever size asks next once all its blocks are free. Blocks too large
// for that are memory of their own. Nothing is ever doubled.

import { type Halves, halvesOf } from './copy-halves.ts'

/** Bytes of a page. */
export const PAGE_LENGTH = 1 << 18
/** Bytes of a block from which on it is memory of its own: at least eight blocks fill a page. */
const BLOCK_LENGTH_MAX = PAGE_LENGTH >> 3
/** Blocks begin at multiples of this, so that one half-word of a free block can name the next free one. */
const GRAIN = 8

/** Memory that blocks are taken from; `bytes` are the same memory. */
export interface Page extends Halves {
  readonly bytes: Uint8Array
  /** Bytes of each block; 0 while the page is nobody's. */
  blockLength: number
  /** Blocks handed out. */
  used: number
  /** Bytes from which on nothing was ever handed out. */
  fresh: number
  /** The first block given back: its place in grains, plus one; 0 for none. */
  firstFree: number
  isListed: boolean
}

/** A part of a page: `at` is in bytes, a multiple of eight. */
export interface Block {
  readonly page: Page
  readonly at: number
}

export class Slabs {
  /** Pages with room, by the length of their blocks. */
  readonly #roomy = new Map<number, Page[]>()
  readonly #empty: Page[] = []
  #pages = 0
  #aloneBytes = 0

  /** Bytes held from the system: used ones, free ones and pages that wait for their next use. */
  get heldBytes(): number {
    return this.#pages * PAGE_LENGTH + this.#aloneBytes
  }

  /** A block of at least `length` bytes; whatever it held before is still in it. */
  take(length: number): Block {
    const blockLength = Math.ceil(length / GRAIN) * GRAIN
    if (blockLength > BLOCK_LENGTH_MAX) {
      this.#aloneBytes += blockLength
      return { page: newPage(blockLength, blockLength), at: 0 }
    }
    const roomy = this.#roomyOf(blockLength)
    let page = roomy.at(-1)
    if (page === undefined) {
      page = this.#empty.pop() ?? this.#newPage()
      page.blockLength = blockLength
      page.isListed = true
      roomy.push(page)
    }
    page.used++
    let at = page.fresh
    if (page.firstFree > 0) {
      at = (page.firstFree - 1) * GRAIN
      page.firstFree = page.halves[at >> 1] as number
    } else page.fresh += blockLength
    if (page.firstFree === 0 && page.fresh + blockLength > PAGE_LENGTH) {
      page.isListed = false
      roomy.pop()
    }
    return { page, at }
  }

  /** Takes a block back; nobody may look into it any more. */
  give({ page, at }: Block): void {
    if (page.blockLength > BLOCK_LENGTH_MAX) {
      this.#aloneBytes -= page.blockLength
      return
    }
    page.halves[at >> 1] = page.firstFree
    page.firstFree = at / GRAIN + 1
    const roomy = this.#roomyOf(page.blockLength)
    if (--page.used === 0) {
      if (page.isListed) roomy.splice(roomy.indexOf(page), 1)
      Object.assign(page, { blockLength: 0, fresh: 0, firstFree: 0, isListed: false })
      this.#empty.push(page)
    } else if (!page.isListed) {
      page.isListed = true
      roomy.push(page)
    }
  }

  #roomyOf(blockLength: number): Page[] {
    let roomy = this.#roomy.get(blockLength)
    if (roomy === undefined) {
      roomy = []
      this.#roomy.set(blockLength, roomy)
    }
    return roomy
  }

  #newPage(): Page {
    this.#pages++
    return newPage(PAGE_LENGTH, 0)
  }
}

function newPage(length: number, blockLength: number): Page {
  const buffer = new ArrayBuffer(length)
  return {
    bytes: new Uint8Array(buffer),
    ...halvesOf(new Uint16Array(buffer)),
    blockLength,
    used: 0,
    fresh: 0,
    firstFree: 0,
    isListed: false,
  }
}
