// What came out as pictures, each as SVG and PNG: who was done when, copies by site, bytes over time, bytes against time.
import { frontierRedundancy, type RunResult } from '@bt/scenarios'
import * as Plot from '@observablehq/plot'
import { type Group, groupsOf, mean } from './groups.ts'
import type { Experiment } from './matrix.ts'
import { pngOf, svgOf } from './picture.ts'
import type { Finished } from './run-cells.ts'

/** Steps of the frontier's line. */
const FRONTIER_STEPS = 60

/** File name → contents, for each scenario of the experiment. */
export function* draw(
  { title }: Experiment,
  done: readonly Finished[],
): Iterable<readonly [string, string | Uint8Array]> {
  const groups = groupsOf(done)
  for (const scenario of new Set(groups.map((group) => group.scenario))) {
    const rows = groups.filter((group) => group.scenario === scenario)
    const name = scenario.replace(/[^\w-]/g, '_')
    const pictures: readonly (readonly [string, string, Plot.PlotOptions])[] = [
      ['completion', `${scenario}: share of peers that are done`, completion(rows)],
      ['redundancy', `${scenario}: copies that entered each site`, redundancy(rows)],
      ['bytes', `${scenario}: copies that crossed into sites, over time`, bytes(rows)],
      ['pareto', `${scenario}: copies against time, and what nobody can beat`, pareto(rows)],
    ]
    for (const [what, heading, options] of pictures) {
      const svg = svgOf({ ...options, title: heading, caption: title })
      yield [`${name}-${what}.svg`, svg]
      yield [`${name}-${what}.png`, pngOf(svg)]
    }
  }
}

/** One line a scheme: over the peers of all its seeds. */
function completion(rows: readonly Group[]): Plot.PlotOptions {
  const points = rows.flatMap(({ label, results }) => {
    const times = results
      .flatMap(({ completionSeconds }) => completionSeconds)
      .toSorted((one, other) => one - other)
    return times.map((seconds, at) => ({ scheme: label, seconds, share: (at + 1) / times.length }))
  })
  const bound = rows[0]?.results[0]?.boundSeconds ?? 0
  return {
    x: { label: 'seconds since the crowd began', zero: true },
    y: { label: 'share done', domain: [0, 1], grid: true },
    color: { legend: true },
    marks: [
      Plot.ruleX([bound], { strokeDasharray: '4,3' }),
      Plot.text([{ x: bound }], { x: 'x', text: () => 'T*', frameAnchor: 'top', dx: 9 }),
      Plot.lineY(points, { x: 'seconds', y: 'share', stroke: 'scheme', curve: 'step-after' }),
    ],
  }
}

function redundancy(rows: readonly Group[]): Plot.PlotOptions {
  const dots = rows.flatMap(({ label, results }) =>
    results.flatMap(({ perSite }) =>
      perSite
        .filter(({ hasSeed, peers }) => !hasSeed && peers > 0)
        .map(({ redundancy: copies, peers }) => ({ scheme: label, copies, peers })),
    ),
  )
  return {
    x: { label: 'copies that entered the site (R)', type: 'log', grid: true },
    y: { label: null },
    marginLeft: 220,
    color: { legend: false },
    marks: [
      Plot.ruleX([1], { strokeDasharray: '4,3' }),
      Plot.tickX(dots, { x: 'copies', y: 'scheme', stroke: 'scheme', strokeOpacity: 0.6 }),
      Plot.text(
        rows.map(({ label, results }) => ({
          scheme: label,
          copies: mean(results.map((result) => result.redundancy)),
        })),
        {
          x: 'copies',
          y: 'scheme',
          text: ({ copies }: { copies: number }) => copies.toFixed(2),
          dy: -16,
        },
      ),
    ],
  }
}

/** Of the first seed of each scheme: a thin line a site, a thick one for their mean. */
function bytes(rows: readonly Group[]): Plot.PlotOptions {
  const lines = rows.flatMap(({ label, results }) => {
    const [result] = results
    if (result === undefined) return []
    const size = result.pieces * result.pieceLength
    const sites = result.perSite.filter(({ hasSeed, peers }) => !hasSeed && peers > 0)
    return result.timeline.seconds.map((seconds, at) => {
      const entered = sites.map(({ site }) => (result.timeline.inBytes[at]?.[site] ?? 0) / size)
      return {
        scheme: label,
        seconds,
        mean: mean(entered),
        least: Math.min(...entered),
        most: Math.max(...entered),
      }
    })
  })
  return {
    x: { label: 'seconds', zero: true },
    y: { label: 'copies that entered a site: mean, least and most', grid: true, type: 'sqrt' },
    color: { legend: true },
    marks: [
      Plot.ruleY([1], { strokeDasharray: '4,3' }),
      Plot.areaY(lines, {
        x: 'seconds',
        y1: 'least',
        y2: 'most',
        fill: 'scheme',
        fillOpacity: 0.15,
      }),
      Plot.lineY(lines, { x: 'seconds', y: 'mean', stroke: 'scheme', strokeWidth: 2 }),
    ],
  }
}

/** Every run a dot, at its last peer; the frontier R*(T) of the site that needs most. */
function pareto(rows: readonly Group[]): Plot.PlotOptions {
  const runs = rows.flatMap(({ label, results }) =>
    results.map((result) => ({
      scheme: label,
      seconds: result.lastSeconds,
      copies: result.redundancy,
    })),
  )
  const first = rows[0]?.results[0]
  const line =
    first === undefined ? [] : frontier(first, Math.max(...runs.map(({ seconds }) => seconds)))
  return {
    x: { label: 'seconds until the last peer is done', grid: true },
    y: { label: 'copies a site (R)', type: 'log', grid: true },
    color: { legend: true },
    marks: [
      Plot.lineY(line, { x: 'seconds', y: 'copies', strokeDasharray: '4,3' }),
      Plot.dot(runs, { x: 'seconds', y: 'copies', fill: 'scheme', r: 5 }),
    ],
  }
}

function frontier(
  { bounds, pieces, pieceLength, perSite }: RunResult,
  untilSeconds: number,
): readonly { seconds: number; copies: number }[] {
  const size = pieces * pieceLength
  const from = bounds.lastSeconds
  const importing = bounds.sites.filter(
    ({ site, peers }) => peers > 0 && perSite[site]?.hasSeed !== true,
  )
  return Array.from({ length: FRONTIER_STEPS + 1 }, (_, at) => {
    const seconds = from + ((untilSeconds - from) * at) / FRONTIER_STEPS
    return {
      seconds,
      copies: mean(importing.map((site) => frontierRedundancy(site, size, seconds))),
    }
  })
}
