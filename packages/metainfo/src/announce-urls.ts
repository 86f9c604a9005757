// Trackers (BEP 3, 12), web seeds (BEP 19) and DHT nodes (BEP 5) of a torrent or magnet: bad ones are dropped, never an
// error, and there is a bound on all of them. Which addresses may be contacted is decided where they are contacted.

import { textOfBytes, type LazyValue } from '@bt/bencode'
import type { Endpoint } from '@bt/primitives'
import { ENDPOINTS_MAX, TRACKERS_MAX, URL_BYTES_MAX, WEB_SEEDS_MAX } from './metainfo-limits.ts'
import { optional } from './read-field.ts'

const TRACKER_URL = /^(https?|udp):\/\/[^/?#\s]/i
const WEB_SEED_URL = /^https?:\/\/[^/?#\s]/i

/** The tracker's URL, trimmed, its spaces escaped; undefined when it is none we could speak to. */
export function trackerUrl(text: string): string | undefined {
  return cleanUrl(text, TRACKER_URL)
}

/** The web seed's URL; for a folder it ends in a slash, behind which the path goes (BEP 19). */
export function webSeedUrl(text: string, isFolder: boolean): string | undefined {
  const url = cleanUrl(text, WEB_SEED_URL)
  return url === undefined || !isFolder || url.endsWith('/') ? url : `${url}/`
}

/** Tiers of `announce-list`, in order; of `announce` alone where the list names no tracker. Each tracker once. */
export function readTiers(root: LazyValue): readonly (readonly string[])[] {
  const tiers: string[][] = []
  const seen = new Set<string>()
  for (const tier of itemsOf(optional(root, 'announce-list', 'list'))) {
    const urls: string[] = []
    for (const item of tier.type === 'list' ? tier.items() : [tier]) addTracker(urls, item, seen)
    if (urls.length > 0) tiers.push(urls)
    if (seen.size >= TRACKERS_MAX) break
  }
  if (tiers.length > 0) return tiers
  const urls: string[] = []
  addTracker(urls, root.get('announce'), seen)
  return urls.length > 0 ? [urls] : []
}

/** `url-list`, which is a string or a list of them; each once. */
export function readWebSeeds(root: LazyValue, isFolder: boolean): readonly string[] {
  const value = root.get('url-list')
  const urls = new Set<string>()
  for (const item of value?.type === 'string' ? [value] : itemsOf(value)) {
    if (urls.size >= WEB_SEEDS_MAX) break
    const text = textOf(item)
    const url = text === undefined ? undefined : webSeedUrl(text, isFolder)
    if (url !== undefined) urls.add(url)
  }
  return [...urls]
}

/** `nodes`: pairs of a host and a port. */
export function readNodes(root: LazyValue): readonly Endpoint[] {
  const nodes: Endpoint[] = []
  for (const pair of itemsOf(root.get('nodes'))) {
    if (nodes.length >= ENDPOINTS_MAX) break
    const [host, port, ...rest] = [...itemsOf(pair)]
    if (host === undefined || port?.type !== 'integer' || rest.length > 0) continue
    const name = textOf(host)
    const number = port.value()
    if (name === undefined || !HOST.test(name) || typeof number !== 'number') continue
    if (number >= 1 && number <= 65_535) nodes.push({ host: name, port: number })
  }
  return nodes
}

/** An address or a DNS name, as far as one can see. */
const HOST = /^[\w.:%-]{1,255}$/

function addTracker(urls: string[], item: LazyValue | undefined, seen: Set<string>): void {
  const text = item === undefined || seen.size >= TRACKERS_MAX ? undefined : textOf(item)
  const url = text === undefined ? undefined : trackerUrl(text)
  if (url === undefined || seen.has(url)) return
  seen.add(url)
  urls.push(url)
}

function itemsOf(value: LazyValue | undefined): Iterable<LazyValue> {
  return value?.type === 'list' ? value.items() : []
}

function textOf(value: LazyValue): string | undefined {
  if (value.type !== 'string') return undefined
  const bytes = value.bytes()
  return bytes.length > URL_BYTES_MAX ? undefined : textOfBytes(bytes)
}

function cleanUrl(text: string, form: RegExp): string | undefined {
  const url = text.trim().replaceAll(' ', '%20')
  if (url.length > URL_BYTES_MAX || !form.test(url) || hasControl(url)) return undefined
  try {
    return new URL(url).port === '0' ? undefined : url
  } catch {
    return undefined
  }
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true
  }
  return false
}
