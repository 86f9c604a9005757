// @bt/wire: the peer protocol as codecs and as sans-IO machines.

export { WireError } from './errors.ts'
export type { Blame, WireErrorCode } from './errors.ts'
export type { Handshake, HandshakeHead, Identity } from './handshake.ts'
export { MESSAGE_ID } from './message.ts'
export type { HashRange, Message } from './message.ts'
export { PeerConnection } from './peer-connection.ts'
export type { ByteOutput } from './peer-connection.ts'
export type { PeerEvent } from './peer-event.ts'
export { PeerSession } from './peer-session.ts'
export type {
  Admission,
  MessageOutput,
  PeerSessionOptions,
  PendingRequest,
} from './peer-session.ts'
export type { ConnectionLimits } from './wire-limits.ts'
