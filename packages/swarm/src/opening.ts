// From metainfo to an open store: hashes that the torrent does not carry come from peers, then its place, storage, check.

import type { Metainfo } from '@bt/metainfo'
import type { PieceStore } from '@bt/piece-store'
import { Bitfield, type ReadonlyBitfield } from '@bt/primitives'
import type { Contents } from './contents.ts'
import type { LayerShell } from './extensions/layer-shell.ts'
import type { Hub } from './hub.ts'
import type { Place, TorrentOptions } from './options.ts'
import type { Peer } from './peers/peer.ts'
import { placeOf } from './torrent-options.ts'

export interface OpeningParts {
  readonly hub: Hub
  readonly options: TorrentOptions
  readonly contents: Contents
  readonly layers: LayerShell
  readonly peers: () => Iterable<Peer>
  readonly isClosed: () => boolean
  readonly failed: (what: string, cause: unknown) => void
  readonly opened: (metainfo: Metainfo, store: PieceStore) => void
  /** Layers are no longer asked for, or begin to be. */
  readonly settle: () => void
}

export class Opening {
  readonly #parts: OpeningParts

  constructor(parts: OpeningParts) {
    this.#parts = parts
  }

  /** `wanted` undefined: all files. */
  open(metainfo: Metainfo, wanted: ReadonlyBitfield | undefined): void {
    // A hybrid's pieces have SHA-1 hashes, so it can do without.
    const lacks = metainfo.version === '2' && metainfo.missingLayers().length > 0
    if (!lacks) return this.#findPlace(metainfo, wanted)
    const { layers, peers, settle } = this.#parts
    if (layers.isAsking) return
    layers.ask(metainfo, peers(), () => {
      this.#findPlace(metainfo, wanted)
      settle()
    })
    settle()
  }

  #findPlace(metainfo: Metainfo, wanted: ReadonlyBitfield | undefined): void {
    const { hub, options, isClosed, failed } = this.#parts
    placeOf(metainfo, options, hub.ports, (error, place) => {
      if (isClosed()) return
      if (error !== undefined) failed('it cannot be started', error)
      else this.#openPlace(metainfo, place, wanted)
      hub.turn.end()
    })
  }

  #openPlace(metainfo: Metainfo, place: Place, wanted: ReadonlyBitfield | undefined): void {
    const { contents, failed, opened, hub } = this.#parts
    // Said even when it is all of them: resume data remember an earlier selection.
    const files = wanted ?? Bitfield.full(metainfo.files.length)
    contents.open(metainfo, place, files, (error, store) => {
      if (error !== undefined) failed('its storage could not be opened', error)
      else opened(metainfo, store)
      hub.turn.end()
    })
  }
}
