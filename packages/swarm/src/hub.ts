// What the torrents of a session share: the world, one turn, the caps, the budgets, who we are.

import type { MemoryBudget } from '@bt/piece-store'
import type { Ports } from '@bt/ports'
import type { ConnectionLimits, Identity } from '@bt/wire'
import type { SwarmError } from './errors.ts'
import type { AddressRules, SwarmLimits } from './options.ts'
import type { Bans } from './peers/bans.ts'
import type { ConnectionCaps } from './peers/connection-caps.ts'
import type { Framing } from './peers/framing.ts'
import type { Turn } from './peers/turn.ts'
import type { TokenBucket } from './transfer/byte-budget.ts'

export interface Hub {
  readonly ports: Ports
  readonly turn: Turn
  readonly caps: ConnectionCaps
  readonly identity: Identity
  readonly framing: Framing
  readonly connectionLimits: Partial<ConnectionLimits>
  readonly memory: MemoryBudget
  readonly uploadBudget: TokenBucket
  readonly downloadBudget: TokenBucket
  /** Bytes per second of all torrents together, as now set. */
  readonly downloadRate: () => number
  readonly addresses: AddressRules
  /** Addresses that no torrent talks to any more. */
  readonly bans: Bans
  /** Adds one, and ends its connections with every torrent. False: loopback, which is never banned. */
  readonly ban: (host: string, reason: SwarmError) => boolean
  /** Defaults for each torrent. */
  readonly swarmLimits: Partial<SwarmLimits>
  /** Our name and version, for people. */
  readonly client: string
  /** Port we accept on; 0: none. */
  readonly port: () => number
  /** Counts up over the session. */
  readonly peerNumber: () => number
}
