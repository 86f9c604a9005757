// @bt/bencode: strict, bounded, zero-copy bencode (BEP 3).

export { decode, decodeLenient, decodePrefix } from './decode.ts'
export { DictReader } from './dict-reader.ts'
export { encode } from './encode.ts'
export { BencodeError } from './errors.ts'
export type { BencodeErrorCode } from './errors.ts'
export { bytesOfKey, keyOfBytes, keyOfText, textOfBytes, textOfKey } from './key.ts'
export { LazyValue, openDocument, openLenient } from './lazy-value.ts'
export { EXTENDED_LIMITS, KRPC_LIMITS, TORRENT_LIMITS, TRACKER_LIMITS } from './limits.ts'
export type { DecodeLimits } from './limits.ts'
export { rawValue } from './raw-value.ts'
export type { Relaxation, RelaxationCode } from './relaxation.ts'
export type { BencodeDict, BencodeValue, Encodable } from './value.ts'
