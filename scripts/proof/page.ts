// Figures of the proof as rows of a table, and the page that holds them.

import type { PeerProgram } from '../../tests/support/peers.ts'
import type { SwarmResult } from './swarm.ts'
import type { Shape } from './topology.ts'

export interface Floor {
  readonly streamBytesPerSecond: number
  /** The content once, at that rate. */
  readonly seconds: number
}

export interface Row {
  readonly name: string
  readonly program: PeerProgram
  readonly tracker: readonly string[]
  readonly bar?: 'cached' | 'fault'
  /** The bar in words. */
  readonly said?: string
  readonly redundancyMax?: number
}

export interface Figures {
  readonly row: Row
  readonly result: SwarmResult
  readonly redundancy: number
  readonly redundancyMax: number
  readonly lastSeconds: number
  readonly medianSeconds: number
  readonly verdict: 'met' | 'missed' | 'no bar'
}

/** Bars of the cached swarm: bytes of the link layer over the content, and time over the floor. */
const REDUNDANCY_BAR = 1.1
const TIME_BAR = 1.3

export function rowOf(row: Row, result: SwarmResult, floor: Floor): Figures {
  const { redundancy: all, seconds, complete, expected, verified } = result
  const redundancy = all.reduce((sum, one) => sum + one, 0) / Math.max(1, all.length)
  const redundancyMax = Math.max(...all)
  const lastSeconds = seconds.at(-1) ?? Number.NaN
  const medianSeconds = seconds[Math.floor(seconds.length / 2)] ?? Number.NaN
  const isWhole = complete === expected && verified === complete
  const isMet =
    row.bar === 'cached'
      ? redundancy <= REDUNDANCY_BAR && lastSeconds <= TIME_BAR * floor.seconds
      : redundancyMax <= (row.redundancyMax ?? Number.POSITIVE_INFINITY)
  const verdict = row.bar === undefined && isWhole ? 'no bar' : isWhole && isMet ? 'met' : 'missed'
  return { row, result, redundancy, redundancyMax, lastSeconds, medianSeconds, verdict }
}

export function tableOf(figures: readonly Figures[], floor: Floor): string {
  const head =
    '| swarm | complete, SHA-256 right | R on the wire, mean (most) | median s | last s | × floor | over all uplinks | bar |'
  const rule = '|---|---|---|---|---|---|---|---|'
  const rows = figures.map(
    ({ row, result, redundancy, redundancyMax, lastSeconds, medianSeconds, verdict }) =>
      [
        row.name,
        `${result.complete} of ${result.expected}, ${result.verified}`,
        `${redundancy.toFixed(3)} (${redundancyMax.toFixed(3)})`,
        medianSeconds.toFixed(1),
        lastSeconds.toFixed(1),
        (lastSeconds / floor.seconds).toFixed(2),
        `${(result.crossedBytes / 1024 / 1024).toFixed(0)} MiB`,
        verdict,
      ].join(' | '),
  )
  return [head, rule, ...rows.map((cells) => `| ${cells} |`)].join('\n')
}

export function reasonsOf({ result }: Figures): string {
  return Object.entries(result.reasons)
    .map(([reason, bytes]) => `${reason} ${(bytes / 1024 / 1024).toFixed(2)} MiB`)
    .join(', ')
}

export function pageOf(
  figures: readonly Figures[],
  floor: Floor,
  shape: Shape,
  length: number,
  machine: string,
  command: string,
): string {
  const swarms = figures.filter(({ row }) => row.bar !== 'fault')
  const faults = figures.filter(({ row }) => row.bar === 'fault')
  const cached = swarms.find(({ row }) => row.bar === 'cached')
  const ratios = swarms
    .filter((one) => one !== cached && cached !== undefined)
    .map(
      ({ row, redundancy, lastSeconds }) =>
        `- ${row.name}: ${(redundancy / (cached as Figures).redundancy).toFixed(1)} × the bytes, ${(lastSeconds / (cached as Figures).lastSeconds).toFixed(1)} × the time of the cached swarm.`,
    )
  const said = faults.map(
    (one) =>
      `- ${one.row.name}: ${one.row.said}. ${one.verdict}. Payload by reason: ${reasonsOf(one)}.`,
  )
  return `# CacheTorrent on real sockets

Written by \`${command}\` on ${new Date().toISOString().slice(0, 10)} (${machine}).

${shape.sites} sites of ${shape.hosts} hosts, each host a network namespace; one uplink per site of ${shape.uplink / 1e6} Mb/s both ways, hosts
${shape.access / 1e6} Mb/s; ${length / 1024 / 1024} MiB in pieces of 128 KiB; the tracker in a namespace of its own, the seed one of the hosts of site 1. R is what the
kernel counted as received at a site's uplink, link layer included, over the content's length, for the sites without the seed.
The clock starts when the seed's own link, held at a trickle until every process has joined, is let go; bytes are counted from
before any process started.

One TCP stream carries ${(floor.streamBytesPerSecond / 1e6).toFixed(2)} MB/s of payload over an uplink: the floor is ${floor.seconds.toFixed(1)} s.
Bars of the cached swarm: R ≤ ${REDUNDANCY_BAR.toFixed(2)}, last ≤ ${TIME_BAR} × the floor.

${tableOf(swarms, floor)}

${ratios.join('\n')}

${cached === undefined ? '' : `Payload that crossed in the cached swarm, by reason: ${reasonsOf(cached)}.\n`}
## Faults

Each is a cached run in which site 2 suffers when the median member has half.

${tableOf(faults, floor)}

${said.join('\n')}
`
}
