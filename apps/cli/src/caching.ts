// CacheTorrent in a transfer: finds the site, makes the policy, and says what becomes of it.
//
// On by default where it can matter: a tracker may speak it, or the user named a site. Where neither is so there is
// no policy, and a tracker that does not speak it ends it with its first answer.

import { CachePolicy, type CacheStatus, siteToken } from '@bt/cachetorrent'
import type { InfoHash } from '@bt/primitives'
import { LEAVE_MS } from '@bt/swarm'
import { EXIT, Failure } from './failure.ts'
import { findSite, type FoundSite } from './find-site.ts'
import type { Facts, Output } from './output.ts'
import { formatBytes, formatRate } from './quantities.ts'
import { openSiteTable, type SiteTable } from './site-table.ts'

export interface CacheFlags {
  readonly cache: 'on' | 'off'
  readonly site?: string
  readonly siteMap?: string
  readonly up?: number
  readonly down?: number
  readonly limitUp?: number
  readonly limitDown?: number
  readonly host?: string
  readonly crossBudget: number | 'auto'
  readonly lead: boolean
  readonly trust: 'site' | 'strangers'
}

/** One torrent's cache, for the engine and for people. */
export interface Caching {
  readonly policy: CachePolicy
  /** Says what is new since the last call. */
  look(): void
  /** For the live display and progress events; undefined: plain BitTorrent. */
  readonly shown: CacheFacts | undefined
  /** What crossed from other sites, and why. `length`: bytes of the content. */
  sayCrossed(length: number): void
  /** We are about to leave, and the site may still need something of us. */
  sayLeaving(): void
  close(): void
}

export interface CacheFacts {
  readonly mode: CacheStatus['mode']
  readonly role: CacheStatus['role']
  readonly term: number
  readonly crossedBytes: number
}

/**
 * Undefined: plain BitTorrent, because it was asked for, or nobody could speak anything else.
 *
 * @throws {Failure} of wrong usage: a bad name or map
 */
export async function startCaching(
  flags: CacheFlags,
  infoHash: InfoHash,
  hasTracker: boolean,
  output: Output,
): Promise<Caching | undefined> {
  if (flags.cache === 'off') return undefined
  const table =
    flags.siteMap === undefined
      ? undefined
      : await openSiteTable(flags.siteMap, {
          reloaded: (text) => output.event('site-map', { file: flags.siteMap }, text),
          failed: (error) => output.warn(`${error.message}; the old one stays`),
        })
  try {
    const environment = process.env['BT_SITE']
    const found = findSite({ flag: flags.site, environment, table, host: flags.host })
    if (found === undefined && !hasTracker) {
      table?.close()
      return undefined
    }
    const up = flags.up ?? flags.limitUp
    const down = flags.down ?? flags.limitDown
    const policy = new CachePolicy({
      infoHash,
      ...(found === undefined ? {} : { site: found.name }),
      ...(table === undefined ? {} : { siteOf: table.siteOf }),
      ...(up === undefined ? {} : { uploadBytesPerSecond: up }),
      ...(down === undefined ? {} : { downloadBytesPerSecond: down }),
      crossBudget: flags.crossBudget,
      neverLeads: !flags.lead,
      trust: flags.trust,
    })
    if (found !== undefined) saySite(found, up, down, output)
    return new Watched(policy, infoHash, found, table, output)
  } catch (error) {
    table?.close()
    if ((error as { code?: string }).code !== 'BAD_SITE_NAME') throw error
    throw new Failure(EXIT.usage, 'BAD_SITE_NAME', (error as Error).message, {}, error)
  }
}

class Watched implements Caching {
  readonly policy: CachePolicy
  readonly #found: FoundSite | undefined
  readonly #token: string | undefined
  readonly #table: SiteTable | undefined
  readonly #output: Output
  #said = 'waiting'
  #saidDelay = false

  constructor(
    policy: CachePolicy,
    infoHash: InfoHash,
    found: FoundSite | undefined,
    table: SiteTable | undefined,
    output: Output,
  ) {
    this.policy = policy
    this.#found = found
    this.#token = found === undefined ? undefined : siteToken(infoHash, found.name)
    this.#table = table
    this.#output = output
  }

  get shown(): CacheFacts | undefined {
    const { mode, role, term, crossedBytes } = this.policy.status
    return mode === 'cached' ? { mode, role, term, crossedBytes } : undefined
  }

  look(): void {
    const { mode, role, term, site, mayImport, crossBudget, onceDelaySeconds } = this.policy.status
    if (mode === 'cached') this.#sayDelay(crossBudget, onceDelaySeconds ?? 0)
    const said = mode === 'cached' ? `${role} ${term} ${site} ${mayImport}` : mode
    if (said === this.#said || mode === 'waiting') return
    this.#said = said
    const siteName = this.#nameOf(site) ?? null
    const facts = { mode, role, term, site: site ?? null, siteName, mayImport }
    this.#output.event('cache', facts, this.#text(this.policy.status))
  }

  sayCrossed(length: number): void {
    const { crossed, crossedBytes, mode, site } = this.policy.status
    const reasons = Object.fromEntries([...crossed].filter(([, bytes]) => bytes > 0))
    const ratio = length === 0 ? 0 : crossedBytes / length
    const facts: Facts = { mode, crossedBytes, ratio: Math.round(ratio * 1e4) / 1e4, reasons }
    // who is alone in its site is plain, and all that it got has crossed
    if (mode !== 'cached' && site === undefined) return
    const why = Object.entries(reasons)
      .map(([reason, bytes]) => `${reason} ${formatBytes(bytes)}`)
      .join(', ')
    const text = `from other sites through this peer: ${formatBytes(crossedBytes)}, ${ratio.toFixed(2)} × the content${why === '' ? '' : ` (${why})`}`
    this.#output.event('crossed', facts, text)
  }

  sayLeaving(): void {
    const { onlyOurs: pieces } = this.policy
    if (pieces === 0) return
    const seconds = LEAVE_MS / 1000
    const what = pieces === 1 ? 'a piece is' : `${pieces} pieces are`
    const text = `${what} nowhere else in this site: staying up to ${seconds} s to hand it over`
    this.#output.event('leaving', { pieces, seconds }, text)
  }

  close(): void {
    this.#table?.close()
  }

  /** Once: what importing each piece once costs a site whose uplinks are poor. */
  #sayDelay(copies: number, seconds: number): void {
    if (this.#saidDelay || seconds < 1) return
    this.#saidDelay = true
    const facts = { copies: Math.round(copies * 100) / 100, delaySeconds: Math.round(seconds) }
    const many = `up to ${copies.toFixed(1)} copies of a piece may come in (--cross-budget 1: one)`
    const what = copies > 1 ? many : 'each piece comes in once all the same'
    const text = `the uplinks of this site need about ${Math.round(seconds)} s more than the swarm to spread one copy: ${what}`
    this.#output.event('cross-budget', facts, text)
  }

  #text(status: CacheStatus): string {
    const { mode, role, term, site, mayImport, localPeers, outsidePeers } = status
    if (mode === 'plain') return 'no leaders are known for this site: plain BitTorrent'
    const name = this.#nameOf(site)
    const where = name === undefined ? 'a site that the tracker knows' : `site ${name}`
    const when = term === 0 ? 'ranked among peers' : `term ${term}`
    const what = mayImport ? role : `${role}, others import`
    return `${where}: ${what}, ${when}; ${localPeers} peers here, ${outsidePeers} outside`
  }

  #nameOf(site: string | undefined): string | undefined {
    return site !== undefined && site === this.#token ? this.#found?.name : undefined
  }
}

function saySite(
  found: FoundSite,
  up: number | undefined,
  down: number | undefined,
  output: Output,
): void {
  const { name, by, address } = found
  const how = {
    flag: 'by --site',
    environment: 'by BT_SITE',
    map: `by the site map, for ${address}`,
    mmdb: `by the database, for ${address}`,
  }[by]
  const rates = [
    ...(up === undefined ? [] : [`↑ ${formatRate(up)}`]),
    ...(down === undefined ? [] : [`↓ ${formatRate(down)}`]),
  ]
  const declared = rates.length === 0 ? '' : `, declares ${rates.join(' ')}`
  output.event(
    'site',
    { name, by, ...(address === undefined ? {} : { address }) },
    `site ${name} (${how})${declared}`,
  )
}
