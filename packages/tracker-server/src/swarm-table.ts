// Swarms by infohash, without making text of it: open addressing over five words and a keyed hash.
//
// In 256 shards, so that growing one moves a few thousand entries and stops nobody.

import type { Random } from '@bt/ports'
import type { Swarm } from './swarm.ts'
import { SwarmWords } from './swarm-words.ts'

const SHARDS = 256
const FIRST_CELLS = 16

interface Shard {
  /** Ids of swarms, plus one; 0 is free. */
  cells: Int32Array
  used: number
}

export class SwarmTable {
  readonly #shards: Shard[] = Array.from({ length: SHARDS }, () => ({
    cells: new Int32Array(FIRST_CELLS),
    used: 0,
  }))
  /** By id. */
  readonly #swarms: (Swarm | undefined)[] = []
  readonly #words = new SwarmWords()
  readonly #freeIds: number[] = []
  readonly #secret: number
  #size = 0

  constructor(random: Random) {
    this.#secret = random.below(2 ** 32) | 0
  }

  get size(): number {
    return this.#size
  }

  /** Ids are below it. */
  get idsEnd(): number {
    return this.#swarms.length
  }

  byId(id: number): Swarm | undefined {
    return this.#swarms[id]
  }

  find(words: Int32Array): Swarm | undefined {
    const hash = this.#hashOf(words)
    const { cells } = this.#shards[hash & (SHARDS - 1)] as Shard
    const mask = cells.length - 1
    for (let cell = (hash >>> 8) & mask; ; cell = (cell + 1) & mask) {
      const found = cells[cell] as number
      if (found === 0) return undefined
      if (this.#words.isOf(found - 1, words)) return this.#swarms[found - 1]
    }
  }

  /** Adds one that is not there; `make` is given the id that it must have, and where its infohash lies. */
  add(words: Int32Array, make: (id: number, words: SwarmWords) => Swarm): Swarm {
    const hash = this.#hashOf(words)
    const shard = this.#shards[hash & (SHARDS - 1)] as Shard
    if (3 * (shard.used + 1) > 2 * shard.cells.length) this.#grow(shard)
    const id = this.#freeIds.pop() ?? this.#swarms.length
    this.#words.set(id, words)
    const swarm = make(id, this.#words)
    this.#swarms[id] = swarm
    place(shard.cells, hash, id)
    shard.used++
    this.#size++
    return swarm
  }

  remove(swarm: Swarm): void {
    const hash = this.#hashOf(swarm.words)
    const shard = this.#shards[hash & (SHARDS - 1)] as Shard
    const { cells } = shard
    const mask = cells.length - 1
    let gap = (hash >>> 8) & mask
    while (cells[gap] !== swarm.id + 1) gap = (gap + 1) & mask
    for (let cell = (gap + 1) & mask; ; cell = (cell + 1) & mask) {
      const other = cells[cell] as number
      if (other === 0) break
      const home = (this.#hashOf(this.#words.of(other - 1)) >>> 8) & mask
      if (((cell - home) & mask) < ((cell - gap) & mask)) continue
      cells[gap] = other
      gap = cell
    }
    cells[gap] = 0
    shard.used--
    this.#swarms[swarm.id] = undefined
    this.#freeIds.push(swarm.id)
    this.#size--
  }

  #grow(shard: Shard): void {
    const cells = new Int32Array(2 * shard.cells.length)
    for (const found of shard.cells)
      if (found !== 0) place(cells, this.#hashOf(this.#words.of(found - 1)), found - 1)
    shard.cells = cells
  }

  #hashOf(words: Int32Array): number {
    let hash = this.#secret
    for (let at = 0; at < 5; at++) {
      hash = Math.imul(hash ^ (words[at] as number), 0x21f0aaad)
      hash ^= hash >>> 15
    }
    hash = Math.imul(hash, 0x735a2d97)
    return hash ^ (hash >>> 15)
  }
}

function place(cells: Int32Array, hash: number, id: number): void {
  const mask = cells.length - 1
  let cell = (hash >>> 8) & mask
  while (cells[cell] !== 0) cell = (cell + 1) & mask
  cells[cell] = id + 1
}
