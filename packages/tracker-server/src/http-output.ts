// Responses as bytes, one after another in one memory: bodies are written first, and their head before them.

import { type Halves, halvesOf } from './copy-halves.ts'

/** Bytes kept free before a body for its head. */
const HEAD_LENGTH_MAX = 192
const FIRST_LENGTH = 64 * 1024

export class HttpOutput {
  /** Where `Hand.write` puts peers before they are copied: bodies lie at odd places, too. */
  readonly peers: Halves
  readonly peerBytes: Uint8Array
  #bytes = new Uint8Array(FIRST_LENGTH)
  #end = 0
  #body = 0
  #at = 0

  /** `peersMax` as in an answer. */
  constructor(peersMax: number) {
    const halves = new Uint16Array(9 * peersMax)
    this.peers = halvesOf(halves)
    this.peerBytes = new Uint8Array(halves.buffer)
  }

  get length(): number {
    return this.#end
  }

  /** Everything since the last `clear`; lent until then. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#end)
  }

  clear(): void {
    this.#end = 0
  }

  /** A body begins. */
  begin(): void {
    this.#room(this.#end + HEAD_LENGTH_MAX + this.peerBytes.length * 2 + 512)
    this.#body = this.#end + HEAD_LENGTH_MAX
    this.#at = this.#body
  }

  /** ASCII. */
  text(text: string): void {
    const bytes = this.#bytes
    for (let at = 0; at < text.length; at++) bytes[this.#at++] = text.charCodeAt(at)
  }

  /** A whole number that is not negative, in decimal digits. */
  number(value: number): void {
    let digits = 1
    for (let bound = 10; bound <= value; bound *= 10) digits++
    let rest = value
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = Math.floor(rest / 10)
      this.#bytes[at] = 0x30 + rest - next * 10
      rest = next
    }
    this.#at += digits
  }

  bytes(from: Uint8Array, length = from.length): void {
    if (this.#at + length > this.#bytes.length) this.#room(this.#at + length)
    if (length < 32)
      for (let at = 0; at < length; at++) this.#bytes[this.#at + at] = from[at] as number
    else this.#bytes.set(length === from.length ? from : from.subarray(0, length), this.#at)
    this.#at += length
  }

  /** Puts the head before the body that was begun; a HEAD request gets the head alone. */
  finish(status: string, connection: '' | 'close' | 'keep-alive', headOnly: boolean): void {
    const from = this.#body
    const length = this.#at - from
    this.#at = this.#end
    this.text('HTTP/1.1 ')
    this.text(status)
    this.text('\r\nContent-Type: text/plain\r\nContent-Length: ')
    this.number(length)
    if (connection === 'close') this.text('\r\nConnection: close')
    else if (connection === 'keep-alive') this.text('\r\nConnection: keep-alive')
    this.text('\r\n\r\n')
    if (!headOnly) {
      this.#bytes.copyWithin(this.#at, from, from + length)
      this.#at += length
    }
    this.#end = this.#at
  }

  #room(length: number): void {
    if (length <= this.#bytes.length) return
    const more = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
    more.set(this.#bytes)
    this.#bytes = more
  }
}
