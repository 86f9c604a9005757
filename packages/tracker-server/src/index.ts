// @bt/tracker-server: who is in which swarm, and answering.

export { accessHook, parseAccessList } from './access-list.ts'
export { ConnectionIds } from './connection-id.ts'
export { TrackerError } from './errors.ts'
export type { TrackerErrorCode } from './errors.ts'
export type { AnnounceHook, SwarmView } from './hooks.ts'
export { HttpConnection } from './http-connection.ts'
export type { HttpNext, HttpServing } from './http-connection.ts'
export { HttpFrontend } from './http-frontend.ts'
export type { HttpAnswer } from './http-frontend.ts'
export { HttpOutput } from './http-output.ts'
export {
  EXPIRY_INTERVALS,
  FEED_RECORD_LENGTH_MAX,
  HTTP_UNREAD_MAX,
  INTERVAL_SECONDS,
  PEERS_DEFAULT,
  PEERS_MAX,
  PEERS_PER_SWARM_MAX,
  SWARMS_MAX,
} from './limits.ts'
export { sourceAddress } from './source-address.ts'
export { readFeed } from './swarm-feed.ts'
export type { FeedRecord, SwarmFeed } from './swarm-feed.ts'
export { Tracker } from './tracker.ts'
export type { TrackerCounts, TrackerOptions } from './tracker-options.ts'
export { UdpFrontend } from './udp-frontend.ts'
