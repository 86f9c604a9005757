// @bt/cachetorrent/classic: CacheTorrent as published in 2018, and what it was compared with. For the simulator.

export { ClassicBase } from './classic-base.ts'
export { electClassic } from './classic-election.ts'
export type { ClassicCandidate } from './classic-election.ts'
export { classicHook } from './classic-hook.ts'
export type { ClassicHookOptions } from './classic-hook.ts'
export { CLASSIC_EXTENSION, decodeClassic, encodeClassic } from './classic-messages.ts'
export type { ClassicMessage } from './classic-messages.ts'
export { ClassicPolicy } from './classic-policy.ts'
export type { ClassicOptions } from './classic-policy.ts'
export { CLASSIC_REPLY_KEY, decodeLeaders, encodeLeaders } from './leaders-reply.ts'
export type { ClassicLeader, LeaderLists } from './leaders-reply.ts'
export { drawNeighbours } from './neighbour-draw.ts'
