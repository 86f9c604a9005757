// Every limit a stranger can push against, with its unit and its reason.

/** Limits of one connection. Lengths are bytes, names that end in Ms are milliseconds. */
export interface ConnectionLimits {
  /** Longest message of a kind that has no narrower limit; checked on the four length bytes. */
  readonly messageLengthMax: number
  /** Longest block: what a request may ask for and a piece message carry; a block of the torrent's geometry always may. */
  readonly requestLengthMax: number
  /** Requests the peer may have open with us: say so as our `reqq`. Beyond it: rejected (fast) or dropped. */
  readonly requestsFromPeerMax: number
  /** Piece indices below this are believed before the metadata is here. */
  readonly piecesBeforeGeometryMax: number
  /** From the connection's start to the peer's whole handshake; absolute, so that dripping bytes does not help. */
  readonly handshakeMs: number
  /** Silence of the peer after which it is given up. */
  readonly idleMs: number
  /** Silence of ours after which a keep-alive is sent. */
  readonly keepAliveMs: number
}

/** What holds where an option is left out. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  // The bitfield of 2^21 pieces, the longest message anyone has reason to send, and one byte of id.
  messageLengthMax: 262_145,
  // BEP 3 speaks of 16 KiB; clients in the field ask for up to 128 KiB.
  requestLengthMax: 131_072,
  // What libtorrent and Transmission allow; at 16 KiB each it fills 300 ms of 100 MiB/s.
  requestsFromPeerMax: 2_000,
  // libtorrent's limit of pieces in a torrent; 256 KiB of memory at most.
  piecesBeforeGeometryMax: 2_097_152,
  // Real handshakes take two round trips; 10–20 s is what other clients allow.
  handshakeMs: 15_000,
  // BEP 3 has keep-alives every 120 s (aria2 sends them exactly then): that, and 30 s for a bad line.
  idleMs: 150_000,
  // Below the 120 s after which libtorrent gives a peer up.
  keepAliveMs: 100_000,
}

const completed = new WeakMap<object, ConnectionLimits>()

/** With what holds where an option is left out: one object for all connections that are given the same one. */
export function limitsOf(given: Partial<ConnectionLimits> | undefined): ConnectionLimits {
  if (given === undefined) return CONNECTION_LIMITS
  const known = completed.get(given)
  if (known !== undefined) return known
  const limits = { ...CONNECTION_LIMITS, ...given }
  completed.set(given, limits)
  return limits
}

/** Requests to a peer that did not say its `reqq`: what libtorrent documents as its default. */
export const REQUESTS_UNSAID = 250

/** The most a peer's `reqq` is believed: 256 MiB of 16 KiB blocks, 10 GiB/s at 25 ms. */
export const REQUESTS_OPEN_MAX = 16_384

/**
 * Milliseconds that a request is still waited for when a later one was answered first. Peers answer in order, or nearly:
 * Transmission drops a request now and then without a word, and a whole download would wait a minute for one block.
 */
export const REQUEST_SKIPPED_MS = 5_000

/** Requests given up (cancelled, expired, choked away) whose late answers are still known as ours. */
export const REQUESTS_GIVEN_UP_MAX = 4_096

/** Pieces a peer may call allowed-fast; BEP 6 has 10, more is ignored. */
export const ALLOWED_FAST_MAX = 128

/** Names in a peer's extension table; more is ignored. Clients have about ten. */
export const EXTENSIONS_MAX = 256

/** Messages of no use that a peer may send in one go: refused requests of a whole book after a choke, twice over. */
export const USELESS_BURST_MAX = 4_096

/** How many useless messages a second are forgiven after that. */
export const USELESS_PER_SECOND = 64

/** A block nobody asked for weighs as much as this many small messages: 256 of them, 4 MiB, in one go. */
export const UNASKED_BLOCK_WEIGHT = 16

/** Hashes in one hash request (BEP 52 advises 512 at most; libtorrent asks for and answers up to 8192). */
export const HASHES_MAX = 8_192

/** Layers of a merkle tree: 2^48 bytes in blocks of 2^14 make 34 of them. */
export const HASH_LAYERS_MAX = 40

/** A metadata piece of BEP 9, in bytes; only the last is shorter. */
export const METADATA_PIECE_LENGTH = 16_384

/** Longest info dictionary worth asking for: torrents of 10^5 files have some 20 MiB (libtorrent: 30 MiB). */
export const METADATA_LENGTH_MAX = 32 * 1024 * 1024

/** Peers taken from one PEX message in each direction (added, dropped); BEP 11 has 50, the first may be longer. */
export const PEX_PEERS_MAX = 100

/** Characters of a client's name that are kept; the longest in use have about 40. */
export const CLIENT_NAME_MAX = 64

/** A carry buffer longer than this is given back after the message that needed it: 64 KiB of blocks with their head stay. */
export const CARRY_KEPT_MAX = 65_549
