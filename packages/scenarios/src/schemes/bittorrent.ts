// Plain BitTorrent: the shipped engine without a policy, neighbours at random from everywhere.

import { SuperSeeding } from '@bt/swarm'
import type { Scheme } from '../scheme.ts'

export const bittorrent: Scheme = {
  name: 'bittorrent',
  description: 'plain BitTorrent, random neighbours',
  settings: {
    superseed: { default: 0, description: '1: the first seed super-seeds (BEP 16)' },
  },
  begin: ({ layout, settings }) => {
    const firstSeed = layout.peers.find(({ isSeed }) => isSeed)
    return {
      hooks: () => [],
      peer: ({ plan }) =>
        settings['superseed'] === 1 && plan === firstSeed ? { policy: new SuperSeeding() } : {},
    }
  },
}
