// Limits of metadata exchange, each with its unit and reason.

import { METADATA_LENGTH_MAX } from '@bt/wire'

export interface MetadataLimits {
  /** Bytes of metadata at most; a peer that speaks of more is not asked. */
  readonly lengthMax: number
  /** Bytes kept over all attempts; the attempt with the fewest supporters gives way. */
  readonly bufferedMax: number
  /** Pieces asked of one peer at a time. */
  readonly requestsPerPeerMax: number
  /** A request without an answer is asked of somebody else after so long, in ms. */
  readonly answerMs: number
  /** A peer that rejected or did not answer is left alone for so long, in ms. */
  readonly pauseMs: number
  /** Attempts from one peer alone side by side, after a mixed one had the wrong hash. */
  readonly soloMax: number
  /** How long such an attempt may take while others wait, in ms; doubles with each try of that peer. */
  readonly soloMs: number
}

export const METADATA_LIMITS: MetadataLimits = {
  lengthMax: METADATA_LENGTH_MAX, // 32 MiB: real torrents of 10^5 files have 10 MiB, nobody has 2 GB
  bufferedMax: 2 * METADATA_LENGTH_MAX,
  requestsPerPeerMax: 4, // 64 KiB in flight: some clients refuse more than a few
  answerMs: 10_000,
  pauseMs: 30_000,
  soloMax: 3,
  soloMs: 30_000,
}

export interface MetadataServing {
  /** How often one peer may have each piece at once, and how many milliseconds earn it the whole once more. */
  readonly copiesAtOnce: number
  readonly copyMs: number
  /** Pieces a second for everybody together, and how many may be saved up. */
  readonly piecesPerSecond: number
  readonly piecesAtOnce: number
}

export const METADATA_SERVING: MetadataServing = {
  copiesAtOnce: 2, // one try may fail its hash
  copyMs: 60_000,
  piecesPerSecond: 64, // 1 MiB/s beside the payload
  piecesAtOnce: 512,
}
