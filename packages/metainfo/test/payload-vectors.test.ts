import { expect, test } from 'vitest'
import { sha1, sha256, toHex } from '@bt/primitives'
import { merkleLeaves, merkleRoot, type Metainfo, parseMetainfo } from '@bt/metainfo'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { utf8 } from './made.ts'

/** Bytes of a file as vectors/README.md makes them. */
function stream(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(length / 32) * 32)
  const head = utf8(seed)
  const input = new Uint8Array(head.length + 8)
  input.set(head)
  for (let at = 0; at < bytes.length; at += 32) {
    new DataView(input.buffer).setUint32(head.length + 4, at / 32)
    bytes.set(sha256(input), at)
  }
  return bytes.subarray(0, length)
}

/** Every piece of the content has the hashes that the torrent says; pads are zeros. */
function expectHashes(torrent: Metainfo, contents: readonly Uint8Array[]): void {
  const { geometry, version } = torrent
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = geometry.piece(index)
    const bytes = new Uint8Array(geometry.lengthOf(piece))
    for (const { file, offset, length, begin, pad } of geometry.fileSpans(piece)) {
      if (!pad) bytes.set((contents[file] as Uint8Array).subarray(offset, offset + length), begin)
    }
    const { sha1: digest, merkleRoot: root, merkleWidth } = torrent.pieceHashes(piece)
    expect(digest === undefined).toBe(version === '2')
    expect(root === undefined).toBe(version === '1')
    if (digest !== undefined) expect(toHex(sha1(bytes))).toBe(toHex(digest))
    if (root === undefined) continue
    const leaves = merkleLeaves(bytes.subarray(0, geometry.dataLengthOf(piece)))
    expect(toHex(merkleRoot(leaves, merkleWidth))).toBe(toHex(root))
  }
}

interface PayloadFile {
  readonly path: string
  readonly length: number
  readonly stream_seed: string
  readonly bep52_root: string | null
}

describeVectors('content of others', (vectors) => {
  for (const entry of vectors.manifest()) {
    const payload = entry.expected['payload'] as readonly PayloadFile[] | undefined
    if (entry.kind !== 'torrent' || payload === undefined) continue
    test(`${entry.file} has the hashes of its regenerated content`, () => {
      const torrent = parseMetainfo(vectors.bytes(entry.file))
      const named = new Map(payload.map((file) => [file.path, file]))
      const contents = torrent.files.map((file) => {
        if (file.attributes?.includes('p')) return new Uint8Array(0)
        const source = named.get(file.path.join('/')) as PayloadFile
        expect(file.length).toBe(source.length)
        if (file.piecesRoot !== undefined) expect(toHex(file.piecesRoot)).toBe(source.bep52_root)
        return stream(source.stream_seed, source.length)
      })
      expectHashes(torrent, contents)
    })
  }

  for (const [name, files] of [
    ['alice', ['alice.txt']],
    ['leaves', ['Leaves of Grass by Walt Whitman.epub']],
    ['folder', ['folder/file.txt']],
    ['numbers', ['numbers/1.txt', 'numbers/2.txt', 'numbers/3.txt']],
  ] as const) {
    test(`${name}.torrent has the hashes of its real content`, () => {
      const torrent = parseMetainfo(vectors.bytes(`torrents/webtorrent-fixtures/${name}.torrent`))
      expectHashes(
        torrent,
        files.map((file) => vectors.bytes(`payload/${file}`)),
      )
    })
  }
})
