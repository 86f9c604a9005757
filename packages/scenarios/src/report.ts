// A result as lines that a person reads: what was run, what came out, and what nobody could beat beside it.

import { frontierRedundancy } from './bounds.ts'
import type { RunResult } from './result.ts'

/** Sites shown one by one. */
const SITES_SHOWN = 20

export function* reportLines(result: RunResult): Iterable<string> {
  const { bounds, boundSeconds } = result
  const size = result.pieces * result.pieceLength
  yield `${result.scenario}, ${result.scheme}, seed ${result.seed}${settingsText(result)}`
  yield `${result.peers} peers in ${result.sites} ${result.sites === 1 ? 'site' : 'sites'}, ${result.pieces} pieces of ${result.pieceLength} bytes`
  yield ''
  yield row('', 'result', 'bound', 'ratio')
  yield row('completed', String(result.completed), String(result.reachable), '')
  yield against('R, copies per site', result.redundancy, 1)
  yield row('R_max, copies of one piece', fixed(result.redundancyMax, 2), '1', '')
  yield row('R of random neighbours', '', fixed(bounds.randomRedundancy, 2), '')
  for (const [name, seconds] of [
    ['mean, seconds', result.meanSeconds],
    ['p50', result.p50Seconds],
    ['p90', result.p90Seconds],
    ['p95', result.p95Seconds],
    ['last, against T*', result.lastSeconds],
  ] as const)
    yield against(name, seconds, boundSeconds)
  if (bounds.lastSecondsOnce > boundSeconds)
    yield against('last, importing once', result.lastSeconds, bounds.lastSecondsOnce)
  if (bounds.lastSecondsWhole !== undefined)
    yield against('last, whole pieces', result.lastSeconds, bounds.lastSecondsWhole)
  yield row('longest wait for a piece', fixed(result.longestWaitSeconds, 1), '', '')
  yield row('received in vain', `${fixed(100 * result.wastedShare, 2)} %`, '', '')
  if (result.leaderLoad > 0) yield row('leader load', fixed(result.leaderLoad, 2), '', '')
  if (result.importerLoad > 0) yield row('importer load', fixed(result.importerLoad, 2), '', '')
  yield ''
  if (result.perClass.length > 1) {
    yield row('class', 'p50', 'p95', 'last')
    for (const { name, count, p50, p95, last } of result.perClass)
      yield row(`${name} (${count})`, fixed(p50, 1), fixed(p95, 1), fixed(last, 1))
    yield ''
  }
  yield row('site', 'R', 'out, copies', 'last s', 'frontier R')
  for (const { site, peers, hasSeed, redundancy, outBytes, lastSeconds } of result.perSite.slice(
    0,
    SITES_SHOWN,
  )) {
    const bound = bounds.sites[site]
    const frontier =
      bound === undefined || hasSeed ? '' : fixed(frontierRedundancy(bound, size, lastSeconds), 2)
    const name = `${site} (${peers} peers${hasSeed ? ', seed' : ''})`
    yield row(
      name,
      fixed(redundancy, 3),
      fixed(outBytes / size, 2),
      fixed(lastSeconds, 1),
      frontier,
    )
  }
  if (result.perSite.length > SITES_SHOWN)
    yield `  … and ${result.perSite.length - SITES_SHOWN} more`
  yield ''
  for (const [reason, bytes] of Object.entries(result.crossings).sort(
    ([one, oneBytes], [other, otherBytes]) => otherBytes - oneBytes || (one < other ? -1 : 1),
  ))
    yield row(`crossed, ${reason}`, `${fixed(bytes / 1e6, 1)} MB`, '', '')
  yield `trace hash ${result.traceHash}, ${result.events} events, ${fixed(result.virtualSeconds, 1)} virtual s in ${fixed(result.wallSeconds, 1)} s, ${fixed(result.peakMemoryBytes / 2 ** 20, 0)} MiB`
  for (const { invariant, what, timeMs } of result.brokenInvariants)
    yield `BROKEN ${invariant} at ${fixed(timeMs / 1000, 1)} s: ${what}`
}

function settingsText({ settings }: RunResult): string {
  const texts = Object.entries(settings).map(([name, value]) => `${name} ${value}`)
  return texts.length === 0 ? '' : ` (${texts.join(', ')})`
}

function against(name: string, value: number, bound: number): string {
  return row(name, fixed(value, bound === 1 ? 3 : 1), fixed(bound, 1), fixed(value / bound, 3))
}

function row(name: string, ...cells: readonly string[]): string {
  return `${name.padEnd(28)}${cells.map((cell) => cell.padStart(12)).join('')}`.trimEnd()
}

function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–'
}
