import { parseInfoHash, parsePeerId, type InfoHash, type PeerId } from '@bt/primitives'
import { expect, test } from 'vitest'
import { featuresOf, PeerConnection, PeerSession, reservedBytes } from '../src/index.ts'

// libtorrent 2.0.8 closes a connection whose handshake sets the v2 bit (reserved[7] & 0x10) for a torrent without a v2
// hash: "invalid info-hash". The bit says something about the torrent, not about us.

const v1 = parseInfoHash('11'.repeat(20)) as InfoHash
const v2 = parseInfoHash('22'.repeat(20)) as InfoHash
const identity = {
  peerId: parsePeerId('33'.repeat(20)) as PeerId,
  reserved: reservedBytes({ extensions: true, fast: true, v2: true }),
}

function dialedReserved(answerV2?: InfoHash): Uint8Array {
  const admission = { answer: v1, accept: [v1], ...(answerV2 === undefined ? {} : { answerV2 }) }
  const session = new PeerSession({ role: 'dialed', identity, admission, now: 0 })
  const output = new PeerConnection(session).takeOutput()
  return Buffer.concat([...(output?.chunks ?? [])]).subarray(20, 28)
}

test('the v2 bit is said only for a torrent that has a v2 hash', () => {
  expect(featuresOf(dialedReserved()).v2).toBe(false)
  expect(featuresOf(dialedReserved()).fast).toBe(true)
  expect(featuresOf(dialedReserved(v2)).v2).toBe(true)
})
