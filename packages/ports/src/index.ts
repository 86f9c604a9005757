// @bt/ports: what protocol code asks of the world.

export type { Clock } from './clock.ts'
export type { DatagramBatch, DatagramReceiver, DatagramSocket, Datagrams } from './datagrams.ts'
export type { Alarm, Done } from './done.ts'
export type { Hasher } from './hasher.ts'
export type { Http, HttpRequest, HttpResponse } from './http.ts'
export type { Log } from './log.ts'
export { NetworkError } from './network-error.ts'
export type { NetworkErrorCode } from './network-error.ts'
export type { FoundPeer, PeerOrigin, PeerSink, PeerSource } from './peer-source.ts'
export type { Ports } from './ports.ts'
export type { Random } from './random.ts'
export type { Resolver } from './resolver.ts'
export { StorageError } from './storage.ts'
export type {
  DigestRun,
  DigestWants,
  Keep,
  RunDigests,
  Storage,
  StorageErrorCode,
  StorageFile,
  StorageProvider,
} from './storage.ts'
export type { ByteChannel, ChannelReader, Listener, Transport } from './transport.ts'
