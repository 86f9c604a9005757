// Which addresses lie in which site: a text of CIDR prefixes, one a line, the longest prefix wins (§2.3).
//
// Kept as one map per prefix length, so a look-up is at most 129 steps whatever the size of the table. Reloading
// replaces everything or, where the new text has an error, nothing.

import { parseIp, sha1, toHex } from '@bt/primitives'
import { CacheTorrentError } from './errors.ts'
import { SITE_MAP_LINES_MAX } from './limits.ts'
import { siteNameBytes } from './site-token.ts'

/** The name of the site of an address; undefined: unmapped. */
export type SiteLookup = (host: string) => string | undefined

type Table = Map<number, Map<string, string>>[]

export class SiteMap {
  #tables: Table = [new Map(), new Map()]
  #size = 0
  #digest = ''

  /** @throws {CacheTorrentError} `BAD_SITE_MAP` with the line */
  constructor(text = '') {
    this.reload(text)
  }

  /** Prefixes in it. */
  get size(): number {
    return this.#size
  }

  /** The same for the same text. */
  get digest(): string {
    return this.#digest
  }

  /**
   * Replaces the map. A line is `10.1.0.0/16 name`, or an address alone; `#` begins a comment.
   *
   * @throws {CacheTorrentError} `BAD_SITE_MAP` with the line; the map stays as it was
   */
  reload(text: string): void {
    const tables: Table = [new Map(), new Map()]
    let size = 0
    for (const [at, line] of text.split('\n').entries()) {
      if (at >= SITE_MAP_LINES_MAX) throw refusal(at + 1, `more than ${SITE_MAP_LINES_MAX} lines`)
      const content = line.replace(/#.*$/, '').trim()
      if (content === '') continue
      const match = /^(\S+)\s+(.+)$/.exec(content)
      if (match === null)
        throw refusal(at + 1, 'a line is "PREFIX SITE", as in "10.1.0.0/16 office"')
      const name = (match[2] as string).normalize('NFC')
      checkName(name, at + 1)
      const { bytes, length } = prefixOf(match[1] as string, at + 1)
      const table = tables[bytes.length === 4 ? 0 : 1] as Map<number, Map<string, string>>
      const ofLength = table.get(length) ?? new Map<string, string>()
      table.set(length, ofLength)
      const key = keyOf(bytes, length)
      if (!ofLength.has(key)) size++
      ofLength.set(key, name)
    }
    this.#tables = tables.map(
      (table) => new Map([...table].toSorted(([one], [other]) => other - one)),
    )
    this.#size = size
    this.#digest = toHex(sha1(new TextEncoder().encode(text)))
  }

  /** The site of the longest prefix that the address lies in. IPv4-mapped addresses count as IPv4. */
  siteOf(host: string): string | undefined {
    const bytes = parseIp(host)
    if (bytes === undefined) return undefined
    const plain = unmapped(bytes)
    for (const [length, sites] of this.#tables[plain.length === 4 ? 0 : 1] as Table[number]) {
      const site = sites.get(keyOf(plain, length))
      if (site !== undefined) return site
    }
    return undefined
  }
}

/** The last resort where nobody drew a map: the /24 or /48 that an address lies in is its site. */
export function prefixSite(host: string): string | undefined {
  const bytes = parseIp(host)
  if (bytes === undefined) return undefined
  const plain = unmapped(bytes)
  const length = plain.length === 4 ? 24 : 48
  return `${keyOf(plain, length)}/${length}`
}

function prefixOf(text: string, line: number): { bytes: Uint8Array; length: number } {
  const [address = '', digits, more] = text.split('/')
  const bytes = parseIp(address)
  if (bytes === undefined || more !== undefined) throw refusal(line, `${text} is no prefix`)
  const most = bytes.length * 8
  const length = digits === undefined ? most : /^\d{1,3}$/.test(digits) ? Number(digits) : -1
  if (length < 0 || length > most) throw refusal(line, `${text}: a length is 0 to ${most}`)
  const plain = length < most - 32 ? bytes : unmapped(bytes)
  return { bytes: plain, length: length - (most - plain.length * 8) }
}

function checkName(name: string, line: number): void {
  try {
    siteNameBytes(name)
  } catch (error) {
    throw refusal(line, (error as CacheTorrentError).message)
  }
}

function refusal(line: number, what: string): CacheTorrentError {
  return new CacheTorrentError('BAD_SITE_MAP', `line ${line} of the site map: ${what}`, { line })
}

/** The first `length` bits, as hex; equal prefixes have equal keys. */
function keyOf(bytes: Uint8Array, length: number): string {
  let key = ''
  for (let at = 0; at * 8 < length; at++) {
    const bits = Math.min(8, length - at * 8)
    const byte = (bytes[at] as number) & (0xff << (8 - bits))
    key += (byte & 0xff).toString(16).padStart(2, '0')
  }
  return key
}

function unmapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16) return bytes
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return bytes
  return bytes[10] === 255 && bytes[11] === 255 ? bytes.subarray(12) : bytes
}
