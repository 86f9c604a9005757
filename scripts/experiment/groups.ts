// Finished cells that differ only in their seed, as one row: means, and how far seeds are apart.
import type { RunResult } from '@bt/scenarios'
import type { Finished } from './run-cells.ts'

export interface Group {
  readonly scenario: string
  readonly label: string
  readonly results: readonly RunResult[]
}

/** By scenario, then by label, in the order of the cells. */
export function groupsOf(done: readonly Finished[]): readonly Group[] {
  const groups = new Map<string, { scenario: string; label: string; results: RunResult[] }>()
  for (const { cell, result } of done) {
    const key = `${cell.scenario}\n${cell.label}`
    const group = groups.get(key) ?? { scenario: cell.scenario, label: cell.label, results: [] }
    group.results.push(result)
    groups.set(key, group)
  }
  return [...groups.values()]
}

export function mean(values: readonly number[]): number {
  return values.length === 0
    ? Number.NaN
    : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** `1.234 ± 0.01`: the mean, and half the distance of the extremes where seeds differ. */
export function spread(values: readonly number[], digits: number): string {
  const half = (Math.max(...values) - Math.min(...values)) / 2
  const text = mean(values).toFixed(digits)
  return half < 0.5 * 10 ** -digits ? text : `${text} ± ${half.toFixed(digits)}`
}
