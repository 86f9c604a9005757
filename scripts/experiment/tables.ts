// What came out as Markdown: a table a scenario, schemes beside one another, the bounds above.
import type { RunResult } from '@bt/scenarios'
import { type Group, groupsOf, mean, spread } from './groups.ts'
import type { Experiment } from './matrix.ts'
import type { Finished } from './run-cells.ts'

const HEAD = [
  'scheme',
  'seeds',
  'R',
  'R max',
  'mean',
  'p50',
  'p90',
  'p95',
  'last',
  'last ÷ T*',
  'leader load',
  'bytes out, most',
  'complete',
]

export function tables({ title }: Experiment, done: readonly Finished[]): string {
  const groups = groupsOf(done)
  const scenarios = [...new Set(groups.map(({ scenario }) => scenario))]
  const lines = [`# ${title}`, '']
  for (const scenario of scenarios) {
    const rows = groups.filter((group) => group.scenario === scenario)
    const first = rows[0]?.results[0]
    if (first === undefined) continue
    lines.push(`## ${scenario}`, '', boundsLine(first), '')
    lines.push(row(HEAD), row(HEAD.map(() => '---')))
    for (const group of rows) lines.push(row(cellsOf(group)))
    const classes = classLines(rows)
    if (classes.length > 0) lines.push('', ...classes)
    lines.push('', ...crossingLines(rows), '')
    lines.push(...brokenLines(rows))
  }
  return `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`
}

function boundsLine({ peers, sites, pieces, pieceLength, bounds }: RunResult): string {
  const { lastSeconds, lastSecondsOnce, randomRedundancy } = bounds
  const once =
    lastSecondsOnce > lastSeconds ? `; ${lastSecondsOnce.toFixed(1)} s importing once` : ''
  return (
    `${peers} peers in ${sites} sites, ${pieces} pieces of ${pieceLength} bytes. ` +
    `T* = ${lastSeconds.toFixed(1)} s${once}; R of random neighbours ${randomRedundancy.toFixed(2)}. Times in seconds.`
  )
}

function cellsOf({ label, results }: Group): readonly string[] {
  const of = (read: (result: RunResult) => number, digits: number): string =>
    spread(results.map(read), digits)
  const size = (result: RunResult): number => result.pieces * result.pieceLength
  return [
    label,
    String(results.length),
    of(({ redundancy }) => redundancy, 3),
    Math.max(...results.map(({ redundancyMax }) => redundancyMax)).toFixed(2),
    of(({ meanSeconds }) => meanSeconds, 1),
    of(({ p50Seconds }) => p50Seconds, 1),
    of(({ p90Seconds }) => p90Seconds, 1),
    of(({ p95Seconds }) => p95Seconds, 1),
    of(({ lastSeconds }) => lastSeconds, 1),
    mean(results.map(({ lastSeconds, boundSeconds }) => lastSeconds / boundSeconds)).toFixed(3),
    of(({ leaderLoad }) => leaderLoad, 2),
    Math.max(
      ...results.map(
        (result) => Math.max(...result.perSite.map(({ outBytes }) => outBytes)) / size(result),
      ),
    ).toFixed(2),
    results.every(({ completed, reachable }) => completed >= reachable) ? 'all' : 'NOT ALL',
  ]
}

function classLines(rows: readonly Group[]): readonly string[] {
  const names = [
    ...new Set(
      rows.flatMap(({ results }) =>
        results.flatMap(({ perClass }) => perClass.map(({ name }) => name)),
      ),
    ),
  ]
  if (names.length < 2) return []
  const head = ['by class: p50 / p95 / last', ...names]
  const lines = rows.map(({ label, results }) => [
    label,
    ...names.map((name) => {
      const of = results.flatMap(({ perClass }) => perClass.filter((each) => each.name === name))
      const part = (read: (times: (typeof of)[number]) => number): string =>
        mean(of.map(read)).toFixed(1)
      return `${part(({ p50 }) => p50)} / ${part(({ p95 }) => p95)} / ${part(({ last }) => last)}`
    }),
  ])
  return [row(head), row(head.map(() => '---')), ...lines.map(row)]
}

function crossingLines(rows: readonly Group[]): readonly string[] {
  return rows.map(({ label, results }) => {
    const reasons = [...new Set(results.flatMap(({ crossings }) => Object.keys(crossings)))]
    const shares = reasons.map((reason) => {
      const copies = mean(
        results.map(
          ({ crossings, pieces, pieceLength }) => (crossings[reason] ?? 0) / (pieces * pieceLength),
        ),
      )
      return `${reason} ${copies.toFixed(3)}`
    })
    return `- ${label}: copies that crossed, by reason: ${shares.join(', ')}`
  })
}

function brokenLines(rows: readonly Group[]): readonly string[] {
  return rows.flatMap(({ label, results }) =>
    results.flatMap(({ seed, brokenInvariants }) =>
      brokenInvariants.map(
        ({ invariant, what }) => `- **broken** ${label}, seed ${seed}: ${invariant}: ${what}`,
      ),
    ),
  )
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}
