// How long and how often trackers are asked, each figure with its reason.

/** Seconds between announces where the tracker says none: what trackers commonly say. */
export const INTERVAL_DEFAULT_SECONDS = 1800
/** Seconds. Whoever asks for more often than this is mistaken or hostile. */
export const INTERVAL_MIN_SECONDS = 60
/** Seconds. A day: a longer interval is a mistake, and beyond 24.8 days it overflows timers. */
export const INTERVAL_MAX_SECONDS = 86_400
/** Milliseconds until a tracker that failed is asked again; doubles with each failure in a row. */
export const BACK_OFF_FIRST_MS = 15_000
/** Milliseconds: a tracker that was dead for a day is found alive within the hour. */
export const BACK_OFF_MAX_MS = 3_600_000
/** Milliseconds for one HTTP announce, names and redirects included. */
export const HTTP_TIMEOUT_MS = 60_000
/** Bytes of an HTTP answer after decompression: 2,000 peers as dictionaries are 160 KB. */
export const HTTP_BODY_LENGTH_MAX = 1 << 20
/** Redirects followed for one announce. */
export const REDIRECTS_MAX = 5
/** Milliseconds until the first UDP packet is repeated; doubles each time (BEP 15). */
export const UDP_RETRY_FIRST_MS = 15_000
/** Repeats of a UDP packet are at most this many doublings apart (BEP 15). */
export const UDP_DOUBLINGS_MAX = 8
/** UDP packets sent for nothing before the next tracker gets its turn, where there is one. */
export const UDP_ATTEMPTS_WITH_OTHERS = 2
/** Milliseconds that a UDP connection id serves us (BEP 15). */
export const CONNECTION_ID_MS = 60_000
/** Milliseconds that a UDP socket stays open with nothing to do. */
export const UDP_IDLE_MS = 30_000
/** Announces under way at once from one process: more would exhaust descriptors when many torrents start. */
export const ANNOUNCES_AT_ONCE_MAX = 50
/** Milliseconds that a goodbye may take when we stop. */
export const STOP_MS = 5000
/** Trackers of one torrent that are used; torrents with thousands of them exist. */
export const TRACKERS_MAX = 100
