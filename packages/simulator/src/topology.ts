// Shapes of networks, as data: which sites there are, where they hang, and how far it is between them.
//
// Two-level: all sites at one distance from the middle. Transit-stub (Zegura, Calvert and Bhattacharjee, How to Model
// an Internetwork, 1996): transit domains joined at random, some nodes in each, and every site is a stub domain that
// hangs on one of these nodes. `SimNetwork.addTopology` builds it; hosts are put in afterwards.

import type { Random } from '@bt/ports'
import { invariant } from '@bt/primitives'

/** What a site is made with. */
export interface SiteOptions {
  /** One way, from the edge of the site to its node of the core. 10 unless given. */
  readonly latencyMs?: number
  /** Of the link that all hosts of the site share towards other sites, out and in. Infinity unless given. */
  readonly uploadBytesPerSecond?: number
  readonly downloadBytesPerSecond?: number
  /** Node of the core where it hangs. 0 unless given. */
  readonly core?: number
}

export interface Topology {
  readonly sites: readonly (SiteOptions & { readonly name: string })[]
  /** One way between nodes of the core, in ms: square, symmetric, zero to itself. */
  readonly coreLatencyMs: readonly (readonly number[])[]
}

/** `site-0` and so on, any two of them twice `latencyMs` apart (one way, edge to edge); 10 unless given, 0 allowed. */
export function twoLevel(options: SiteOptions & { readonly sites: number }): Topology {
  const { sites, ...site } = options
  return { sites: named(sites, () => site), coreLatencyMs: [[0]] }
}

export interface TransitStubOptions {
  readonly sites: number
  readonly random: Random
  /** 4 domains of 4 nodes unless given. */
  readonly domains?: number
  readonly nodesPerDomain?: number
  /** One way, lowest and highest, in ms: between domains (10 to 50), inside one (2 to 10), from node to site (1 to 5). */
  readonly betweenMs?: readonly [number, number]
  readonly insideMs?: readonly [number, number]
  readonly stubMs?: readonly [number, number]
  /** What else every site is made with. */
  readonly site?: SiteOptions
}

/** The same generator makes the same network. Latencies are whole milliseconds between the bounds. */
export function transitStub(options: TransitStubOptions): Topology {
  const { sites, random, domains = 4, nodesPerDomain = 4 } = options
  const { betweenMs = [10, 50], insideMs = [2, 10], stubMs = [1, 5] } = options
  const nodes = domains * nodesPerDomain
  const drawn = ([low, high]: readonly [number, number]): number =>
    low + random.below(high - low + 1)
  const ms = Array.from({ length: nodes }, (_, one) =>
    Array.from({ length: nodes }, (_value, other) => (one === other ? 0 : Infinity)),
  )
  const join = (one: number, other: number, latencyMs: number): void => {
    if (one === other || latencyMs >= at(ms, one, other)) return
    row(ms, one)[other] = latencyMs
    row(ms, other)[one] = latencyMs
  }
  const nodeOf = (domain: number): number => domain * nodesPerDomain + random.below(nodesPerDomain)
  for (let domain = 0; domain < domains; domain++) {
    const first = domain * nodesPerDomain
    // A ring and chords inside; outside a tree, so that all hang together, and as many links again.
    for (let node = 0; node < nodesPerDomain; node++) {
      join(first + node, first + ((node + 1) % nodesPerDomain), drawn(insideMs))
      join(first + node, nodeOf(domain), drawn(insideMs))
    }
    if (domain === 0) continue
    join(nodeOf(domain), nodeOf(random.below(domain)), drawn(betweenMs))
    join(nodeOf(domain), nodeOf(random.below(domain)), drawn(betweenMs))
  }
  shortest(ms)
  return {
    sites: named(sites, () => ({
      ...options.site,
      latencyMs: drawn(stubMs),
      core: random.below(nodes),
    })),
    coreLatencyMs: ms,
  }
}

function named(count: number, site: () => SiteOptions): Topology['sites'] {
  invariant(Number.isInteger(count) && count > 0, 'a network has at least one site')
  return Array.from({ length: count }, (_, index) => ({ ...site(), name: `site-${index}` }))
}

/** Makes every entry the length of the shortest path (Floyd and Warshall). */
function shortest(ms: number[][]): void {
  for (const [via, onwards] of ms.entries())
    for (const from of ms)
      for (const [to, rest] of onwards.entries()) {
        const throughMs = (from[via] as number) + rest
        if (throughMs < (from[to] as number)) from[to] = throughMs
      }
}

function row(ms: readonly number[][], one: number): number[] {
  return ms[one] as number[]
}

function at(ms: readonly number[][], one: number, other: number): number {
  return row(ms, one)[other] as number
}
