// What an engine is given: the session it lives in, the torrent as far as it is known, and who hears from it.

import type { InfoHash, InfoHashV2, ReadonlyBitfield } from '@bt/primitives'
import type { PeerEvent } from '@bt/wire'
import type { Emitter } from './emitter.ts'
import type { SwarmEvents } from './events.ts'
import type { LayerShell } from './extensions/layer-shell.ts'
import type { Hub } from './hub.ts'
import type { SwarmLimits, TorrentOptions } from './options.ts'
import type { Peer } from './peers/peer.ts'
import type { TokenBucket } from './transfer/byte-budget.ts'

export interface EngineParts {
  readonly hub: Hub
  /** v1, then truncated v2. */
  readonly infoHashes: readonly InfoHash[]
  readonly want: { readonly infoHashV1?: InfoHash; readonly infoHashV2?: InfoHashV2 }
  readonly infoBytes: Uint8Array | undefined
  readonly options: TorrentOptions
  /** Hashes of v2 files, while they are asked for. */
  readonly layers: LayerShell
  readonly events: Emitter<SwarmEvents>
  readonly downloadBudget: TokenBucket
  readonly limits: () => SwarmLimits
  readonly have: () => ReadonlyBitfield
  /** Peer exchange is on: by the options, and the torrent is not private. */
  readonly exchangesPeers: () => boolean
  readonly metadataCame: (infoBytes: Uint8Array) => void
  /** More peers would be welcome, or what is announced changed. */
  readonly announce: () => void
}

/** Who answers for each event of a peer. */
export type PeerHandlers = {
  readonly [T in PeerEvent['type']]: (
    peer: Peer,
    event: Extract<PeerEvent, { readonly type: T }>,
  ) => void
}
