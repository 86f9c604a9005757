import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import { decodeResume, encodeResume } from '../src/resume-data.ts'
import { oneFile } from './torrents.ts'
import { bits } from './world.ts'

const { metainfo } = oneFile(200_000, 16_384)

const seeds = [[], [1, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]].map((durable) =>
  encodeResume(metainfo, {
    durable: bits(13, durable),
    written: bits(13, []),
    inPart: bits(1, []),
    wanted: bits(1, [0]),
    stats: [{ length: 200_000, modifiedMs: 1 }, undefined],
  }),
)

const genuine = new Set(seeds.map((seed) => seed.toString()))

export const targets: Record<string, FuzzTarget> = {
  'resume-data': {
    seeds,
    expects: [],
    run(bytes) {
      if (typeof decodeResume(metainfo, bytes) === 'string') return
      if (!genuine.has(bytes.toString())) throw new RangeError('forged resume data was believed')
    },
  },
}
