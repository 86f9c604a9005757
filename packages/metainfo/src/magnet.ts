// Magnet links both ways (BEP 9, 53; v2 hashes of BEP 52).
//
// Parameters that are not ours, empty or broken are passed over, except a hash: a magnet whose hash is broken names
// nothing. Everything in it is a stranger's word: `name` is for showing only, never a path; addresses are checked
// where they are dialled.

import {
  type Endpoint,
  type InfoHash,
  type InfoHashV2,
  endpointText,
  parseEndpoint,
} from '@bt/primitives'
import { trackerUrl, webSeedUrl } from './announce-urls.ts'
import { MetainfoError } from './errors.ts'
import { bareHash, percentDecode, percentEncode, readTopic } from './magnet-text.ts'
import type { Metainfo } from './metainfo.ts'
import {
  ENDPOINTS_MAX,
  MAGNET_LENGTH_MAX,
  SELECT_MAX,
  TRACKERS_MAX,
  WEB_SEEDS_MAX,
} from './metainfo-limits.ts'

export interface Magnet {
  readonly infoHashV1?: InfoHash
  readonly infoHashV2?: InfoHashV2
  /** `dn`: for showing, unescaped and of any characters; the first one counts. */
  readonly name?: string
  readonly trackers: readonly string[]
  /** `x.pe`: hosts may be names. */
  readonly peers: readonly Endpoint[]
  /** `so`: numbers of the files wanted, rising (BEP 53). */
  readonly select?: readonly number[]
  /** `ws` and `as`; without the slash that a folder's would need. */
  readonly webSeeds: readonly string[]
  /** `dht`: where to enter the DHT. */
  readonly dhtNodes: readonly Endpoint[]
}

/**
 * Also takes a bare v1 hash (40 hex or 32 base32 digits), as people paste it.
 * @throws {MetainfoError} `BAD_MAGNET` when it is no magnet or names no torrent
 */
export function parseMagnet(uri: string): Magnet {
  if (uri.length > MAGNET_LENGTH_MAX) {
    throw bad('', `the link has ${uri.length} characters, limit ${MAGNET_LENGTH_MAX}`)
  }
  const text = uri.trim()
  const bare = bareHash(text)
  if (bare !== undefined) {
    return { infoHashV1: bare, trackers: [], peers: [], webSeeds: [], dhtNodes: [] }
  }
  const scheme = /^magnet:\/*\?/i.exec(text)
  if (scheme === null) throw bad('', 'the text does not begin with "magnet:?"')
  const found = new Found()
  for (const parameter of text.slice(scheme[0].length).split('&')) {
    const equals = parameter.indexOf('=')
    if (equals < 1) continue
    const key = parameter
      .slice(0, equals)
      .toLowerCase()
      .replace(/\.\d+$/, '')
    found.take(key, parameter.slice(equals + 1))
  }
  return found.magnet()
}

/** The link; `parseMagnet` gives back what it was made of. */
export function formatMagnet(magnet: Partial<Magnet>): string {
  const parts: string[] = []
  if (magnet.infoHashV1 !== undefined) parts.push(`xt=urn:btih:${magnet.infoHashV1}`)
  if (magnet.infoHashV2 !== undefined) parts.push(`xt=urn:btmh:1220${magnet.infoHashV2}`)
  if (parts.length === 0) throw bad('xt', 'is missing: a magnet needs an infohash')
  if (magnet.name !== undefined) parts.push(`dn=${percentEncode(magnet.name)}`)
  for (const url of magnet.trackers ?? []) parts.push(`tr=${percentEncode(url)}`)
  for (const url of magnet.webSeeds ?? []) parts.push(`ws=${percentEncode(url)}`)
  for (const peer of magnet.peers ?? []) parts.push(`x.pe=${endpointText(peer)}`)
  for (const node of magnet.dhtNodes ?? []) parts.push(`dht=${endpointText(node)}`)
  if (magnet.select !== undefined) parts.push(`so=${formatSelect(magnet.select)}`)
  return `magnet:?${parts.join('&')}`
}

/** The magnet of a torrent: both its hashes, its name, trackers and web seeds. */
export function magnetOf(metainfo: Metainfo): Magnet {
  const { infoHashV1, infoHashV2, name, webSeeds, announceTiers } = metainfo
  return {
    ...(infoHashV1 !== undefined && { infoHashV1 }),
    ...(infoHashV2 !== undefined && { infoHashV2 }),
    name,
    trackers: announceTiers.flat(),
    peers: [],
    webSeeds,
    dhtNodes: metainfo.dhtNodes,
  }
}

/** What was read so far. */
class Found {
  #infoHashV1: InfoHash | undefined
  #infoHashV2: InfoHashV2 | undefined
  #name: string | undefined
  readonly #select = new Set<number>()
  readonly #trackers = new Set<string>()
  readonly #webSeeds = new Set<string>()
  readonly #peers: Endpoint[] = []
  readonly #dhtNodes: Endpoint[] = []
  #hasSelect = false
  #selectSteps = 0

  take(key: string, raw: string): void {
    if (key === 'xt') this.#takeTopic(percentDecode(raw))
    else if (key === 'dn') this.#name ??= percentDecode(raw.replaceAll('+', ' ')) || undefined
    else if (key === 'tr') addUrl(this.#trackers, trackerUrl(percentDecode(raw)), TRACKERS_MAX)
    else if (key === 'ws' || key === 'as') {
      addUrl(this.#webSeeds, webSeedUrl(percentDecode(raw), false), WEB_SEEDS_MAX)
    } else if (key === 'x.pe') addEndpoint(this.#peers, percentDecode(raw))
    else if (key === 'dht') addEndpoint(this.#dhtNodes, percentDecode(raw))
    else if (key === 'so') this.#takeSelect(percentDecode(raw))
  }

  magnet(): Magnet {
    if (this.#infoHashV1 === undefined && this.#infoHashV2 === undefined) {
      throw bad('xt', 'names no torrent: neither urn:btih nor urn:btmh')
    }
    return {
      ...(this.#infoHashV1 !== undefined && { infoHashV1: this.#infoHashV1 }),
      ...(this.#infoHashV2 !== undefined && { infoHashV2: this.#infoHashV2 }),
      ...(this.#name !== undefined && { name: this.#name }),
      trackers: [...this.#trackers],
      peers: this.#peers,
      ...(this.#hasSelect && { select: [...this.#select].toSorted((one, other) => one - other) }),
      webSeeds: [...this.#webSeeds],
      dhtNodes: this.#dhtNodes,
    }
  }

  /** The first of each version counts. */
  #takeTopic(text: string): void {
    const topic = readTopic(text)
    if (topic === 'foreign') return
    if (topic === 'broken') throw bad('xt', `is ${JSON.stringify(text.slice(0, 100))}, no infohash`)
    this.#infoHashV1 ??= topic.infoHashV1
    this.#infoHashV2 ??= topic.infoHashV2
  }

  /** Numbers and ranges, both ends included; broken ones are passed over. */
  #takeSelect(text: string): void {
    for (const part of text.split(',')) {
      const range = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part)
      if (range === null) continue
      const first = Number(range[1])
      const final = Number(range[2] ?? range[1])
      if (final >= first) this.#hasSelect = true
      for (let file = first; file <= final && this.#selectSteps < SELECT_MAX; file++) {
        this.#select.add(file)
        this.#selectSteps++
      }
    }
  }
}

function addUrl(urls: Set<string>, url: string | undefined, max: number): void {
  if (url !== undefined && urls.size < max) urls.add(url)
}

function addEndpoint(endpoints: Endpoint[], text: string): void {
  const endpoint = parseEndpoint(text)
  if (endpoint === undefined || endpoint.port === 0 || endpoints.length >= ENDPOINTS_MAX) return
  endpoints.push(endpoint)
}

function formatSelect(select: readonly number[]): string {
  const sorted = select.toSorted((one, other) => one - other)
  const ranges: string[] = []
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at] as number
    let final = first
    for (at++; at < sorted.length && (sorted[at] as number) <= final + 1; at++) {
      final = sorted[at] as number
    }
    ranges.push(first === final ? String(first) : `${first}-${final}`)
  }
  return ranges.join(',')
}

function bad(where: string, what: string): MetainfoError {
  return new MetainfoError('BAD_MAGNET', where, what)
}
