import { describe, expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { FileHasher, HASH_LENGTH, HashTree, merkleLeaves, merkleRoot } from '@bt/metainfo'
import { Prng, toHex } from '@bt/primitives'
import { layerFits, pieceWidth, zeroRoot } from '../src/merkle.ts'
import { content } from './made.ts'

const BLOCK = 16_384

/** BEP 52 in words, slowly: leaves padded with zeros to a power of two, pairs hashed until one is left. */
function plainRoot(data: Uint8Array): { root: string; layers: Buffer[][] } {
  const sha = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  let layer: Buffer[] = []
  for (let at = 0; at < data.length; at += BLOCK) layer.push(sha(data.subarray(at, at + BLOCK)))
  while ((layer.length & (layer.length - 1)) !== 0) layer.push(Buffer.alloc(32))
  const layers = [layer]
  while (layer.length > 1) {
    const above: Buffer[] = []
    for (let at = 0; at < layer.length; at += 2) {
      above.push(sha(Buffer.concat([layer[at] as Buffer, layer[at + 1] as Buffer])))
    }
    layers.push(above)
    layer = above
  }
  return { root: (layer[0] as Buffer).toString('hex'), layers }
}

function hashed(data: Uint8Array, pieceLength: number): ReturnType<FileHasher['finish']> {
  const hasher = new FileHasher(data.length, pieceLength)
  const count = Math.ceil(data.length / pieceLength)
  for (let piece = count - 1; piece >= 0; piece--) {
    const bytes = data.subarray(piece * pieceLength, (piece + 1) * pieceLength)
    expect(hasher.complete).toBe(false)
    hasher.add(piece, merkleLeaves(bytes))
  }
  return hasher.finish()
}

const LENGTHS = [
  1,
  BLOCK - 1,
  BLOCK,
  BLOCK + 1,
  3 * BLOCK,
  4 * BLOCK,
  5 * BLOCK + 1,
  9 * BLOCK,
  16 * BLOCK,
]

describe('roots', () => {
  test('the pad above leaves is the root of zero leaves, not the hash of zeros', () => {
    const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    expect(toHex(zeroRoot(0))).toBe('00'.repeat(32))
    expect(toHex(zeroRoot(1))).toBe(sha(new Uint8Array(64)))
    const one = createHash('sha256').update(new Uint8Array(64)).digest()
    expect(toHex(zeroRoot(2))).toBe(sha(Buffer.concat([one, one])))
  })

  test('a file hashed piece by piece has the root of the whole, at every piece length', () => {
    for (const length of LENGTHS) {
      const data = content(length)
      const { root } = plainRoot(data)
      expect(toHex(merkleRoot(merkleLeaves(data)))).toBe(root)
      for (const pieceLength of [BLOCK, 2 * BLOCK, 4 * BLOCK, 8 * BLOCK, 32 * BLOCK]) {
        expect(toHex(hashed(data, pieceLength).piecesRoot), `${length}/${pieceLength}`).toBe(root)
      }
    }
  })

  test('a file of one piece has no layer, one byte more has', () => {
    expect(hashed(content(2 * BLOCK), 2 * BLOCK).pieceLayer).toBeUndefined()
    expect(hashed(content(2 * BLOCK + 1), 2 * BLOCK).pieceLayer?.length).toBe(2 * HASH_LENGTH)
  })

  test('a file shorter than a piece is padded to its own blocks only', () => {
    expect(pieceWidth(1, 8 * BLOCK)).toBe(1)
    expect(pieceWidth(3 * BLOCK, 8 * BLOCK)).toBe(4)
    expect(pieceWidth(8 * BLOCK + 1, 8 * BLOCK)).toBe(8)
  })

  test('a piece layer fits its file and no other length, root or order', () => {
    const data = content(5 * BLOCK)
    const { piecesRoot, pieceLayer } = hashed(data, 2 * BLOCK) as {
      piecesRoot: Uint8Array
      pieceLayer: Uint8Array
    }
    const file = { length: data.length, piecesRoot }
    expect(layerFits(pieceLayer, file, 2 * BLOCK)).toBe(true)
    expect(layerFits(pieceLayer.subarray(32), file, 2 * BLOCK)).toBe(false)
    expect(layerFits(pieceLayer.subarray(1), file, 2 * BLOCK)).toBe(false)
    expect(layerFits(pieceLayer, { ...file, length: 4 * BLOCK }, 2 * BLOCK)).toBe(false)
    const wrong = pieceLayer.slice()
    wrong[40] = (wrong[40] as number) ^ 1
    expect(layerFits(wrong, file, 2 * BLOCK)).toBe(false)
    expect(layerFits(new Uint8Array(0), { length: 0, piecesRoot }, 2 * BLOCK)).toBe(false)
  })
})

describe('hash requests', () => {
  const data = content(21 * BLOCK + 5)
  const pieceLength = 4 * BLOCK
  const { piecesRoot, pieceLayer } = hashed(data, pieceLength) as {
    piecesRoot: Uint8Array
    pieceLayer: Uint8Array
  }
  const file = { length: data.length, piecesRoot, pieceLength }
  const { layers } = plainRoot(data)
  const leavesOf = (piece: number): Uint8Array =>
    merkleLeaves(data.subarray(piece * pieceLength, (piece + 1) * pieceLength))
  const none = (): undefined => undefined

  test('an answer is the span and then its uncles, the first log2(length) - 1 left out', () => {
    const tree = new HashTree(file, pieceLayer)
    const span = { baseLayer: 0, index: 8, length: 4, proofLayers: 4 }
    const answer = tree.answer(span, leavesOf) as Uint8Array
    const expected = [
      ...(layers[0] as Buffer[]).slice(8, 12),
      (layers[2] as Buffer[])[3],
      (layers[3] as Buffer[])[0],
      (layers[4] as Buffer[])[1],
    ] as Buffer[]
    expect(toHex(answer)).toBe(Buffer.concat(expected).toString('hex'))
  })

  test('every span of every layer is answered as the plain tree has it, and accepted', () => {
    const tree = new HashTree(file, pieceLayer)
    const asker = new HashTree(file)
    let checked = 0
    for (let baseLayer = 0; baseLayer < tree.height; baseLayer++) {
      const width = 2 ** (tree.height - baseLayer)
      for (let length = 2; length <= width; length *= 2) {
        for (let index = 0; index < width; index += length) {
          const proofLayers = tree.height - baseLayer - 1
          const span = { baseLayer, index, length, proofLayers }
          const answer = tree.answer(span, leavesOf) as Uint8Array
          const base = (layers[baseLayer] as Buffer[]).slice(index, index + length)
          expect(toHex(answer.subarray(0, length * 32))).toBe(Buffer.concat(base).toString('hex'))
          expect(asker.accepts(span, answer), JSON.stringify(span)).toBe(true)
          const wrong = answer.slice()
          wrong[(index * 7) % wrong.length] = (wrong[(index * 7) % wrong.length] as number) ^ 4
          expect(asker.accepts(span, wrong)).toBe(false)
          checked++
        }
      }
    }
    expect(checked).toBeGreaterThan(50)
  })

  test('a shorter proof is accepted by whoever knows the hash it leads to', () => {
    const seed = new HashTree(file, pieceLayer)
    const span = { baseLayer: 0, index: 4, length: 4, proofLayers: 0 }
    const leaves = seed.answer(span, leavesOf) as Uint8Array
    expect(leaves.length).toBe(4 * 32)
    expect(new HashTree(file).accepts(span, leaves)).toBe(false)
    expect(new HashTree(file, pieceLayer).accepts(span, leaves)).toBe(true)
  })

  test('what is not here is not answered, pads are', () => {
    const leech = new HashTree(file)
    const span = { baseLayer: 2, index: 0, length: 2, proofLayers: 2 }
    expect(leech.answer(span, none)).toBeUndefined()
    expect(new HashTree(file, pieceLayer).answer(span, none)).toBeDefined()
    expect(new HashTree(file, pieceLayer).answer({ ...span, baseLayer: 0 }, none)).toBeUndefined()
    const pads = { baseLayer: 0, index: 24, length: 8, proofLayers: 0 }
    expect(toHex(leech.answer(pads, none) as Uint8Array)).toBe('00'.repeat(8 * 32))
  })

  test('a whole piece layer is learnt when it leads to the root, and not otherwise', () => {
    const tree = new HashTree(file)
    const wrong = pieceLayer.slice()
    wrong[0] = (wrong[0] as number) ^ 1
    expect(tree.learnPieceLayer(wrong)).toBe(false)
    expect(tree.hasPieceLayer).toBe(false)
    expect(tree.learnPieceLayer(pieceLayer)).toBe(true)
    expect(tree.hasPieceLayer).toBe(true)
  })

  test('a file of one piece needs no layer', () => {
    const small = content(3 * BLOCK)
    const root = hashed(small, pieceLength).piecesRoot
    const tree = new HashTree({ length: small.length, piecesRoot: root, pieceLength })
    expect(tree.hasPieceLayer).toBe(true)
    const span = { baseLayer: 0, index: 0, length: 4, proofLayers: 1 }
    const answer = tree.answer(span, () => merkleLeaves(small)) as Uint8Array
    expect(answer.length).toBe(4 * 32)
    expect(tree.accepts(span, answer)).toBe(true)
  })

  test('spans that are not aligned, not a power of two, too long or beyond the tree are refused', () => {
    const tree = new HashTree(file, pieceLayer)
    const good = { baseLayer: 0, index: 0, length: 4, proofLayers: 4 }
    expect(tree.isSpan(good)).toBe(true)
    for (const change of [
      { length: 0 },
      { length: 1 },
      { length: 3 },
      { length: 64 },
      { length: 2 ** 31 },
      { index: 2 },
      { index: 32 },
      { index: -4 },
      { index: 2 ** 53 },
      { baseLayer: 5 },
      { baseLayer: -1 },
      { proofLayers: 5 },
      { proofLayers: 0.5 },
    ]) {
      const span = { ...good, ...change }
      expect(tree.isSpan(span), JSON.stringify(change)).toBe(false)
      expect(tree.answer(span, leavesOf)).toBeUndefined()
      expect(tree.accepts(span, new Uint8Array(32))).toBe(false)
    }
  })

  test('random spans are refused, or answered so that they lead to a known hash when they reach the pieces', () => {
    const tree = new HashTree(file, pieceLayer)
    const random = new Prng('spans')
    let answered = 0
    const number = (): number => random.below(2 ** random.below(random.below(8) === 0 ? 33 : 5))
    for (let at = 0; at < 3_000; at++) {
      const span = { baseLayer: number(), index: number(), length: number(), proofLayers: number() }
      const answer = tree.answer(span, leavesOf)
      if (answer === undefined) continue
      const top = span.baseLayer + Math.max(Math.log2(span.length), span.proofLayers + 1)
      expect(tree.accepts(span, answer)).toBe(top >= tree.pieceHeight)
      answered++
    }
    expect(answered).toBeGreaterThan(5)
  })

  test('a request of more hashes than anybody asks for is refused', () => {
    const length = 2_048 * BLOCK
    const tree = new HashTree({ length, piecesRoot: new Uint8Array(32), pieceLength })
    const span = { baseLayer: 0, index: 0, length: 1_024, proofLayers: 0 }
    expect(tree.isSpan(span)).toBe(true)
    expect(tree.isSpan({ ...span, length: 2_048 })).toBe(false)
  })
})
