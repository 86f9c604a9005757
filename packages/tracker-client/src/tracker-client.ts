// Peers from trackers, for one torrent: a source that a swarm is given. A hybrid torrent announces both its infohashes.

import type { Done, PeerSink, PeerSource } from '@bt/ports'
import type { TrackerPorts } from './families.ts'
import { TorrentAnnounces, type TrackerClientOptions } from './torrent-announces.ts'

export class TrackerClient implements PeerSource {
  readonly #tiers: readonly (readonly string[])[]
  readonly #ports: TrackerPorts
  readonly #options: TrackerClientOptions
  readonly #key: number
  #announces: readonly TorrentAnnounces[] = []

  /** `tiers` as in the metainfo: announce to the first that answers (BEP 12). */
  constructor(
    tiers: readonly (readonly string[])[],
    ports: TrackerPorts,
    options: TrackerClientOptions = {},
  ) {
    this.#tiers = tiers
    this.#ports = ports
    this.#options = options
    this.#key = ports.random.below(2 ** 32)
  }

  start(sink: PeerSink): void {
    this.#announces = sink.infoHashes.map(
      (infoHash) =>
        new TorrentAnnounces(infoHash, this.#key, this.#tiers, sink, this.#ports, this.#options),
    )
    for (const announces of this.#announces) announces.pump()
  }

  changed(what: 'completed' | 'partial-seed'): void {
    for (const announces of this.#announces) announces.changed(what)
  }

  wanted(): void {
    for (const announces of this.#announces) announces.wanted()
  }

  stop(done: Done): void {
    const { clock } = this.#ports
    const stopping = this.#announces
    this.#announces = []
    let open = stopping.length
    if (open === 0) clock.at(clock.now(), () => done(undefined, undefined))
    for (const announces of stopping)
      announces.stop(() => {
        open--
        if (open === 0) done(undefined, undefined)
      })
  }
}
