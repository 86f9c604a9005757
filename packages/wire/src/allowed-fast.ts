// The allowed-fast set: pieces a choked newcomer may ask for, the same whoever computes it (BEP 6).
//
// SHA-1 chained from the /24 of the receiver's IPv4 address and the infohash. There is no rule for IPv6: no set.

import { type InfoHash, idBytes, parseIp, sha1 } from '@bt/primitives'

/** How many BEP 6 advises. */
export const ALLOWED_FAST_COUNT = 10

/**
 * The set for the peer at `address`, in the order of BEP 6; empty for IPv6 and for names.
 * At most `count` pieces, and never more than there are.
 */
export function allowedFastSet(
  address: string,
  infoHash: InfoHash,
  pieceCount: number,
  count: number = ALLOWED_FAST_COUNT,
): readonly number[] {
  const ip = parseIp(address)
  if (ip === undefined || ip.length !== 4) return []
  const wanted = Math.min(count, pieceCount)
  const seed = new Uint8Array(24)
  seed.set(ip.subarray(0, 3))
  seed.set(idBytes(infoHash), 4)
  const set = new Set<number>()
  for (let digest = sha1(seed); set.size < wanted; digest = sha1(digest)) {
    const view = new DataView(digest.buffer, digest.byteOffset, 20)
    for (let at = 0; at < 20 && set.size < wanted; at += 4) {
      set.add(view.getUint32(at) % pieceCount)
    }
  }
  return [...set]
}
