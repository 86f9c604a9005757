// Finding the site that we are in: --site, then BT_SITE, then the site map for an address of ours; else the tracker says.

import { networkInterfaces } from 'node:os'
import type { SiteLookup } from '@bt/cachetorrent'

export interface FoundSite {
  readonly name: string
  readonly by: 'flag' | 'environment' | 'map' | 'mmdb'
  /** The address of ours that the map knows. */
  readonly address?: string
}

export interface SiteHints {
  readonly flag: string | undefined
  readonly environment: string | undefined
  readonly table: { readonly siteOf: SiteLookup; readonly kind: () => 'map' | 'mmdb' } | undefined
  /** Where we listen; undefined: on all addresses. */
  readonly host: string | undefined
}

/** First hit wins. Undefined: nothing here says it, and a tracker may. */
export function findSite(hints: SiteHints): FoundSite | undefined {
  const { flag, environment, table, host } = hints
  if (flag !== undefined) return { name: flag, by: 'flag' }
  if (environment !== undefined && environment !== '')
    return { name: environment, by: 'environment' }
  if (table === undefined) return undefined
  for (const address of host === undefined ? ownAddresses() : [host]) {
    const name = table.siteOf(address)
    if (name !== undefined) return { name, by: table.kind(), address }
  }
  return undefined
}

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal }) => !internal)
    .map(({ address }) => address)
}
