// The tracker keeps whom it heard from, at the address it heard them at, each once, and forgets (I10).

import type { Invariant } from '../run-view.ts'

export const trackerTrue: Invariant = {
  name: 'tracker-true',
  begin: () => ({
    tick: ({ world }) => {
      const { tracker, parts } = world
      const stored = tracker.storedCount(parts.map(({ infoHash }) => infoHash))
      const heard = tracker.heardFrom
      if (stored > heard * parts.length) {
        return `the tracker keeps ${stored} peers of ${parts.length} torrents, and heard from ${heard} hosts`
      }
      return undefined
    },
    end: ({ world, isOver }) => {
      const { tracker, parts, members } = world
      if (!isOver || !tracker.host.alive) return undefined
      const stored = tracker.storedCount(parts.map(({ infoHash }) => infoHash))
      const lives = members.filter(({ host }) => tracker.hasHeard(host.address))
      const living = lives.filter(({ isUp, isLeaving }) => isUp && !isLeaving).length * parts.length
      return stored < living
        ? `the tracker keeps ${stored} peers, ${living} live and told it`
        : undefined
    },
  }),
}
