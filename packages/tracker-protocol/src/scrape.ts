// Counts of swarms without joining them, as values (BEP 15, 48, 21), and where a tracker answers for them.

import type { InfoHash } from '@bt/primitives'

export interface ScrapeCounts {
  /** Seeds. */
  readonly complete: number
  /** Leeches. */
  readonly incomplete: number
  /** How often a download was completed, as far as the tracker remembers. */
  readonly downloaded: number
  /** Leeches that are not partial seeds (BEP 21). */
  readonly downloaders?: number
}

export interface ScrapeResponse {
  readonly files: ReadonlyMap<InfoHash, ScrapeCounts>
  readonly failure?: string
  /** BEP 48 `flags`: seconds that the tracker wants between scrapes. */
  readonly minRequestIntervalSeconds?: number
}

/**
 * Where to scrape, from where to announce: `announce` at the start of the last path segment becomes `scrape`
 * (the convention that BEP 48 grew from); undefined where there is none. UDP trackers scrape where they announce.
 */
export function scrapeUrl(announce: string): string | undefined {
  if (/^udp:/i.test(announce)) return announce
  const match = /^(https?:\/\/[^?#]*\/)announce([^/?#]*)(\?[^#]*)?(#.*)?$/i.exec(announce)
  if (match === null || !announce.startsWith(`${match[1]}announce`)) return undefined
  return `${match[1]}scrape${match[2]}${match[3] ?? ''}`
}
