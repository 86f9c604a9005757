// @bt/swarm: one torrent, many peers.

export { SwarmError } from './errors.ts'
export type { SwarmErrorCode } from './errors.ts'
export type { SwarmEvents, SwarmState } from './events.ts'
export {
  CHECKPOINT_MS,
  MEMORY_MAX_BYTES,
  SESSION_LIMITS,
  LEAVE_MS,
  STOP_SOURCES_MS,
  SWARM_LIMITS,
} from './options.ts'
export type {
  AddressRules,
  FileSelection,
  Place,
  SessionLimits,
  SessionOptions,
  SwarmLimits,
  SwarmOptions,
  TorrentOptions,
} from './options.ts'
export { fastProfile } from './fast-profile.ts'
export type { FastProfile } from './fast-profile.ts'
export { MANNERS } from './manners.ts'
export type { Manners } from './manners.ts'
export { RandomChoker } from './policies/random-choker.ts'
export { SuperSeeding } from './policies/super-seeding.ts'
export type {
  ByteBudget,
  Link,
  OpenRequest,
  PeerHandle,
  PieceScope,
  PolicyExtension,
  PolicyFact,
  PolicyHost,
  PolicyQuestion,
  SwarmPolicy,
  UnchokeRound,
} from './policy.ts'
export { Session } from './session.ts'
export type { SwarmCounts, SwarmStats } from './stats.ts'
export { Swarm } from './swarm.ts'
