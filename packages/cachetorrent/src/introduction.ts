// What a peer says of itself in its extension handshake: the key `ct` beside `m` (BEP 10, §2.4).

import type { BencodeValue } from '@bt/bencode'
import { idBytes, type SiteId } from '@bt/primitives'
import type { Role } from './messages.ts'
import { parseSiteToken } from './site-token.ts'

/** The name of the extension in `m`. */
export const EXTENSION_NAME = 'bt_cache'

export interface Introduction {
  readonly role: Role
  readonly site: SiteId | undefined
  readonly term: number
  /** Bytes per second, as declared; 0: not said. */
  readonly upload: number
  readonly download: number
  /** It does not want to be ranked. */
  readonly neverLeads?: true
  /** It may not import: others of its site do. */
  readonly importsNothing?: true
}

const ROLES: readonly Role[] = ['undecided', 'leader', 'follower']

export function encodeIntroduction(said: Introduction): BencodeValue {
  const dict = new Map<string, BencodeValue>([
    ['d', said.download],
    ...(said.importsNothing === true ? ([['i', 0]] as const) : []),
    ...(said.neverLeads === true ? ([['l', 0]] as const) : []),
    ['r', ROLES.indexOf(said.role)],
  ])
  if (said.site !== undefined) dict.set('s', idBytes(said.site))
  dict.set('t', said.term)
  dict.set('u', said.upload)
  dict.set('v', 1)
  return dict
}

/** Whether a peer's handshakes name our extension. */
export function speaksCache(extensions: ReadonlyMap<string, BencodeValue>): boolean {
  const names = extensions.get('m')
  const id =
    names instanceof Map ? (names as ReadonlyMap<string, BencodeValue>).get(EXTENSION_NAME) : 0
  return typeof id === 'number' && id > 0
}

/** Undefined: it says nothing that we understand. What is malformed counts as not said. */
export function introductionIn(
  extensions: ReadonlyMap<string, BencodeValue>,
): Introduction | undefined {
  const value = extensions.get('ct')
  if (!(value instanceof Map) || value.get('v') !== 1) return undefined
  const dict = value as ReadonlyMap<string, BencodeValue>
  const token = dict.get('s')
  return {
    role: ROLES[wholeOf(dict.get('r'))] ?? 'undecided',
    site: token instanceof Uint8Array ? parseSiteToken(token) : undefined,
    term: wholeOf(dict.get('t')),
    upload: wholeOf(dict.get('u')),
    download: wholeOf(dict.get('d')),
    ...(dict.get('l') === 0 ? { neverLeads: true } : {}),
    ...(dict.get('i') === 0 ? { importsNothing: true } : {}),
  }
}

function wholeOf(value: BencodeValue | undefined): number {
  return typeof value === 'number' && value >= 0 ? value : 0
}
