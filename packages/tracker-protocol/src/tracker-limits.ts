// What a stranger may make us keep or do, each with its reason.

/** Characters of a query. A full announce with extensions has about 500; 8 KiB is what HTTP servers take. */
export const QUERY_LENGTH_MAX = 8192
/** Parameters of a query that are looked at; the rest is ignored. An announce has about 15. */
export const PARAMETERS_MAX = 64
/** Infohashes in one scrape: what fits a UDP packet (BEP 15), and enough for HTTP. */
export const SCRAPE_HASHES_MAX = 74
/** Bytes of a `tracker id` that we are ready to repeat in every announce. */
export const TRACKER_ID_LENGTH_MAX = 512
/** Characters of a failure or warning that are kept for people. */
export const TEXT_LENGTH_MAX = 500
/** Peers taken from one answer: ten times what anybody asks for, and 36 KB of IPv6 addresses. */
export const PEERS_PER_RESPONSE_MAX = 2000
/** Seconds. An interval beyond a day is a mistake, and beyond 24.8 days it overflows timers. */
export const INTERVAL_SECONDS_MAX = 86_400
/** Bytes of BEP 41 URL data that are put together: a passkey path and a query, not a payload. */
export const URL_DATA_LENGTH_MAX = 1024
/** Bytes of one UDP answer: fits an IPv6 packet of 1,280 (1,232 of payload), so that nothing is fragmented. */
export const UDP_RESPONSE_LENGTH_MAX = 1232
/** Bytes of one extended answer: what passes an Ethernet and common tunnels in one packet; only proven addresses get it. */
export const UDP_EXTENDED_LENGTH_MAX = 1400
