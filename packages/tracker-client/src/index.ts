// @bt/tracker-client: when to announce, and doing it.

export { AnnounceSchedule } from './announce-schedule.ts'
export type { Announcement } from './announce-schedule.ts'
export { TrackerClientError } from './errors.ts'
export type { TrackerClientErrorCode } from './errors.ts'
export { announceTo, scrapeFrom } from './tracker-call.ts'
export type { Announced, CallOptions, TrackerPorts } from './tracker-call.ts'
export { TrackerClient } from './tracker-client.ts'
export type { TrackerClientOptions } from './tracker-client.ts'
export { UdpExchange } from './udp-exchange.ts'
export type { ConnectionId, ExchangeState } from './udp-exchange.ts'
export { addressRefusal, urlRefusal } from './url-rules.ts'
export type { UrlRules } from './url-rules.ts'
