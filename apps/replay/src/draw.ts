// One moment of a film on a canvas: sites as hulls, peers with what they have, transfers as lines, crossings in light.

import { type Film, type Frame, frameAt } from './film.ts'
import type { Places } from './places.ts'

export const COLOURS = {
  background: '#10141c',
  site: '#1b2331',
  siteEdge: '#2c3850',
  text: '#aeb9cc',
  seed: '#ffffff',
  leader: '#f5c542',
  follower: '#4a90e2',
  plain: '#6c7a93',
  away: '#39424f',
  done: '#58c48c',
  inside: 'rgba(110, 150, 210, 0.35)',
  crossing: '#ff8a3d',
} as const

/** Transfers stay in sight for so many frames, fading. */
const TRAIL_FRAMES = 4
/** Peers are drawn a little smaller than their places, so that they do not touch. */
const PEER_SHARE = 0.86

const ROLE_COLOURS = [COLOURS.plain, COLOURS.leader, COLOURS.follower] as const

export function drawMoment(
  context: CanvasRenderingContext2D,
  film: Film,
  places: Places,
  t: number,
  copies: readonly number[],
): void {
  const { canvas } = context
  const scale = Math.min(canvas.width, canvas.height) / places.size
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.fillStyle = COLOURS.background
  context.fillRect(0, 0, canvas.width, canvas.height)
  const left = (canvas.width - places.size * scale) / 2
  const top = (canvas.height - places.size * scale) / 2
  context.setTransform(scale, 0, 0, scale, left, top)
  const at = frameAt(film, t)
  const frame = film.frames[at] as Frame
  drawSites(context, film, places, copies)
  for (let ago = TRAIL_FRAMES - 1; ago >= 0; ago--) {
    const earlier = film.frames[at - ago]
    if (earlier !== undefined) drawMoves(context, film, places, earlier, 1 - ago / TRAIL_FRAMES)
  }
  drawPeers(context, film, places, frame)
}

function drawSites(
  context: CanvasRenderingContext2D,
  film: Film,
  { sites, radius }: Places,
  copies: readonly number[],
): void {
  context.lineJoin = 'round'
  context.textAlign = 'center'
  for (const [number, { x, hull }] of sites.entries()) {
    const [first, ...others] = hull
    if (first === undefined) continue
    // a thick rounded edge makes the hull of the centres one of the circles
    for (const [style, width] of [
      [COLOURS.siteEdge, 2 * radius + 16],
      [COLOURS.site, 2 * radius + 12],
    ] as const) {
      context.beginPath()
      context.moveTo(...first)
      for (const corner of others) context.lineTo(...corner)
      context.closePath()
      context.lineWidth = width
      context.strokeStyle = style
      context.fillStyle = style
      context.stroke()
      context.fill()
    }
    if (sites.length > 60) continue
    context.fillStyle = COLOURS.text
    context.font = '15px system-ui, sans-serif'
    const label = `${film.sites[number] ?? ''}  ${(copies[number] ?? 0).toFixed(2)} ×`
    context.fillText(label, x, Math.min(...hull.map((corner) => corner[1])) - radius - 16)
  }
}

function drawMoves(
  context: CanvasRenderingContext2D,
  film: Film,
  { peers: places, sites }: Places,
  { moves }: Frame,
  strength: number,
): void {
  for (const crossing of [false, true]) {
    context.strokeStyle = crossing ? COLOURS.crossing : COLOURS.inside
    for (let at = 0; at < moves.length; at += 3) {
      const from = moves[at] as number
      const to = moves[at + 1] as number
      const [source, target] = [places[from], places[to]]
      if (source === undefined || target === undefined) continue
      if ((film.peers[from]?.site !== film.peers[to]?.site) !== crossing) continue
      const pieces = (moves[at + 2] as number) / film.pieceLength
      context.lineWidth = Math.min(crossing ? 6 : 2, (crossing ? 1.5 : 0.6) + pieces / 2)
      context.globalAlpha = strength * (crossing ? 0.9 : Math.min(1, 0.3 + pieces / 4))
      context.beginPath()
      context.moveTo(source.x, source.y)
      if (crossing && sites.length > 1) {
        // bent, so that both directions are seen
        const [dx, dy] = [target.x - source.x, target.y - source.y]
        const middle = [(source.x + target.x) / 2 - dy / 8, (source.y + target.y) / 2 + dx / 8]
        context.quadraticCurveTo(middle[0] as number, middle[1] as number, target.x, target.y)
      } else context.lineTo(target.x, target.y)
      context.stroke()
    }
  }
  context.globalAlpha = 1
}

function drawPeers(
  context: CanvasRenderingContext2D,
  film: Film,
  { peers: places, radius }: Places,
  { have, roles, up }: Frame,
): void {
  for (const [number, { seed }] of film.peers.entries()) {
    const place = places[number]
    if (place === undefined) continue
    const isUp = up[number] === 1
    const colour = seed ? COLOURS.seed : (ROLE_COLOURS[roles[number] ?? 0] ?? COLOURS.plain)
    const share = Math.min(1, (have[number] ?? 0) / film.pieces)
    context.beginPath()
    context.arc(place.x, place.y, radius * PEER_SHARE, 0, 2 * Math.PI)
    context.fillStyle = isUp ? '#0b0e14' : COLOURS.away
    context.fill()
    context.lineWidth = Math.max(1, radius / 5)
    context.strokeStyle = isUp ? colour : COLOURS.away
    context.stroke()
    if (!isUp || share === 0) continue
    context.beginPath()
    context.moveTo(place.x, place.y)
    context.arc(
      place.x,
      place.y,
      radius * PEER_SHARE * 0.82,
      -Math.PI / 2,
      -Math.PI / 2 + 2 * Math.PI * share,
    )
    context.closePath()
    context.fillStyle = share === 1 && !seed ? COLOURS.done : colour
    context.fill()
  }
}
