// What was published in 2018 (700 peers, 14 sites, one run each), and what theory says of plain BitTorrent.

/** R, and seconds from the first completion until half and nine tenths of the peers had everything. */
export interface Published {
  readonly redundancy: number
  readonly p50?: number
  readonly p90?: number
}

const PERCENTS = [10, 20, 30, 40, 50]

function row(
  name: string,
  redundancy: readonly (number | undefined)[],
  times: readonly (readonly [p50: number, p90: number] | undefined)[] = [],
): [string, Published][] {
  return PERCENTS.flatMap((percent, at): [string, Published][] => {
    const its = redundancy[at]
    const [p50, p90] = times[at] ?? []
    if (its === undefined) return []
    const when = p50 === undefined || p90 === undefined ? {} : { p50, p90 }
    return [[`${name} ${percent}`, { redundancy: its, ...when }]]
  })
}

/** By setup, scheme and percent. */
export const THEIRS: ReadonlyMap<string, Published> = new Map<string, Published>([
  ['medium published', { redundancy: 46.9, p50: 1390, p90: 1422 }],
  ['bigseed published', { redundancy: 46.33, p50: 1406, p90: 1413 }],
  ['asym published', { redundancy: 47.18, p50: 514, p90: 633 }],
  ...row(
    'medium classic',
    [4.37, 9.31, 14.23, 19.29, 24.3],
    [
      [2088, 2795],
      [1713, 2264],
      [1632, 2076],
      [1545, 1900],
      [1421, 1764],
    ],
  ),
  ...row(
    'medium biased',
    [10.58, 12.52, 14.49, 16.9, 18.96],
    [
      [1429, 1444],
      [1394, 1408],
      [1372, 1388],
      [1376, 1393],
      [1371, 1388],
    ],
  ),
  ...row(
    'bigseed classic',
    [4.14, 7.38, 9.23, 10.8, 13.72],
    [
      [1789, 2466],
      [1383, 1944],
      [1255, 1718],
      [1183, 1498],
      [1113, 1383],
    ],
  ),
  ...row('bigseed biased', [11.09, 13.99, 14.44, 15.93, 17.57]),
  ...row(
    'bigseed multi 2',
    [4.35, 7.35, 8.72, 9.83, 11.58],
    [
      [1733, 2290],
      [1470, 1811],
      [1384, 1659],
      [1349, 1596],
      [1318, 1565],
    ],
  ),
  ...row('bigseed multi 3', [4.04, 6.68, 8.11, 9.26, 10.22]),
  ...row(
    'asym classic',
    [undefined, 7.3, 11.17, 15.83, 21.1],
    [undefined, [610, 820], [554, 718], [536, 663], [513, 654]],
  ),
])

/** R of random neighbours: each of the N − 1 others is as likely to be asked, N − n of them are outside. */
export function theoryOf(peers: number, inSite: number): number {
  return (inSite * (peers - inSite)) / (peers - 1)
}
