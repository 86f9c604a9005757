// Answers what is known already, but later: a callback never runs inside the call that took it.

import type { Hasher } from '@bt/ports'

/** Runs `run` after this call has returned. The only clock a store has is its ports: the digest of nothing is the cheapest. */
export type Later = (run: () => void) => void

const NOTHING = new Uint8Array(0)

export function laterBy(hasher: Hasher): Later {
  return (run) => hasher.digest('sha1', NOTHING, run)
}
