// CacheTorrent in the tracker: a map of sites from a file that is read again, and the elections that go by it.

import { watchFile, unwatchFile } from 'node:fs'
import { type DialBack, type Election, electionHook, prefixSite, SiteMap } from '@bt/cachetorrent'
import type { Clock, Random } from '@bt/ports'
import type { Config } from './config.ts'
import { UsageError } from './usage-error.ts'

/** Milliseconds between two looks at the file: an edit is seen soon, and a look costs nothing. */
const LOOK_MS = 2000

export interface Sites {
  readonly election: Election
  /** Prefixes in the map. */
  readonly prefixes: () => number
  /** Reads the file again; where it is wrong the old map stays, and `failed` hears why. */
  reload(): void
  close(): void
}

export interface SitesParts {
  readonly read: (file: string) => string
  readonly ports: { readonly clock: Clock; readonly random: Random }
  /** Undefined: nobody is dialled. */
  readonly dialBack: DialBack | undefined
  /** A new map holds. */
  readonly loaded: (prefixes: number) => void
  readonly failed: (error: Error) => void
  /** Another tracker of the same swarms goes by another map. */
  readonly differs: () => void
}

/** @throws {UsageError} when the file cannot be read or says nothing that we understand */
export function openSites(config: NonNullable<Config['sites']>, parts: SitesParts): Sites {
  const { file, leaderPercent, trustLabels } = config
  const { clock, random } = parts.ports
  const map = new SiteMap()
  const load = (): void => {
    try {
      map.reload(parts.read(file))
    } catch (error) {
      throw new UsageError(`the site map ${file} cannot be used: ${(error as Error).message}`)
    }
  }
  load()
  const reload = (): void => {
    try {
      load()
      parts.loaded(map.size)
    } catch (error) {
      parts.failed(error as Error)
    }
  }
  watchFile(file, { interval: LOOK_MS, persistent: false }, (now, before) => {
    if (now.mtimeMs !== before.mtimeMs) reload()
  })
  return {
    election: electionHook({
      siteOf: (host) => map.siteOf(host),
      // Neighbours in a /24 or /48 are taken for a site: coarse beats nothing.
      otherwise: prefixSite,
      trustLabels,
      map: { digest: () => map.digest, differs: parts.differs },
      clock,
      random,
      ...(leaderPercent === undefined ? {} : { leaderPercent }),
      ...(parts.dialBack === undefined ? {} : { dialBack: parts.dialBack }),
    }),
    prefixes: () => map.size,
    reload,
    close: () => unwatchFile(file),
  }
}
