// What other trackers of the same swarms told, taken in as if it had come here.

import {
  type Endpoint,
  type InfoHash,
  parseInfoHash,
  parsePeerId,
  type PeerId,
  unpackEndpoint,
} from '@bt/primitives'
import { type AnnounceRequest, parseExtraQuery } from '@bt/tracker-protocol'
import { TrackerError } from './errors.ts'
import { type AnnounceHook, groupOf } from './hooks.ts'
import type { Saying } from './saying.ts'
import { type MemberRecord, readFeed } from './swarm-feed.ts'

export interface Hearing {
  readonly saying: Saying
  readonly hooks: readonly AnnounceHook[]
  /** Takes in what `saying` says. */
  readonly takeIn: () => void
}

/** Takes in a batch. @throws what a hook throws that is no refusal */
export function hearFeed(batch: Uint8Array, nowSeconds: number, hearing: Hearing): void {
  const { saying, hooks, takeIn } = hearing
  for (const record of readFeed(batch)) {
    try {
      if (record.kind === 'word') {
        const infoHash = parseInfoHash(record.infoHash) as InfoHash
        for (const hook of hooks) hook.told?.(infoHash, record.word)
        continue
      }
      takeRecord(saying, record)
      saying.seenSeconds = nowSeconds
      if (hooks.length > 0) heardByHooks(record, hearing)
      takeIn()
    } catch (error) {
      // What we would refuse ourselves is not taken from others either.
      if (!(error instanceof TrackerError)) throw error
    }
  }
}

function heardByHooks(record: MemberRecord, { saying, hooks }: Hearing): void {
  const request = requestOf(record)
  const from: Endpoint = unpackEndpoint(record.endpoint, 0, record.endpoint.length as 6 | 18)
  for (const hook of hooks) hook.before?.(request, from)
  saying.group = groupOf(hooks, from)
  for (const hook of hooks) hook.heard?.(request, from)
  takeRecord(saying, record)
}

/** What a record says, into `saying`; the time is left. */
function takeRecord(saying: Saying, record: MemberRecord): void {
  saying.setInfoHash(record.infoHash, 0)
  saying.peerId.set(record.peerId)
  saying.key.setPacked(record.endpoint)
  saying.isSeed = record.isSeed
  saying.isPaused = record.isPaused
  saying.isStopped = record.isStopped
  saying.isCompleted = record.isCompleted
  saying.wanted = 0
}

/** A record as the announce that it came from, as far as it is known. */
function requestOf(record: MemberRecord): AnnounceRequest {
  const { endpoint, extra } = record
  const end = endpoint.length
  const event = record.isStopped
    ? 'stopped'
    : record.isPaused
      ? 'paused'
      : record.isCompleted
        ? 'completed'
        : undefined
  return {
    infoHash: parseInfoHash(record.infoHash) as InfoHash,
    peerId: parsePeerId(record.peerId) as PeerId,
    port: ((endpoint[end - 2] as number) << 8) | (endpoint[end - 1] as number),
    uploadedBytes: 0,
    downloadedBytes: 0,
    leftBytes: record.isSeed ? 0 : 1,
    ...(event !== undefined && { event }),
    ...(extra !== '' && { extra: parseExtraQuery(extra) }),
  }
}
