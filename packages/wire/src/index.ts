// @bt/wire: the peer protocol as codecs and as sans-IO machines.

export { ALLOWED_FAST_COUNT, allowedFastSet } from './allowed-fast.ts'
export type { Owed } from './answer-book.ts'
export { clientName, printable } from './client-name.ts'
export { NEXT_PHASE } from './connection-phase.ts'
export type { Cause, Phase } from './connection-phase.ts'
export { describe } from './describe.ts'
export { decodeDontHave, encodeDontHave } from './dont-have.ts'
export { encodeMessage } from './encode-message.ts'
export { WireError } from './errors.ts'
export type { Blame, WireErrorCode } from './errors.ts'
export {
  decodeExtensionHandshake,
  extensionHandshake,
  readExtensionFacts,
} from './extension-handshake.ts'
export type { ExtensionFacts } from './extension-handshake.ts'
export {
  HANDSHAKE_LENGTH,
  HandshakeReader,
  encodeHandshake,
  featuresOf,
  reservedBytes,
} from './handshake.ts'
export type { Features, Handshake, HandshakeHead, Identity } from './handshake.ts'
export { hashCountOf, isHashRange } from './hash-range.ts'
export { MessageDecoder } from './message-decoder.ts'
export type { MessageLengthLimits } from './message-length.ts'
export { MESSAGE_ID, wireLength } from './message.ts'
export type { BlockContent, BlockRange, HashRange, Message } from './message.ts'
export type { MessageOutput } from './outbox.ts'
export { ObjectConnection, objectLength } from './object-connection.ts'
export type { MessageObject, ObjectChannel } from './object-connection.ts'
export { PeerConnection } from './peer-connection.ts'
export type { ByteOutput } from './peer-connection.ts'
export type { PeerEvent } from './peer-event.ts'
export { PeerSession } from './peer-session.ts'
export type { Asked } from './request-book.ts'
export type { RequestOptions } from './say-requests.ts'
export type { Admission, PeerSessionOptions } from './session-options.ts'
export { decodeUploadOnly, encodeUploadOnly } from './upload-only.ts'
export { decodeHolepunch, encodeHolepunch } from './ut-holepunch.ts'
export type { HolepunchMessage } from './ut-holepunch.ts'
export {
  decodeMetadataMessage,
  encodeMetadataMessage,
  metadataPieceLength,
} from './ut-metadata.ts'
export type { MetadataMessage } from './ut-metadata.ts'
export { decodePex, encodePex } from './ut-pex.ts'
export type { PexMessage, PexPeer } from './ut-pex.ts'
export {
  CONNECTION_LIMITS,
  HASHES_MAX,
  METADATA_LENGTH_MAX,
  METADATA_PIECE_LENGTH,
  PEX_PEERS_MAX,
  REQUESTS_OPEN_MAX,
  REQUESTS_UNSAID,
} from './wire-limits.ts'
export type { ConnectionLimits } from './wire-limits.ts'
