// The opaque name of a site in one torrent (§2.4): what peers compare, and from which nobody learns the name.

import { idBytes, type InfoHash, sha256, type SiteId, toHex } from '@bt/primitives'
import { CacheTorrentError } from './errors.ts'
import { SITE_NAME_LENGTH_MAX, SITE_TOKEN_LENGTH } from './limits.ts'

const PREFIX = new TextEncoder().encode('bt_cache site')

/**
 * The first 8 bytes of SHA-256("bt_cache site" ‖ infohash ‖ name in UTF-8, NFC), in hex.
 *
 * @throws {CacheTorrentError} `BAD_SITE_NAME` for an empty name or one of more than 64 bytes
 */
export function siteToken(infoHash: InfoHash, name: string): SiteId {
  const text = siteNameBytes(name)
  const hash = idBytes(infoHash)
  const whole = new Uint8Array(PREFIX.length + hash.length + text.length)
  whole.set(PREFIX)
  whole.set(hash, PREFIX.length)
  whole.set(text, PREFIX.length + hash.length)
  return toHex(sha256(whole).subarray(0, SITE_TOKEN_LENGTH)) as SiteId
}

/** A token as it came over the wire; undefined when it is not 8 bytes. */
export function parseSiteToken(bytes: Uint8Array): SiteId | undefined {
  return bytes.length === SITE_TOKEN_LENGTH ? (toHex(bytes) as SiteId) : undefined
}

/** The bytes of a name; the caller's. */
export function siteNameBytes(name: string): Uint8Array {
  const bytes = new TextEncoder().encode(name.normalize('NFC'))
  if (bytes.length > 0 && bytes.length <= SITE_NAME_LENGTH_MAX) return bytes
  throw new CacheTorrentError(
    'BAD_SITE_NAME',
    `a site's name has 1 to ${SITE_NAME_LENGTH_MAX} bytes in UTF-8, this one has ${bytes.length}`,
  )
}
