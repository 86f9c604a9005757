// Bytes as the tests write them, and one announce that all of them vary.
import { fromHex, type InfoHash, parseInfoHash, type PeerId, parsePeerId } from '@bt/primitives'
import type { AnnounceRequest } from '../src/index.ts'

export function hex(text: string): Uint8Array {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error(`not hex: ${text}`)
  return bytes
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

export const INFO_HASH = parseInfoHash('000102030405060708090a0b0c0d0e0f10111213') as InfoHash
export const PEER_ID = parsePeerId('2d5858303030312d303132333435363738396162') as PeerId

export const ANNOUNCE: AnnounceRequest = {
  infoHash: INFO_HASH,
  peerId: PEER_ID,
  port: 6881,
  uploadedBytes: 3,
  downloadedBytes: 1,
  leftBytes: 2,
}
