// Plain BitTorrent: the shipped engine without a policy, neighbours at random from everywhere.

import { SuperSeeding } from '@bt/swarm'
import type { Scheme } from '../scheme.ts'

export const bittorrent: Scheme = {
  name: 'bittorrent',
  description: 'plain BitTorrent, random neighbours',
  settings: {
    superseed: { default: 0, description: '1: the first seed super-seeds (BEP 16)' },
    endgame: { default: 1, description: '0: the last blocks are asked of one peer at a time' },
  },
  begin: ({ layout, settings }) => {
    const firstSeed = layout.peers.find(({ isSeed }) => isSeed)
    const torrent = { manners: { endgame: settings['endgame'] !== 0 } }
    return {
      hooks: () => [],
      peer: ({ plan }) =>
        settings['superseed'] === 1 && plan === firstSeed
          ? { torrent, policy: new SuperSeeding() }
          : { torrent },
    }
  },
}
