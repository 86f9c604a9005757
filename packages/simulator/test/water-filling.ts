// Max-min fair rates the slow way, for comparison: raise all flows together, freeze those on a link that is full.

export interface SlowFlow {
  /** Indexes of links. */
  readonly links: readonly number[]
}

/** The rate of each flow; Infinity for a flow without links. O(flows × links) a step, a step for each full link. */
export function waterFilling(
  capacities: readonly number[],
  flows: readonly SlowFlow[],
): readonly number[] {
  const rates = flows.map(({ links }) => (links.length === 0 ? Number.POSITIVE_INFINITY : 0))
  const rising = new Set([...flows.keys()].filter((flow) => rates[flow] === 0))
  while (rising.size > 0) {
    let rise = Number.POSITIVE_INFINITY
    const risingOn = (link: number): number[] =>
      [...rising].filter((flow) => flows[flow]?.links.includes(link) === true)
    const spare = (link: number): number => {
      let used = 0
      for (const [flow, { links }] of flows.entries())
        if (links.includes(link)) used += rates[flow] as number
      return (capacities[link] as number) - used
    }
    let fullest = -1
    for (const link of capacities.keys()) {
      const count = risingOn(link).length
      if (count === 0 || spare(link) / count >= rise) continue
      rise = spare(link) / count
      fullest = link
    }
    for (const flow of rising) rates[flow] = (rates[flow] as number) + rise
    for (const flow of risingOn(fullest)) rising.delete(flow)
  }
  return rates
}

export interface SlowTransfer extends SlowFlow {
  readonly startMs: number
  readonly bytes: number
}

/** When each transfer ends if rates are exact at every moment, in ms. Capacities in bytes per second. */
export function fluidEnds(
  capacities: readonly number[],
  transfers: readonly SlowTransfer[],
): readonly number[] {
  const ends = transfers.map(() => Number.NaN)
  const left = transfers.map(({ bytes }) => bytes)
  let nowMs = 0
  for (;;) {
    const open = [...transfers.keys()].filter((one) => Number.isNaN(ends[one]))
    if (open.length === 0) return ends
    const active = open.filter((one) => (transfers[one] as SlowTransfer).startMs <= nowMs)
    const rates = waterFilling(
      capacities,
      active.map((one) => transfers[one] as SlowTransfer),
    )
    let nextMs = Number.POSITIVE_INFINITY
    for (const one of open) {
      const { startMs } = transfers[one] as SlowTransfer
      if (startMs > nowMs) nextMs = Math.min(nextMs, startMs)
    }
    for (const [at, one] of active.entries())
      nextMs = Math.min(nextMs, nowMs + ((left[one] as number) * 1000) / (rates[at] as number))
    for (const [at, one] of active.entries()) {
      left[one] = (left[one] as number) - ((rates[at] as number) * (nextMs - nowMs)) / 1000
      if ((left[one] as number) < 1e-3) ends[one] = nextMs
    }
    nowMs = nextMs
  }
}
