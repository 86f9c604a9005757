// How we introduce ourselves to peers and trackers (BEP 20).

/** Eight bytes that begin every peer id of ours. */
export const PEER_ID_PREFIX = '-CX0001-'

/** Name in extension handshakes (BEP 10). */
export const CLIENT_NAME = 'bt'
