// The figures of a finished cell that the page needs: small enough to be kept with the page.
import type { RunResult } from '@bt/scenarios'
import type { Finished } from '../experiment/run-cells.ts'

export interface Figures {
  /** 'medium classic 10', 'bigseed multi 2 30': as the published rows are named. */
  readonly row: string
  readonly seed: number
  readonly peers: number
  readonly sites: number
  readonly pieces: number
  readonly redundancy: number
  readonly p50: number
  readonly p90: number
  readonly bound: number
  readonly completed: number
  readonly reachable: number
  /** n·E / (E + Λ) of the links that sites had, the mean over those without a seed. */
  readonly ofLinks: number
  readonly traceHash: string
}

export function figuresOf({ cell, result }: Finished): Figures {
  const { redundancy, p50Seconds, p90Seconds, boundSeconds, traceHash } = result
  const { peers, sites, pieces, completed, reachable } = result
  return {
    row: [cell.scenario, nameOf(result)].join(' '),
    seed: cell.seed,
    peers,
    sites,
    pieces,
    redundancy: rounded(redundancy),
    p50: rounded(p50Seconds),
    p90: rounded(p90Seconds),
    bound: rounded(boundSeconds),
    completed,
    reachable,
    ofLinks: rounded(ofLinks(result)),
    traceHash,
  }
}

function nameOf({ scheme, settings }: RunResult): string {
  const { leaders, bias, ranges } = settings
  if (scheme === 'published') return bias === 100 ? scheme : `biased ${bias}`
  if (scheme === 'random-choker') return scheme
  return ranges === undefined ? `${scheme} ${leaders}` : `${scheme} ${ranges} ${leaders}`
}

function ofLinks({ perSite }: RunResult): number {
  const all = perSite
    .filter(({ hasSeed }) => !hasSeed)
    .map(({ peers, insideLinks, outsideLinks }) => {
      const links = insideLinks + outsideLinks
      return links === 0 ? 0 : (peers * outsideLinks) / links
    })
  return all.reduce((sum, each) => sum + each, 0) / all.length
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
