// What no scheme can beat (cachetorrent.md §4): bytes, last peer, k-th finisher, and the frontier of bytes against time.

import type { Layout, PeerPlan, SitePlan } from './layout.ts'

export interface SiteBound {
  readonly site: number
  readonly peers: number
  /** Members that upload at all, and what they can together, bytes per second. */
  readonly uploadBytesPerSecond: number
  /** Last peer of the site when every piece is imported once. */
  readonly lastSeconds: number
}

export interface Bounds {
  /** T*: the fluid bound of the last peer, whatever crosses. */
  readonly lastSeconds: number
  /** The same when every site imports each piece once: site links and uplinks count. */
  readonly lastSecondsOnce: number
  /** (1 + floor(log2 N) / M) · F / u, where all capacities are equal; undefined elsewhere. */
  readonly lastSecondsWhole: number | undefined
  /** Expected R of plain BitTorrent with random neighbours: n(N−n)/(N−1), over sites without a seed. */
  readonly randomRedundancy: number
  readonly sites: readonly SiteBound[]
}

export interface BoundFacts {
  readonly layout: Layout
  readonly pieces: number
  readonly pieceLength: number
}

export function boundsOf({ layout, pieces, pieceLength }: BoundFacts): Bounds {
  const size = pieces * pieceLength
  const seeds = layout.peers.filter(({ isSeed }) => isSeed)
  const peers = layout.peers.filter(({ isSeed }) => !isSeed)
  const origin = sum(seeds, 'upload')
  const total = origin + sum(peers, 'upload')
  const slowest = peers.reduce((least, { download }) => Math.min(least, download), Infinity)
  const last = Math.max(size / origin, size / slowest, (peers.length * size) / total)
  const sites = layout.sites.map((site) => siteBound(site, layout, size))
  const outLinks = layout.sites.reduce((all, { linkUpload }) => all + linkUpload, 0)
  const importing = sites.filter(({ site }) => !hasSeed(layout, site)).length
  const once = Math.max(
    last,
    (importing * size) / outLinks,
    ...sites.map(({ lastSeconds }) => lastSeconds),
  )
  return {
    lastSeconds: last,
    lastSecondsOnce: once,
    lastSecondsWhole: wholeBound(layout.peers, pieces, size),
    randomRedundancy: randomRedundancy(layout),
    sites,
  }
}

/** When the k-th of those who download can be done at the earliest; `downloads` are their rates, fastest first. */
export function kthBound(facts: BoundFacts, k: number, downloads: readonly number[]): number {
  const size = facts.pieces * facts.pieceLength
  const origin = sum(
    facts.layout.peers.filter(({ isSeed }) => isSeed),
    'upload',
  )
  const total = sum(facts.layout.peers, 'upload')
  return Math.max(size / origin, size / (downloads[k - 1] as number), (k * size) / total)
}

/** R_i*(T) = max(1, n_i − T·U_i/F): copies that a site must import to be done by T. */
export function frontierRedundancy(bound: SiteBound, size: number, seconds: number): number {
  return Math.max(1, bound.peers - (seconds * bound.uploadBytesPerSecond) / size)
}

function siteBound(site: SitePlan, layout: Layout, size: number): SiteBound {
  const here = layout.peers.filter((peer) => peer.site === site.number)
  const peers = here.filter(({ isSeed }) => !isSeed).length
  const imports = hasSeed(layout, site.number) ? 0 : 1
  const uploadBytesPerSecond = sum(here, 'upload')
  return {
    site: site.number,
    peers,
    uploadBytesPerSecond,
    lastSeconds:
      peers === 0
        ? 0
        : Math.max(
            (imports * size) / site.linkDownload,
            ((peers - imports) * size) / uploadBytesPerSecond,
          ),
  }
}

function hasSeed(layout: Layout, site: number): boolean {
  return layout.peers.some((peer) => peer.isSeed && peer.site === site)
}

function wholeBound(peers: readonly PeerPlan[], pieces: number, size: number): number | undefined {
  const rate = peers[0]?.upload as number
  if (peers.some(({ upload }) => upload !== rate)) return undefined
  const downloaders = peers.filter(({ isSeed }) => !isSeed).length
  const doublings = downloaders === 0 ? 0 : 31 - Math.clz32(downloaders)
  return ((1 + doublings / pieces) * size) / rate
}

/** Each copy comes from any other peer: of a site's n, all but n−1 of N−1 sources lie outside. */
function randomRedundancy(layout: Layout): number {
  const all = layout.peers.length - 1
  let sites = 0
  let copies = 0
  for (const { number } of layout.sites) {
    if (hasSeed(layout, number)) continue
    const here = layout.peers.filter(({ site }) => site === number).length
    sites++
    copies += all < 2 ? here : (here * (all - here)) / (all - 1)
  }
  return sites === 0 ? 0 : copies / sites
}

function sum(peers: readonly PeerPlan[], what: 'upload'): number {
  return peers.reduce((all, peer) => all + peer[what], 0)
}
