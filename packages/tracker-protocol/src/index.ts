// @bt/tracker-protocol: announce and scrape over HTTP and UDP, both directions from one codec.

export type { AnnouncedPeer, AnnounceEvent, AnnounceRequest, AnnounceResponse } from './announce.ts'
export { TrackerProtocolError } from './errors.ts'
export type { TrackerProtocolErrorCode } from './errors.ts'
export {
  encodeAnnounceBody,
  encodeFailure,
  encodeScrapeBody,
  parseAnnounceBody,
  parseScrapeBody,
} from './http-body.ts'
export type { PeerForm } from './http-body.ts'
export {
  announceUrl,
  extraQuery,
  parseAnnounceQuery,
  parseExtraQuery,
  parseScrapeQuery,
  scrapeRequestUrl,
} from './http-query.ts'
export { percentDecode, percentEncode } from './percent.ts'
export { printable } from './printable.ts'
export { scrapeUrl } from './scrape.ts'
export type { ScrapeCounts, ScrapeResponse } from './scrape.ts'
export {
  INTERVAL_SECONDS_MAX,
  PARAMETERS_MAX,
  PEERS_PER_RESPONSE_MAX,
  QUERY_LENGTH_MAX,
  SCRAPE_HASHES_MAX,
  TEXT_LENGTH_MAX,
  TRACKER_ID_LENGTH_MAX,
  UDP_EXTENDED_LENGTH_MAX,
  UDP_RESPONSE_LENGTH_MAX,
  URL_DATA_LENGTH_MAX,
} from './tracker-limits.ts'
export { encodeUdpExtended, wantsExtended } from './udp-extended.ts'
export { UDP_ACTION } from './udp-layout.ts'
export {
  encodeConnectRequest,
  encodeUdpAnnounce,
  encodeUdpScrape,
  parseUdpRequest,
  transactionIdOf,
} from './udp-requests.ts'
export type { UdpRequest } from './udp-requests.ts'
export {
  encodeConnectResponse,
  encodeUdpAnnounceResponse,
  encodeUdpError,
  encodeUdpScrapeResponse,
  parseUdpResponse,
} from './udp-responses.ts'
export type { UdpResponse } from './udp-responses.ts'
export { encodeUrlData, readUrlData, urlDataOf } from './url-data.ts'
