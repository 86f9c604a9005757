// The addons that move datagrams (native/batch-udp.c) and small requests over TCP (native/batch-tcp.c) in batches, where
// they were built for this machine.
//
// Never needed: whatever is wrong with one, node:dgram or node:net serves instead. Nothing is downloaded or compiled to
// have them.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** What the addon keeps of an open socket. */
export type NativeSocket = object

/** One direction: bytes, lengths, addresses, slots and bytes of a slot; see DatagramBatch. */
type Side = [Uint8Array, Uint16Array, Uint8Array, number, number]

export interface BatchNative {
  /**
   * `received` is told how many datagrams came and answers how many replies to send.
   * @throws an error whose `code` is an errno name
   */
  open(
    host: string,
    port: number,
    family: 4 | 6,
    isShared: boolean,
    bufferBytes: number,
    ...rest: [...Side, ...Side, (count: number) => number]
  ): NativeSocket
  /** Address and port, with a space between them. */
  local(socket: NativeSocket): string
  send(socket: NativeSocket, bytes: Uint8Array, to: Uint8Array): void
  close(socket: NativeSocket): void
}

/** What the addon keeps of an open listener. */
export type NativeListener = object

export interface ListenerNative {
  /**
   * `limits`: backlog, connections, bytes unsent, milliseconds of lingering, events of a batch. An event is four words:
   * connection, 1 opened or 2 gone, where its bytes begin in `input`, and how many. `received` is told how many came, and
   * answers how many answers it wrote over them: connection, what is next, where in `output`, how many bytes.
   * @throws an error whose `code` is an errno name
   */
  open(
    host: string,
    port: number,
    family: 4 | 6,
    isShared: boolean,
    limits: Uint32Array,
    input: Uint8Array,
    output: Uint8Array,
    addresses: Uint8Array,
    events: Uint32Array,
    received: (count: number) => number,
  ): NativeListener
  port(listener: NativeListener): number
  answer(listener: NativeListener, connection: number, bytes: Uint8Array, next: number): void
  /** Ends who has lingered long enough; the connections left. */
  cut(listener: NativeListener): number
  /** Takes no new connection. */
  stop(listener: NativeListener): void
  /** Cuts all connections. */
  close(listener: NativeListener): void
}

interface Loaded<T> {
  readonly native: T | undefined
  readonly reason: string
}

let forUdp: Loaded<BatchNative> | undefined
let forTcp: Loaded<ListenerNative> | undefined

/** The addon for datagrams, or why there is none. Tried once. */
export function batchNative(): Loaded<BatchNative> {
  forUdp ??= load<BatchNative>('batch-udp')
  return forUdp
}

/** The addon for connections, or why there is none. Tried once. */
export function listenerNative(): Loaded<ListenerNative> {
  forTcp ??= load<ListenerNative>('batch-tcp')
  return forTcp
}

function load<T>(name: string): Loaded<T> {
  const { platform, arch } = process
  if (platform !== 'linux') return { native: undefined, reason: `none is built for ${platform}` }
  const path = fileURLToPath(
    new URL(`../prebuilds/linux-${arch}-glibc/${name}.node`, import.meta.url),
  )
  try {
    return { native: createRequire(import.meta.url)(path) as T, reason: '' }
  } catch (error) {
    return { native: undefined, reason: (error as Error).message.split('\n')[0] ?? 'unknown' }
  }
}
