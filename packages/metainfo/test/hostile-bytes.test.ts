import { describe, expect, test } from 'vitest'
import { createMetainfo, parseMagnet, parseMetainfo } from '@bt/metainfo'
import { fuzz } from '../../../tests/support/mutate.ts'
import { errorClass } from './error-classes.ts'
import { targets } from './fuzz-targets.ts'
import { content, folderOf, torrentOf } from './made.ts'

const SEED = Number(process.env['SEED'] ?? 1)

describe('mutated bytes', () => {
  for (const [name, target] of Object.entries(targets)) {
    test(`${name} answers 2,000 mutated inputs with a value or its typed error (seed ${SEED})`, () => {
      fuzz(target, { inputs: 2_000, seed: SEED })
    })
  }
})

describe('cut bytes', () => {
  test('[A07] a torrent that ends early is refused wherever it ends', () => {
    for (const version of ['1', '2', 'hybrid'] as const) {
      const files = [
        { path: ['a'], data: content(40_000) },
        { path: ['b'], data: content(3) },
      ]
      const whole = createMetainfo({ name: 'n', version, pieceLength: 16_384, files, comment: 'c' })
      const accepted: number[] = []
      for (let end = 0; end < whole.length; end++) {
        try {
          parseMetainfo(whole.subarray(0, end))
          accepted.push(end)
        } catch (error) {
          if (errorClass(error) !== 'BENCODE_SYNTAX') accepted.push(end)
        }
      }
      expect(accepted).toEqual([])
    }
  })

  test('a magnet that ends early is a magnet or refused', () => {
    const hash = 'a0'.repeat(20)
    const whole = `magnet:?xt=urn:btih:${hash}&dn=%C3%A9&so=0-3&x.pe=[::1]:5`
    const first = `magnet:?xt=urn:btih:${hash}`.length
    for (let end = 0; end < whole.length; end++) {
      const read = (): unknown => parseMagnet(whole.slice(0, end))
      if (end < first) expect(read).toThrow()
      else expect(read()).toMatchObject({ infoHashV1: hash })
    }
  })
})

describe('memory', () => {
  test('goes with the bytes given, not with the lengths they declare', () => {
    const small = torrentOf(
      folderOf([{ length: 2 ** 49, path: ['a'] }], {
        'piece length': 2 ** 29,
        pieces: new Uint8Array(20 * 2 ** 20),
      }),
    )
    const before = process.memoryUsage()
    const torrents = Array.from({ length: 5 }, () => parseMetainfo(small))
    const after = process.memoryUsage()
    expect(torrents[0]?.geometry.totalLength).toBe(2 ** 49)
    const grown = after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed
    expect(grown).toBeLessThan(8 * 5 * small.length)
  })
})
