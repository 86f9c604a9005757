// What a torrent and its options come down to: the hashes on the wire, the policy, the files a magnet selects.

import type { Magnet, Metainfo, Surroundings } from '@bt/metainfo'
import type { Done, Ports } from '@bt/ports'
import { type InfoHash, truncateInfoHash } from '@bt/primitives'
import { SwarmError } from './errors.ts'
import type { FileSelection, Place, TorrentOptions } from './options.ts'
import { SuperSeeding } from './policies/super-seeding.ts'
import type { SwarmPolicy } from './policy.ts'
import { PRIORITY_NORMAL } from './selection.ts'

/** @throws {SwarmError} BAD_OPTION */
export function policyOf({ policy, superSeed }: TorrentOptions): SwarmPolicy | undefined {
  if (superSeed !== true) return policy
  if (policy === undefined) return new SuperSeeding()
  const message = 'superSeed is a policy of its own and cannot stand beside another: leave out one'
  throw new SwarmError('BAD_OPTION', message, { detail: 'superSeed' })
}

/** v1, then truncated v2. */
export function wireHashesOf(torrent: Metainfo | Magnet): readonly InfoHash[] {
  const { infoHashV1, infoHashV2 } = torrent
  const hashes = infoHashV1 === undefined ? [] : [infoHashV1]
  return infoHashV2 === undefined ? hashes : [...hashes, truncateInfoHash(infoHashV2)]
}

/** The option, else what the magnet's `so` names (BEP 53), else undefined: everything. */
export function selectionOf(
  torrent: Metainfo | Magnet,
  { select }: TorrentOptions,
): (metainfo: Metainfo) => FileSelection | undefined {
  if (select !== undefined) return select
  const chosen = 'select' in torrent ? torrent.select : undefined
  if (chosen === undefined) return () => undefined
  return (metainfo) => metainfo.files.map((_, at) => (chosen.includes(at) ? PRIORITY_NORMAL : 0))
}

/** Where it goes: what `place` answers, else the storage and keep of the options, else those of the ports. */
export function placeOf(
  metainfo: Metainfo,
  { place, storage, keep }: TorrentOptions,
  ports: Ports,
  done: Done<Place>,
): void {
  if (place !== undefined) return place(metainfo, done)
  const kept = keep === false ? {} : { keep: keep ?? ports.keep }
  const found = { storage: storage ?? ports.storage, ...kept }
  ports.clock.at(ports.clock.now(), () => done(undefined, found))
}

/** What a magnet says beside the hash: goes into the metainfo that its metadata makes. */
export function surroundingsOf(magnet: Magnet): Partial<Surroundings> {
  return {
    announceTiers: magnet.trackers.map((tracker) => [tracker]),
    webSeeds: magnet.webSeeds,
    dhtNodes: magnet.dhtNodes,
  }
}
