// Which URLs a stranger's torrent may make us call: the rules against server-side request forgery.
//
// A torrent file is a list of URLs that a stranger wants called from inside our network. So: only known schemes, no
// look-alike names, no query that is itself an announce; an address inside our network only under a path that says
// announce; redirects never to a narrower network than the first address, and never from https to http.
// The address that is admitted here is the one that the Http port connects to. (libtorrent's ssrf_mitigation.)

import { type IpClass, ipClass } from '@bt/primitives'
import { URL_LENGTH_MAX } from './limits.ts'

export interface UrlRules {
  /** Host names with letters beyond ASCII, or written as `xn--`. */
  readonly internationalNames?: boolean
}

const SCHEMES = { tracker: /^(https?|udp):$/, webseed: /^https?:$/ } as const
const ANNOUNCE_PARAMETERS = /[?&](info_hash|peer_id|port|uploaded|downloaded|left|event|compact)=/i
const WIDTH: Readonly<Record<IpClass, number>> = {
  global: 3,
  private: 2,
  'link-local': 1,
  loopback: 0,
  never: -1,
}

/** Why this URL is not called at all, in words; undefined when it may be. */
export function urlRefusal(
  url: string,
  kind: 'tracker' | 'webseed',
  rules: UrlRules = {},
): string | undefined {
  if (url.length > URL_LENGTH_MAX) return `has ${url.length} characters, limit ${URL_LENGTH_MAX}`
  const refusal = hopRefusal(url, kind, rules)
  if (refusal !== undefined) return refusal
  const announces = kind === 'tracker' && ANNOUNCE_PARAMETERS.test(url)
  return announces ? 'already carries announce parameters' : undefined
}

/** The part of `urlRefusal` that holds for every hop of a redirect, which may carry our own parameters. */
export function hopRefusal(
  url: string,
  kind: 'tracker' | 'webseed',
  rules: UrlRules = {},
): string | undefined {
  const parsed = parseUrl(url)
  if (parsed === undefined) return 'is not a URL'
  if (!SCHEMES[kind].test(parsed.protocol))
    return `has the scheme ${parsed.protocol} which no ${kind} has`
  if (parsed.hostname === '') return 'names no host'
  if (parsed.protocol === 'udp:' && parsed.port === '') return 'names no port, which udp needs'
  // The raw text: the URL class writes international names as xn--.
  const authority = /^[a-z]+:\/\/([^/?#]*)/i.exec(url)?.[1] ?? ''
  const international = /[^\0-\x7f]/.test(authority)
  if (rules.internationalNames !== true && (international || /(^|\.)xn--/i.test(parsed.hostname)))
    return 'has an international host name, which may look like another one'
  return undefined
}

/**
 * Why this address of a URL's host is not connected to, in words; undefined when it may be.
 *
 * `first` is what the first hop was: its URL, and the class of the address it was connected to.
 */
export function addressRefusal(
  url: string,
  address: string,
  kind: 'tracker' | 'webseed',
  first?: { readonly url: string; readonly from: IpClass },
): string | undefined {
  const parsed = parseUrl(url)
  if (parsed === undefined) return 'is not a URL'
  const own = ipClass(address)
  if (own === 'never') return `resolves to ${address}, which is nobody's address`
  if (first !== undefined) {
    if (/^https:/i.test(first.url) && parsed.protocol === 'http:')
      return 'is a redirect from https to http'
    if (WIDTH[own] < WIDTH[first.from])
      return `is a redirect from a ${first.from} address to a ${own} one`
  }
  if (own === 'global') return undefined
  const announces =
    kind === 'tracker' && (/\/announce[^/]*$/.test(parsed.pathname) || isBareUdp(parsed))
  if (announces) return undefined
  if (own !== 'private')
    return `resolves to the ${own} address ${address} without /announce in its path`
  return parsed.search === ''
    ? undefined
    : `resolves to the private address ${address} and brings a query of its own`
}

/** Of what a name resolved to, only the widest kind of address: a public name must not lead inside as well. */
export function widest(addresses: readonly string[]): readonly string[] {
  const width = Math.max(-1, ...addresses.map((address) => WIDTH[ipClass(address)]))
  return addresses.filter((address) => WIDTH[ipClass(address)] === width)
}

function isBareUdp(url: URL): boolean {
  return (
    url.protocol === 'udp:' && (url.pathname === '' || url.pathname === '/') && url.search === ''
  )
}

function parseUrl(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined
}

/** A URL as it may stand in logs: without path, query and user, where passkeys are. */
export function shownUrl(url: string): string {
  const parsed = parseUrl(url)
  if (parsed === undefined || parsed.host === '') return 'a URL without a host'
  return `${parsed.protocol}//${parsed.host}`
}
