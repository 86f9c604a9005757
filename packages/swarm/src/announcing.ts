// What the sources of peers are told about a torrent, and where what they find goes.

import type { Metainfo } from '@bt/metainfo'
import type { PeerSource } from '@bt/ports'
import type { InfoHash } from '@bt/primitives'
import type { Emitter } from './emitter.ts'
import type { Engine } from './engine.ts'
import type { SwarmEvents } from './events.ts'
import type { Hub } from './hub.ts'
import { Sources } from './sources.ts'
import type { Meters } from './transfer/meters.ts'

export interface AnnouncingParts {
  readonly infoHashes: readonly InfoHash[]
  readonly hub: Hub
  readonly sources: readonly PeerSource[]
  readonly meters: Meters
  readonly events: Emitter<SwarmEvents>
  readonly metainfo: () => Metainfo | undefined
  readonly engine: () => Engine
}

/** The sources of a torrent, not started. */
export function announcing(parts: AnnouncingParts): Sources {
  const { infoHashes, hub, sources, meters, events, metainfo, engine } = parts
  return new Sources(sources, {
    infoHashes,
    peerId: hub.identity.peerId,
    clock: hub.ports.clock,
    isPrivate: () => metainfo()?.isPrivate ?? false,
    listenPort: () => hub.port(),
    progress: () => ({
      uploadedBytes: meters.counters.uploadedBytes,
      downloadedBytes: meters.counters.downloadedBytes,
      leftBytes: engine().exchange?.leftBytes,
      partialSeed: engine().exchange?.isPartialSeed ?? false,
    }),
    peersWanted: () => Math.max(0, meters.limits.peersMax - engine().peers.size),
    announce: () => engine().seat.policy?.announce?.() ?? new Map<string, string>(),
    announced: (reply, tracker) => engine().seat.policy?.announced?.(reply, tracker),
    found: (peers, origin, source) => {
      engine().found(peers, origin, source)
      hub.turn.end()
    },
    noted: (facts) => events.emit('source', facts),
  })
}
