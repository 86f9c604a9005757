// Light peers for the benchmark of the event loop: many connections of one process, each of which has nothing, says what it
// got, and asks for blocks while it may. Started by main.ts with PORT COUNT INFOHASH PIECES HAVES_PER_SECOND.
import { connect, type Socket } from 'node:net'

const [port, count, infoHash, pieceCount, havesPerSecond] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]
const BLOCK_LENGTH = 16_384
const TICK_MS = 50
const JOINING = 25
const INTERESTED = Uint8Array.of(0, 0, 0, 1, 2)
const CHOKE = 0
const UNCHOKE = 1
const PIECE = 7

function handshake(number: number): Uint8Array {
  const bytes = Buffer.alloc(68)
  bytes[0] = 19
  bytes.write('BitTorrent protocol', 1)
  bytes.write(infoHash, 28, 'hex')
  bytes.write(`-XX0000-${String(number).padStart(12, '0')}`, 48)
  return bytes
}

function message(id: number, ...words: readonly number[]): Buffer {
  const bytes = Buffer.alloc(5 + 4 * words.length)
  bytes.writeUInt32BE(1 + 4 * words.length)
  bytes[4] = id
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, 5 + 4 * index)
  return bytes
}

class LightPeer {
  readonly socket: Socket
  #left = 68
  #head = Buffer.alloc(0)
  #nextHave = 0

  constructor(number: number) {
    this.socket = connect({ host: '127.0.0.1', port: Number(port) })
    this.socket.on('error', () => {})
    this.socket.on('data', (chunk: Buffer) => this.#heard(chunk))
    this.socket.write(handshake(number))
    this.socket.write(INTERESTED)
  }

  have(): void {
    if (this.#nextHave < Number(pieceCount)) this.socket.write(message(4, this.#nextHave++))
  }

  /** Skips the bodies: only what a message is counts. */
  #heard(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const skipped = Math.min(this.#left, chunk.length - at)
      this.#left -= skipped
      at += skipped
      if (this.#left > 0 || at === chunk.length) break
      const taken = Math.min(5 - this.#head.length, chunk.length - at)
      this.#head = Buffer.concat([this.#head, chunk.subarray(at, at + taken)])
      at += taken
      const length = this.#head.length < 4 ? -1 : this.#head.readUInt32BE(0)
      if (length === 0) this.#head = this.#head.subarray(4)
      if (length <= 0 || this.#head.length < 5) continue
      this.#left = length - 1
      this.#message(this.#head[4] as number)
      this.#head = Buffer.alloc(0)
    }
  }

  #isUnchoked = false

  #message(id: number): void {
    if (id === CHOKE) this.#isUnchoked = false
    if (id === UNCHOKE) this.#isUnchoked = true
    if ((id === UNCHOKE || id === PIECE) && this.#isUnchoked) this.#ask()
  }

  /** A piece that it never said it had. */
  #ask(): void {
    this.socket.write(message(6, Number(pieceCount) - 1, 0, BLOCK_LENGTH))
  }
}

const peers: LightPeer[] = []
let turn = 0
let due = 0
setInterval(() => {
  // A few at a time: a session lets only so many be without a handshake.
  const until = Math.min(Number(count), peers.length + JOINING)
  while (peers.length < until) peers.push(new LightPeer(peers.length))
  if (peers.length < Number(count)) return
  due += (Number(havesPerSecond) * TICK_MS) / 1000
  for (; due >= 1; due--) peers[turn++ % peers.length]?.have()
}, TICK_MS)
