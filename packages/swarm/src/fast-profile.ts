// The simulator's fast profile: the engine as it is, with messages as objects and pieces as lengths.
//
// What differs from the wire profile is framing (nothing is encoded or decoded) and content (nothing is stored or
// hashed); every rule and every decision is the same code. Torrents come from `syntheticMetainfo`, whose blocks are
// whole pieces unless asked otherwise; a seed has `found: 'trust'`.

import { type LengthStoreOptions, noStorage, openLengthStore } from '@bt/piece-store'
import type { Ports } from '@bt/ports'
import type { SessionOptions, TorrentOptions } from './options.ts'

export interface FastProfile {
  /** To be spread into the options of a session. */
  readonly session: Required<Pick<SessionOptions, 'framing'>>
  /** To be spread into the options of its torrents. */
  readonly torrent: Required<Pick<TorrentOptions, 'openStore' | 'storage' | 'keep'>>
}

export function fastProfile(ports: Ports, content: LengthStoreOptions = {}): FastProfile {
  return {
    session: { framing: 'objects' },
    torrent: {
      openStore: openLengthStore(content),
      storage: noStorage(ports.clock),
      keep: false,
    },
  }
}
