// Limits of asking peers for piece layers, each with its unit and reason.

export interface LayerLimits {
  /** Hashes asked for at a time; a power of two. */
  readonly hashesPerRequest: number
  /** Spans asked of one peer at a time. */
  readonly requestsPerPeerMax: number
  /** A request without an answer is asked of somebody else after so long, in ms. */
  readonly answerMs: number
  /** A peer that rejected or did not answer is left alone for so long, in ms. */
  readonly pauseMs: number
}

export const LAYER_LIMITS: LayerLimits = {
  hashesPerRequest: 512, // what BEP 52 advises: 16 KiB of hashes, as a block
  requestsPerPeerMax: 4,
  answerMs: 10_000,
  pauseMs: 30_000,
}
