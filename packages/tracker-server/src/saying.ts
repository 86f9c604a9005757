// What one announce says of its peer, and who is to be told, in flat form: one of these serves all announces.

import type { Random } from '@bt/ports'
import { PeerKey } from './peer-key.ts'

export class Saying {
  /** The infohash as five big-endian words. */
  readonly infoHash = new Int32Array(5)
  readonly peerId = new Uint8Array(20)
  /** The same memory. */
  readonly peerIdHalves = new Uint16Array(this.peerId.buffer)
  readonly key: PeerKey
  isSeed = false
  /** A leech that wants nothing more (BEP 21). */
  isPaused = false
  isStopped = false
  isCompleted = false
  /** It says that nothing is left, and may mean that it does not know: aria2 does so with a magnet's first announce. */
  wantsSeeds = false
  /** A site, for hooks; below 2^32. */
  group = 0
  /** Seconds of the tracker's own clock. */
  seenSeconds = 0
  /** Peers wanted, clamped. */
  wanted = 0
  /** Peers of one family only, as a UDP answer has; 0: both. */
  family: 0 | 4 | 6 = 0

  constructor(random: Random) {
    this.key = new PeerKey(random)
  }

  /** `bytes` holds the 20 bytes of the infohash at `at`. */
  setInfoHash(bytes: Uint8Array, at: number): void {
    for (let word = 0; word < 5; word++) {
      const from = at + 4 * word
      this.infoHash[word] =
        ((bytes[from] as number) << 24) |
        ((bytes[from + 1] as number) << 16) |
        ((bytes[from + 2] as number) << 8) |
        (bytes[from + 3] as number)
    }
  }
}
