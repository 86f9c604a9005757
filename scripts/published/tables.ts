// The tables of the page: a row for each scheme and percent, seeds put together, with a verdict where one was promised.
import type { Figures } from './figures.ts'
import { type Published, theoryOf, THEIRS } from './theirs.ts'

/** How far R may be from what was published, in percent (BitTorrent: from theory). */
const THEORY_PERCENT = 2
const CLASSIC_PERCENT = 25
/** Peers of the published runs: only with as many are figures compared, not just orderings. */
const PEERS = 700

/** One section for each size of swarm. */
export function tablesOf(figures: readonly Figures[]): string {
  const sizes = new Map<string, Figures[]>()
  for (const each of figures) {
    const size = `${each.peers} peers in ${each.sites} sites, ${each.pieces} pieces`
    sizes.set(size, [...(sizes.get(size) ?? []), each])
  }
  return [...sizes]
    .toReversed()
    .map(
      ([size, its]) =>
        `## ${size}\n\n${['medium', 'bigseed', 'asym'].map((setup) => tableOf(setup, its)).join('')}`,
    )
    .join('')
}

function tableOf(setup: string, figures: readonly Figures[]): string {
  const rows = new Map<string, Figures[]>()
  for (const each of figures) {
    if (!each.row.startsWith(`${setup} `)) continue
    rows.set(each.row, [...(rows.get(each.row) ?? []), each])
  }
  if (rows.size === 0) return ''
  const lines = [...rows]
    .toSorted(([one], [other]) => rankOf(one) - rankOf(other))
    .map(([row, its]) => lineOf(row.slice(setup.length + 1), its, THEIRS.get(row)))
  const bound = rows.values().next().value?.[0]?.bound ?? 0
  return `### ${setup}, T* ${bound.toFixed(0)} s

| scheme, percent | seeds | R | R published | R expected | p50 s | p90 s | published p50 / p90 | verdict |
|---|---|---|---|---|---|---|---|---|
${lines.join('\n')}

`
}

function lineOf(name: string, its: readonly Figures[], theirs: Published | undefined): string {
  const redundancy = mean(its.map((each) => each.redundancy))
  const expected = expectedOf(name, its)
  const spread = Math.max(...its.map((each) => Math.abs(each.redundancy - redundancy)))
  const cells = [
    name,
    String(its.length),
    its.length > 1 ? `${redundancy.toFixed(2)} ± ${spread.toFixed(2)}` : redundancy.toFixed(2),
    theirs?.redundancy.toFixed(2) ?? '',
    expected?.toFixed(2) ?? '',
    mean(its.map(({ p50 }) => p50)).toFixed(0),
    mean(its.map(({ p90 }) => p90)).toFixed(0),
    theirs?.p50 === undefined ? '' : `${theirs.p50} / ${theirs.p90 ?? ''}`,
    verdictOf(name, its, redundancy, expected, theirs),
  ]
  return `| ${cells.join(' | ')} |`
}

/** Of plain BitTorrent by theory, of biased neighbours by the links that there were. */
function expectedOf(name: string, its: readonly Figures[]): number | undefined {
  const [first] = its
  if (first === undefined) return undefined
  const { peers, sites } = first
  // the seed asks nobody: N are those who download, as in the published check
  if (name === 'published') return theoryOf(peers - 1, peers / sites)
  return name.startsWith('biased ') ? mean(its.map(({ ofLinks }) => ofLinks)) : undefined
}

function verdictOf(
  name: string,
  its: readonly Figures[],
  redundancy: number,
  expected: number | undefined,
  theirs: Published | undefined,
): string {
  const missing = its.filter(({ completed, reachable }) => completed < reachable).length
  if (missing > 0) return `${missing} runs did not complete`
  if (name === 'published' && expected !== undefined) {
    return within(redundancy, expected, THEORY_PERCENT, 'of theory')
  }
  if (name.startsWith('classic') && theirs !== undefined && its[0]?.peers === PEERS) {
    return within(redundancy, theirs.redundancy, CLASSIC_PERCENT, 'of theirs')
  }
  return expected === undefined ? '' : `${percent(redundancy, expected)} of its links`
}

function within(value: number, of: number, limit: number, what: string): string {
  const isWithin = Math.abs(value / of - 1) * 100 <= limit
  return `${isWithin ? 'yes' : '**no**'}: ${percent(value, of)} ${what}`
}

function percent(value: number, of: number): string {
  const off = (value / of - 1) * 100
  return `${off < 0 ? '−' : '+'}${Math.abs(off).toFixed(1)} %`
}

const ORDER = ['published', 'random-choker', 'classic', 'biased', 'biased-classic', 'multi']

function rankOf(row: string): number {
  const [, scheme = '', ...numbers] = row.split(' ')
  const [first = 0, second = 0] = numbers.map(Number)
  return ORDER.indexOf(scheme) * 1e6 + first * 1000 + second
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
