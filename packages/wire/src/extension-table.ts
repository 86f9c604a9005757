// Which id means which extension, in both directions: ids are chosen by the receiver (BEP 10).

import type { BencodeValue } from '@bt/bencode'
import { invariant } from '@bt/primitives'
import { EXTENSIONS_MAX } from './wire-limits.ts'

const NO_IDS: ReadonlyMap<string, number> = new Map()

export class ExtensionTable {
  readonly #ours = new Map<number, string>()
  #peers = NO_IDS

  /** What our own handshake promises to understand. Later ones add; 0 takes an extension out. */
  offer(ids: BencodeValue | undefined): void {
    if (!(ids instanceof Map)) return
    for (const [name, id] of ids as ReadonlyMap<string, BencodeValue>) {
      invariant(
        typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 255,
        'our extension ids are whole numbers from 0 to 255',
      )
      for (const [other, taken] of this.#ours) if (taken === name) this.#ours.delete(other)
      if (id !== 0) this.#ours.set(id, name)
    }
  }

  /** What the peer's handshake promises to understand. What is no id is passed over. */
  learn(ids: BencodeValue | undefined): void {
    if (!(ids instanceof Map)) return
    if (this.#peers === NO_IDS) this.#peers = firstTable(ids as ReadonlyMap<string, BencodeValue>)
    else this.#peers = withIds(this.#peers, ids as ReadonlyMap<string, BencodeValue>)
  }

  /** The name of an id that the peer used, if we offered it. */
  nameOf(id: number): string | undefined {
    return this.#ours.get(id)
  }

  /** The id under which the peer takes this extension. */
  idOf(name: string): number | undefined {
    return this.#peers.get(name)
  }
}

/** Tables are shared by all whose first word was the same dictionary, and copied when there is more. */
const tables = new WeakMap<object, ReadonlyMap<string, number>>()

function firstTable(ids: ReadonlyMap<string, BencodeValue>): ReadonlyMap<string, number> {
  const known = tables.get(ids)
  if (known !== undefined) return known
  const table = withIds(NO_IDS, ids)
  tables.set(ids, table)
  return table
}

function withIds(
  before: ReadonlyMap<string, number>,
  ids: ReadonlyMap<string, BencodeValue>,
): ReadonlyMap<string, number> {
  const table = new Map(before)
  for (const [name, id] of ids) {
    if (typeof id !== 'number' || id < 0 || id > 255) continue
    if (id === 0) table.delete(name)
    else if (table.has(name) || table.size < EXTENSIONS_MAX) table.set(name, id)
  }
  return table
}
