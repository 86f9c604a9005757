// How long and how often trackers are asked, each figure with its reason.

/** Seconds between announces where the tracker says none: what trackers commonly say. */
export const INTERVAL_DEFAULT_SECONDS = 1800
/** Seconds. Whoever asks for more often than this is mistaken or hostile. */
export const INTERVAL_MIN_SECONDS = 60
/** Seconds between two announces at least where a tracker named its own minimum and we want something of it. */
export const OUT_OF_TURN_MIN_SECONDS = 2
/** Seconds. A day: a longer interval is a mistake, and beyond 24.8 days it overflows timers. */
export const INTERVAL_MAX_SECONDS = 86_400
/** Seconds between announces that a wish for more peers brings forward, where the tracker names no minimum. */
export const WANTED_SECONDS = 300
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
/** The same where there is none: the last wait is 32 minutes, within the longest back-off. */
export const UDP_ATTEMPTS_ALONE = 8
/** Milliseconds that the other family of a tracker may still take once one has answered: one repeat over UDP. */
export const FAMILY_GRACE_MS = 20_000
/** Milliseconds after which an announce over UDP gives its place at the gate back: all share one socket. */
export const UDP_PLACE_MS = 1000
/** Port that is announced by who accepts no connections: `discard`, because trackers refuse 0 and answer nobody else. */
export const PORT_OF_NOBODY = 9
/** Characters of a URL that are looked at; longer ones are no tracker's. */
export const URL_LENGTH_MAX = 2048
/** Milliseconds that a UDP connection id serves us (BEP 15). */
export const CONNECTION_ID_MS = 60_000
/** Announces under way at once from one process: more would exhaust descriptors when many torrents start. */
export const ANNOUNCES_AT_ONCE_MAX = 50
/** Milliseconds that a goodbye may take when we stop. */
export const STOP_MS = 5000
/** Trackers of one torrent that are used; torrents with thousands of them exist. */
export const TRACKERS_MAX = 100
