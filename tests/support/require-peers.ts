// Tests that need other programs: skipped with a clear word where these are not installed, failed where they must be.
import { describe, test } from 'vitest'
import { openNetwork } from './network.ts'
import type { PeerProgram } from './peers.ts'

const ROOTLESS = 'no network namespace and no address besides loopback'

/** A `describe` that runs only with all these programs and a place where they can reach each other. */
export function describePeers(
  name: string,
  peers: readonly Pick<PeerProgram, 'name' | 'debian' | 'isHere'>[],
  suite: () => void,
): void {
  const missing = peers
    .filter((peer) => !peer.isHere())
    .map(({ name, debian }) =>
      debian === undefined
        ? `${name} is not built (npm run build)`
        : `${name} is not installed (apt-get install ${debian})`,
    )
  const network = openNetwork()
  if ('missing' in network) missing.push(ROOTLESS)
  else void network.close()
  if (missing.length === 0) describe(name, suite)
  else if (process.env['BT_REQUIRE_PEERS'] === '1') {
    test(name, () => {
      throw new Error(missing.join('; '))
    })
  } else test.skip(`${name}: ${missing.join('; ')}`, () => {})
}
