// Which address lies in which site, from a file of the user's: CIDR prefixes, or an IP to ASN database (MMDB).
//
// Looked at again every few seconds: a map that changed holds from then on; one that is wrong leaves the old one.

import { readFile, stat } from 'node:fs/promises'
import { type SiteLookup, SiteMap } from '@bt/cachetorrent'
import { EXIT, Failure } from './failure.ts'

/** Milliseconds between two looks at the file. */
const LOOK_MS = 2000
/** Stands before the metadata of every MMDB. */
const MMDB_MARKER = Buffer.from('\u00AB\u00CD\u00EFMaxMind.com', 'latin1')

export interface SiteTable {
  readonly siteOf: SiteLookup
  /** 'map' for prefixes, 'mmdb' for a database. */
  readonly kind: () => 'map' | 'mmdb'
  close(): void
}

export interface SiteTableNews {
  readonly reloaded: (text: string) => void
  readonly failed: (error: Error) => void
}

/** @throws {Failure} of wrong usage when the file cannot be read or understood */
export async function openSiteTable(file: string, news: SiteTableNews): Promise<SiteTable> {
  let read = await load(file)
  let changedAt = await changeOf(file)
  const look = async (): Promise<void> => {
    const now = await changeOf(file)
    if (now === changedAt) return
    changedAt = now
    try {
      read = await load(file)
      news.reloaded(`site map ${file} read again`)
    } catch (error) {
      news.failed(error as Error)
    }
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return {
    siteOf: (host) => read.siteOf(host),
    kind: () => read.kind,
    close: () => clearInterval(timer),
  }
}

interface Loaded {
  readonly siteOf: SiteLookup
  readonly kind: 'map' | 'mmdb'
}

async function load(file: string): Promise<Loaded> {
  try {
    const bytes = await readFile(file)
    if (bytes.includes(MMDB_MARKER)) return { siteOf: await databaseOf(bytes), kind: 'mmdb' }
    const map = new SiteMap(bytes.toString('utf8'))
    return { siteOf: (host) => map.siteOf(host), kind: 'map' }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file' : message
    throw new Failure(
      EXIT.usage,
      'BAD_SITE_MAP',
      `the site map ${file} cannot be used: ${why}`,
      { file },
      error,
    )
  }
}

/** An autonomous system is a site, as `AS64500`; a database that has `site` itself is believed. */
async function databaseOf(bytes: Buffer): Promise<SiteLookup> {
  const { Reader } = await import('mmdb-lib').catch((error: unknown) => {
    throw new Error('this is an MMDB, and the package mmdb-lib that reads it is not installed', {
      cause: error,
    })
  })
  const reader = new Reader<Record<string, unknown>>(bytes)
  return (host) => {
    const record = reader.get(host)
    const site = record?.['site']
    if (typeof site === 'string') return site
    const number = record?.['autonomous_system_number'] ?? record?.['asn']
    if (typeof number === 'number') return `AS${number}`
    return typeof number === 'string' && /^(AS)?\d+$/i.test(number)
      ? `AS${number.replace(/^AS/i, '')}`
      : undefined
  }
}

async function changeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs
  } catch {
    return 0
  }
}
