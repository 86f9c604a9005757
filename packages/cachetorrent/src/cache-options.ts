// What a member of a site is given by its user.

import type { InfoHash } from '@bt/primitives'
import type { Trust } from './rotation.ts'
import type { SiteLookup } from './site-map.ts'

export interface CacheOptions {
  /** Of the torrent: the one that is announced. */
  readonly infoHash: InfoHash
  /** The site we are in, by name; the tracker's word is final. */
  readonly site?: string
  /** Finds stock clients of our own site, and peers that lie about theirs; needs `site`. */
  readonly siteOf?: SiteLookup
  /** Bytes per second, declared for elections; absent: not said. */
  readonly uploadBytesPerSecond?: number
  readonly downloadBytesPerSecond?: number
  /**
   * Copies of each piece that may cross into our site, on average: at least 1. 'auto', the default: one, unless the site's
   * uplinks need more than 1.15 times as long as the swarm to spread it.
   */
  readonly crossBudget?: number | 'auto'
  /**
   * 'site', the default: members of a site serve one another by turns, as in a data centre. 'strangers': three of the slots
   * go to those who give most.
   */
  readonly trust?: Trust
  /** We take part, and never lead: not by election, and not by rank where no tracker elects. */
  readonly neverLeads?: boolean
}
