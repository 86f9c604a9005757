// Gate G7 at a small size: what every site shares is a fiftieth of what its hosts can send. Claims beyond what the link carries
// once made each take longer, until all counted as lost and came again: R was 3.4 and 4.1, and it took 4.7 and 7 times the bound.
import { expect, test } from 'vitest'
import { runSmall } from './small.ts'

const set = (hosts: number, pieces: number, link: number): readonly string[] => [
  'sites.0.count=3',
  `sites.0.hosts=${hosts}`,
  `pieces=${pieces}`,
  `sites.0.linkUpload=${link}`,
  `sites.0.linkDownload=${link}`,
]

test.each([
  ['wire', set(6, 24, 30_000), 24 * 245_000, 30_000],
  ['fast', set(10, 48, 50_000), 48 * 245_000, 50_000],
] as const)(
  'over links of a fiftieth each piece crosses once, in less than twice the time of one copy (%s)',
  (profile, changes, bytes, link) => {
    const result = runSmall('shared-link-fiftieth', 'owned', { set: changes, profile })
    expect(result.brokenInvariants).toEqual([])
    expect(result.completed).toBe(result.reachable)
    expect(result.redundancy).toBeLessThanOrEqual(1.1)
    expect(result.lastSeconds).toBeLessThanOrEqual((2 * bytes) / link)
  },
)
