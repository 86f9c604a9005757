// How much a stranger may make a decoder do, per place that a document comes from.
//
// A document is refused at the first byte that breaks a limit, before anything is allocated for it.

/** Limits of one decoding; what is left out is taken from `TORRENT_LIMITS`, the widest. */
export interface DecodeLimits {
  /** Lists and dictionaries inside one another; a bare integer has depth 0, `le` has depth 1. */
  readonly depthMax?: number
  /** Values in the document, containers included, keys not. */
  readonly valuesMax?: number
  /** Decimal digits of an integer, its sign not counted. */
  readonly digitsMax?: number
  /** Bytes of the whole input. */
  readonly lengthMax?: number
}

/** Any signed 64-bit integer has at most 19 digits; no field of any BEP needs more. */
const DIGITS_MAX = 19

/** Torrent files: 100 levels hold any real file tree; 2 million values are a torrent of 250,000 files. */
export const TORRENT_LIMITS: Required<DecodeLimits> = {
  depthMax: 100,
  valuesMax: 2_000_000,
  digitsMax: DIGITS_MAX,
  lengthMax: 256 * 1024 * 1024,
}

/** Tracker answers: dictionaries of peers are five values each; 20,000 peers are more than any tracker sends. */
export const TRACKER_LIMITS: Required<DecodeLimits> = {
  depthMax: 8,
  valuesMax: 100_000,
  digitsMax: DIGITS_MAX,
  lengthMax: 4 * 1024 * 1024,
}

/** Extension messages between peers (BEP 10): small dictionaries, followed by at most some raw bytes (BEP 9). */
export const EXTENDED_LIMITS: Required<DecodeLimits> = {
  depthMax: 8,
  valuesMax: 1_000,
  digitsMax: DIGITS_MAX,
  lengthMax: 1024 * 1024,
}

/** DHT messages (BEP 5, 44): one datagram. */
export const KRPC_LIMITS: Required<DecodeLimits> = {
  depthMax: 8,
  valuesMax: 500,
  digitsMax: DIGITS_MAX,
  lengthMax: 65_535,
}

/** Digits of a string's length: 10^15 is more than any memory and still an exact number. */
export const LENGTH_DIGITS_MAX = 15

/** Levels that the encoder goes down before it takes the value for one that contains itself. */
export const ENCODE_DEPTH_MAX = 1_000
