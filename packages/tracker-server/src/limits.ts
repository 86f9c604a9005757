// What strangers may make a tracker keep and say, each figure with its unit and reason.

/** Swarms held; an announce for one more is refused. Anybody may invent infohashes, each costs some 450 bytes. */
export const SWARMS_MAX = 1_000_000
/** Peers of one swarm; the next one replaces a random one. */
export const PEERS_PER_SWARM_MAX = 1_000_000
/** Peers in an answer where the client names no number. */
export const PEERS_DEFAULT = 50
/** Peers in an answer whatever the client wants: a UDP answer of 1,232 bytes holds 202 of IPv4. */
export const PEERS_MAX = 200
/** Seconds between announces that clients are told. */
export const INTERVAL_SECONDS = 1800
/** Seconds that a client who wants more peers is asked to wait at least. */
export const MIN_INTERVAL_SECONDS = 60
/** A peer is forgotten when it was silent for this many intervals. */
export const EXPIRY_INTERVALS = 2
/** Milliseconds between two sweeps; each looks at a part of the swarms. */
export const SWEEP_MS = 1000
/** Sweeps until every swarm was looked at once. */
export const SWEEPS_PER_ROUND = 60
/** Members that one step of a sweep looks at: a tenth of a millisecond, and one while its code is not compiled yet. */
export const SWEEP_SLOTS_MAX = 16_384
/** Members looked at that one forgotten member counts for, with what hooks do about it. */
export const SWEPT_GONE_SLOTS = 16
/** Milliseconds between two steps of one sweep, in which others are served. */
export const SWEEP_STEP_MS = 5
/** Milliseconds of a step of the connection ids' clock (BEP 15). */
export const CONNECTION_ID_STEP_MS = 60_000
/** Steps back that are still accepted: ids live two minutes, and clients keep them a little longer. */
export const CONNECTION_ID_STEPS_BACK = 2
/** Bad connection ids of one address in a minute before it hears nothing but silence for them. */
export const BAD_IDS_MAX = 10
/** Addresses whose bad ids are counted in a minute; further ones are not told apart. 64 K addresses are some 5 MB. */
export const BAD_ADDRESSES_MAX = 65_536
/** Members looked at when a large swarm gains one, to see whether one address fills it. */
export const CROWD_SAMPLE = 32
/** Members from which on a swarm is looked at that way. */
export const CROWD_FROM = 128
/** Members looked at for each peer wanted, when some of a swarm may not be named to the asker. */
export const LOOKS_PER_PEER_MAX = 8
/** Bytes of an HTTP request's line and headers. */
export const HTTP_HEAD_LENGTH_MAX = 16 * 1024
/** Milliseconds for a whole request: who sends a byte a second is cut off. */
export const HTTP_REQUEST_MS = 10_000
/** Milliseconds that a kept-alive connection may be silent. */
export const HTTP_KEEP_ALIVE_MS = 15_000
/** Requests over one connection. */
export const HTTP_REQUESTS_MAX = 10_000
/** Bytes of answers that a connection may leave unread before it is read no further. */
export const HTTP_UNREAD_MAX = 256 * 1024
/** Bytes of one batch of a feed: some 1,300 records. */
export const FEED_BATCH_LENGTH = 64 * 1024
/** Bytes of one record: a peer and what extensions said of it, or a word of theirs: sixteen leaders are about 1,100. */
export const FEED_RECORD_LENGTH_MAX = 1200
/** Milliseconds that a record waits for others at most. */
export const FEED_MS = 200
/** How often in an interval a peer that says nothing new is told of again: well before others forget it. */
export const FEED_PER_INTERVAL = 2
/** Members that one step of a refill tells of, so that nobody waits for it: as many as one part has at most. */
export const REFILL_SLOTS_MAX = 16_384
