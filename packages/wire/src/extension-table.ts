// Which id means which extension, in both directions: ids are chosen by the receiver (BEP 10).

import type { BencodeValue } from '@bt/bencode'
import { invariant } from '@bt/primitives'
import { EXTENSIONS_MAX } from './wire-limits.ts'

export class ExtensionTable {
  readonly #ours = new Map<number, string>()
  readonly #peers = new Map<string, number>()

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
    for (const [name, id] of ids as ReadonlyMap<string, BencodeValue>) {
      if (typeof id !== 'number' || id < 0 || id > 255) continue
      if (id === 0) this.#peers.delete(name)
      else if (this.#peers.has(name) || this.#peers.size < EXTENSIONS_MAX) {
        this.#peers.set(name, id)
      }
    }
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
