// One bar a peer on a terminal, for the demo.

import type { Swarm } from '@bt/swarm'
import cliProgress from 'cli-progress'

const REDRAW_MS = 100

export interface ShownPeer {
  readonly name: string
  readonly site: string
  readonly swarm: Swarm
}

export function startPeerBars(peers: readonly ShownPeer[], pieceCount: number): { stop(): void } {
  const bars = new cliProgress.MultiBar({
    format: '{name} {site} {bar} {value}/{total} pieces',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 30,
    hideCursor: true,
    linewrap: false,
    stream: process.stdout,
  })
  const shown = peers.map((peer) => ({
    peer,
    bar: bars.create(pieceCount, 0, { name: peer.name.padEnd(8), site: peer.site.padEnd(7) }),
  }))
  const draw = (): void => {
    for (const { peer, bar } of shown) bar.update(peer.swarm.have.count)
  }
  const timer = setInterval(draw, REDRAW_MS)
  return {
    stop: () => {
      clearInterval(timer)
      draw()
      bars.stop()
    },
  }
}
