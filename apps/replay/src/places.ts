// Where sites and peers stand: circles packed into circles, the same for every film of one layout.

import { hierarchy, pack } from 'd3-hierarchy'
import { polygonHull } from 'd3-polygon'
import type { Film } from './film.ts'

export interface Places {
  /** Width and height of the plane. */
  readonly size: number
  readonly peers: readonly { readonly x: number; readonly y: number }[]
  /** Radius of a peer. */
  readonly radius: number
  readonly sites: readonly SitePlace[]
}

export interface SitePlace {
  /** Middle, across. */
  readonly x: number
  /** Corners of the hull around its peers. */
  readonly hull: readonly (readonly [number, number])[]
}

interface Branch {
  readonly site?: number
  readonly peer?: number
  readonly children?: readonly Branch[]
}

const SIZE = 1000
const SITE_GAP = 44
const PEER_GAP = 5

export function placesOf({ sites, peers }: Film): Places {
  const branches: Branch[] = sites.map((_, site) => ({
    site,
    children: peers.flatMap((peer, number) => (peer.site === site ? [{ peer: number }] : [])),
  }))
  const root = hierarchy<Branch>({ children: branches.filter((one) => one.children?.length) }).sum(
    ({ peer }) => (peer === undefined ? 0 : 1),
  )
  const packed = pack<Branch>()
    .size([SIZE, SIZE])
    .padding(({ depth }) => (depth === 0 ? SITE_GAP : PEER_GAP))(root)
  const peerPlaces = peers.map(() => ({ x: 0, y: 0 }))
  const sitePlaces: SitePlace[] = sites.map(() => ({ x: 0, hull: [] }))
  let radius = 0
  for (const { data, x, y, r, children = [] } of packed.descendants()) {
    if (data.peer !== undefined) {
      peerPlaces[data.peer] = { x, y }
      radius = r
    }
    if (data.site === undefined) continue
    const points = children.map((child): [number, number] => [child.x, child.y])
    const hull = polygonHull(points) ?? points
    sitePlaces[data.site] = { x, hull }
  }
  return { size: SIZE, peers: peerPlaces, radius, sites: sitePlaces }
}
