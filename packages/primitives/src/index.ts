// @bt/primitives: byte and number values that every layer speaks of.

export { Bitfield } from './bitfield.ts'
export type { ReadonlyBitfield } from './bitfield.ts'
export type { BlockData } from './block-data.ts'
export type { Brand } from './brand.ts'
export { sha1, sha256 } from './digest.ts'
export {
  endpointText,
  formatIp,
  packEndpoint,
  packMapped,
  parseEndpoint,
  parseIp,
  unpackEndpoint,
} from './endpoint.ts'
export type { Endpoint } from './endpoint.ts'
export { bytesEqual, compareBytes, fromHex, toHex } from './hex.ts'
export {
  idBytes,
  parseInfoHash,
  parseInfoHashV2,
  parsePeerId,
  truncateInfoHash,
} from './ids.ts'
export type { InfoHash, InfoHashV2, PeerId, SiteId } from './ids.ts'
export { InvariantError, invariant } from './invariant.ts'
export { addressKey, ipClass, mayDial } from './ip-class.ts'
export type { IpClass } from './ip-class.ts'
export { Prng, shuffle } from './prng.ts'
