// How content is treated in a run. Wire: encoded, stored on simulated disks, hashed. Fast: messages as objects, lengths
// without bytes. Engine, policies and tracker are the same code in both.

import { createMetainfo, type Metainfo, parseMetainfo, syntheticMetainfo } from '@bt/metainfo'
import type { Ports } from '@bt/ports'
import { Bitfield, type InfoHash, Prng, type ReadonlyBitfield } from '@bt/primitives'
import type { SimHost } from '@bt/simulator'
import { fastProfile, type SessionOptions, type TorrentOptions } from '@bt/swarm'
import type { PeerPlan } from './layout.ts'
import type { Scenario } from './scenario.ts'
import { watchedTransport } from './answer-watch.ts'
import { spoilingTransport } from './spoiling-transport.ts'

export type ProfileName = 'wire' | 'fast'

/** One torrent: all of the content, or a contiguous range of its pieces. */
export interface ContentPart {
  readonly metainfo: Metainfo
  readonly infoHash: InfoHash
  /** Where it begins, in pieces of the whole content, and how many it has. */
  readonly firstPiece: number
  readonly pieces: number
  /** Name of the file. */
  readonly path: string
  /** Undefined: nobody has made them. */
  readonly bytes: Uint8Array | undefined
}

/** What a peer's session and torrents are given. */
export interface Outfit {
  readonly ports: Ports
  readonly session: Partial<SessionOptions>
  readonly torrent: Partial<TorrentOptions>
}

export interface Profile {
  readonly name: ProfileName
  /** The same for every seed of a run: only the shape of the scenario matters. */
  content(scenario: Scenario, parts: number): readonly ContentPart[]
  /** Puts the content on the disk of a seed. */
  furnish(host: SimHost, parts: readonly ContentPart[]): void
  /**
   * For one life of a host; `had`: what its last life had of this part. `broken`: connections are to be watched, where
   * there are bytes to watch, and this is told what is wrong.
   */
  outfit(
    host: SimHost,
    plan: PeerPlan,
    had: ReadonlyBitfield | undefined,
    broken: ((what: string) => void) | undefined,
  ): Outfit
}

const wire: Profile = {
  name: 'wire',
  content(scenario, parts) {
    const random = new Prng('content')
    return rangesOf(scenario, parts).map(({ firstPiece, pieces, path }) => {
      const bytes = new Uint8Array(pieces * scenario.pieceLength)
      random.fill(bytes)
      const torrent = createMetainfo({
        name: path,
        layout: 'file',
        version: '1',
        pieceLength: scenario.pieceLength,
        files: [{ path: [path], data: bytes }],
      })
      return partOf(parseMetainfo(torrent), { firstPiece, pieces, path, bytes })
    })
  },
  furnish(host, parts) {
    for (const { path, bytes } of parts) if (bytes !== undefined) host.disk.put(path, bytes)
  },
  outfit(host, plan, _had, broken) {
    const { ports } = host
    const { clock } = ports
    const spoils = plan.actor?.kind === 'corrupt'
    const sent = spoils ? spoilingTransport(ports.transport) : ports.transport
    const transport =
      broken === undefined ? sent : watchedTransport(sent, () => clock.now(), broken)
    return {
      ports: { ...ports, transport },
      session: {},
      torrent: plan.isSeed ? { found: 'trust' } : {},
    }
  },
}

const fast: Profile = {
  name: 'fast',
  content(scenario, parts) {
    const { pieceLength, blocksPerPiece } = scenario
    const blockLength = Math.ceil(pieceLength / blocksPerPiece)
    return rangesOf(scenario, parts).map(({ firstPiece, pieces, path }) => {
      const metainfo = syntheticMetainfo({
        name: path,
        pieceCount: pieces,
        pieceLength,
        blockLength,
      })
      return partOf(metainfo, { firstPiece, pieces, path, bytes: undefined })
    })
  },
  furnish() {},
  outfit(host, plan, had) {
    const { session, torrent } = fastProfile(host.ports, {
      ...(plan.actor?.kind === 'corrupt' ? { spoils: () => true } : {}),
      ...(had === undefined ? {} : { had: Bitfield.copyOf(had) }),
    })
    return {
      ports: host.ports,
      session,
      torrent: { ...torrent, found: plan.isSeed ? 'trust' : 'absent' },
    }
  },
}

export function profileNamed(name: ProfileName): Profile {
  return name === 'wire' ? wire : fast
}

interface Range {
  readonly firstPiece: number
  readonly pieces: number
  readonly path: string
}

function rangesOf(scenario: Scenario, parts: number): readonly Range[] {
  return Array.from({ length: parts }, (_, part) => {
    const firstPiece = Math.floor((part * scenario.pieces) / parts)
    const end = Math.floor(((part + 1) * scenario.pieces) / parts)
    return { firstPiece, pieces: end - firstPiece, path: `content-${part}` }
  })
}

function partOf(
  metainfo: Metainfo,
  more: Range & { readonly bytes: Uint8Array | undefined },
): ContentPart {
  return { metainfo, infoHash: metainfo.infoHashV1 as InfoHash, ...more }
}
