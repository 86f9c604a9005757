// Goal: copying half-words two at a time is copying half-words. Method: every parity and small length, beside `set`.
import { expect, test } from 'vitest'
import { copyHalves, halvesOf } from '../src/copy-halves.ts'

test('every place and length copies what it must, and nothing beside it', () => {
  const source = halvesOf(Uint16Array.from({ length: 64 }, (_, at) => 0x8001 + 257 * at))
  for (let from = 0; from < 8; from++)
    for (let to = 0; to < 8; to++)
      for (let length = 0; length < 20; length++) {
        const target = halvesOf(new Uint16Array(32).fill(7))
        const wanted = new Uint16Array(32).fill(7)
        wanted.set(source.halves.subarray(from, from + length), to)
        copyHalves(source, from, target, to, length)
        expect(target.halves).toEqual(wanted)
      }
})
