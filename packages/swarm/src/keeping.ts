// What a torrent's content tells the rest of it: losses, conditions, checkpoints.

import type { InfoHash } from '@bt/primitives'
import { Contents } from './contents.ts'
import type { Emitter } from './emitter.ts'
import type { SwarmEvents } from './events.ts'
import type { Exchange } from './exchange.ts'
import type { Hub } from './hub.ts'
import type { TorrentOptions } from './options.ts'

export interface KeepingParts {
  /** Of the resume data. */
  readonly name: InfoHash
  readonly hub: Hub
  readonly options: TorrentOptions
  readonly events: Emitter<SwarmEvents>
  readonly exchange: () => Exchange | undefined
  /** The state of the torrent may be another now. */
  readonly settle: () => void
}

/** The content of a torrent, not opened. */
export function keeping(parts: KeepingParts): Contents {
  const { name, hub, options, events, exchange, settle } = parts
  const { ports, turn, memory } = hub
  return new Contents({
    clock: ports.clock,
    hasher: ports.hasher,
    memory,
    openStore: options.openStore,
    verifyOnRead: options.verifyOnRead ?? false,
    found: options.found ?? 'check',
    name,
    resume: options.resume,
    progress: (checkedCount, pieceCount) => events.emit('checking', { checkedCount, pieceCount }),
    conditionChanged: (condition, retryMs) => {
      if (condition.state === 'ok') exchange()?.writableAgain()
      events.emit('condition', condition.state === 'ok' ? condition : { ...condition, retryMs })
      settle()
    },
    lost: (pieces, error) => exchange()?.lost(pieces, error),
    looking: (pieces) => exchange()?.looking(pieces),
    looked: (regained) => exchange()?.looked(regained),
    saved: (resume, durableCount) => events.emit('checkpoint', { resume, durableCount }),
    failedToSave: (error) => ports.log?.('warn', 'resume.not-saved', { error }),
    endTurn: () => turn.end(),
  })
}
