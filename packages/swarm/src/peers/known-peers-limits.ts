// Limits of the list of known peers, each with its unit and reason.

export interface KnownPeersLimits {
  /** Endpoints remembered. */
  readonly peersMax: number
  /** Of one address (IPv4, IPv6 /64): a list of one victim's ports is no list of peers. Not for loopback. */
  readonly peersPerAddressMax: number
  /** That one source (a tracker, a peer) may have named and that nobody has connected to yet. */
  readonly peersPerSourceMax: number
  /** Dialled or connected at a time of one address. Not for loopback. */
  readonly connectionsPerAddressMax: number
  /** Back-off after the first failure, in ms; doubles with each. */
  readonly backOffMs: number
  readonly backOffMaxMs: number
  /** Failures in a row after which an endpoint is forgotten, unless the user named it. */
  readonly failuresMax: number
  /** Times one endpoint is dialled; who came to us counts as dialled once. */
  readonly dialsPerPeerMax: number
  /** After a connection that ended in order, and after one that was of no use. */
  readonly reconnectMs: number
  readonly uselessMs: number
  /** After a dial of ours that came when our places were taken. */
  readonly noRoomMs: number
}

export const KNOWN_PEERS_LIMITS: KnownPeersLimits = {
  peersMax: 4_000, // libtorrent's default; some 1 MB
  peersPerAddressMax: 8, // a few clients behind one router
  peersPerSourceMax: 1_000, // five full tracker answers; a flood from one peer fills a quarter
  connectionsPerAddressMax: 3,
  backOffMs: 15_000, // a restart of the other side
  backOffMaxMs: 3_600_000,
  failuresMax: 8, // 15 s … 32 min, an hour in all
  dialsPerPeerMax: Number.POSITIVE_INFINITY,
  reconnectMs: 30_000, // it went for a reason; and a peer that drops us at once is no busy loop
  uselessMs: 300_000,
  noRoomMs: 5_000, // of two connections between the same two one ends, and where it was there is room
}
