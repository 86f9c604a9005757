// The addon that moves datagrams in batches (native/batch-udp.c), where one was built for this machine.
//
// Never needed: whatever is wrong with it, node:dgram serves instead. Nothing is downloaded or compiled to have it.

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

let loaded: { readonly native: BatchNative | undefined; readonly reason: string } | undefined

/** The addon, or why there is none. Tried once. */
export function batchNative(): {
  readonly native: BatchNative | undefined
  readonly reason: string
} {
  loaded ??= load()
  return loaded
}

function load(): NonNullable<typeof loaded> {
  const { platform, arch } = process
  if (platform !== 'linux') return { native: undefined, reason: `none is built for ${platform}` }
  const path = fileURLToPath(
    new URL(`../prebuilds/linux-${arch}-glibc/batch-udp.node`, import.meta.url),
  )
  try {
    return { native: createRequire(import.meta.url)(path) as BatchNative, reason: '' }
  } catch (error) {
    return { native: undefined, reason: (error as Error).message.split('\n')[0] ?? 'unknown' }
  }
}
