// Percentiles and means of times. Nearest rank: the p-th percentile is one of the values.

export interface Times {
  readonly count: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p95: number
  readonly last: number
}

/** Of no values: zeros. */
export function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((one, other) => one - other)
  const total = sorted.reduce((sum, value) => sum + value, 0)
  const rank = (percent: number): number =>
    sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] ?? 0
  return {
    count: sorted.length,
    mean: sorted.length === 0 ? 0 : total / sorted.length,
    p50: rank(50),
    p90: rank(90),
    p95: rank(95),
    last: sorted.at(-1) ?? 0,
  }
}
