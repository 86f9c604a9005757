import { describe, expect, test } from 'vitest'
import { parseInfo, syntheticMetainfo } from '../src/index.ts'

describe('a synthetic torrent', () => {
  const parts = { name: 'made-up', pieceCount: 5, pieceLength: 245_000 }

  test('has as many pieces as asked for, each one block', () => {
    const { geometry } = syntheticMetainfo(parts)
    expect(geometry.pieceCount).toBe(5)
    expect(geometry.contentLength).toBe(5 * 245_000)
    expect(geometry.blockLength).toBe(245_000)
    expect(geometry.blockCount(geometry.piece(4))).toBe(1)
  })

  test('has other blocks where they are asked for', () => {
    const { geometry } = syntheticMetainfo({ ...parts, blockLength: 16_384 })
    expect(geometry.blockCount(geometry.piece(0))).toBe(15)
  })

  test('is named by its parts alone', () => {
    const one = syntheticMetainfo(parts)
    expect(syntheticMetainfo(parts).infoHashV1).toBe(one.infoHashV1)
    expect(syntheticMetainfo({ ...parts, name: 'other' }).infoHashV1).not.toBe(one.infoHashV1)
    expect(syntheticMetainfo({ ...parts, pieceCount: 6 }).infoHashV1).not.toBe(one.infoHashV1)
  })

  test('can be handed from peer to peer as metadata (BEP 9)', () => {
    const one = syntheticMetainfo(parts)
    const [infoHash] = one.wireHashes
    if (infoHash === undefined) throw new Error('it has an infohash')
    expect(parseInfo(one.infoBytes, infoHash).geometry.pieceCount).toBe(5)
  })
})
