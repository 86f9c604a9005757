// Nobody receives what nobody sent: on each connection and over all of them, received ≤ sent (§2.5).

import type { Invariant } from '../run-view.ts'

export const bytesConserved: Invariant = {
  name: 'bytes-conserved',
  begin: () => ({
    end: ({ world }) => {
      let sent = 0
      let received = 0
      for (const { shares } of world.members) {
        for (const { swarm } of shares) {
          sent += swarm.counts.uploadedBytes
          received += swarm.counts.downloadedBytes
        }
      }
      return received > sent ? `${received} bytes received, ${sent} sent` : undefined
    },
  }),
}
