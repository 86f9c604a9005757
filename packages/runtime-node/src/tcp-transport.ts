// Dials and listeners over node:net.
//
// Sockets that dial read into one 256 KiB buffer shared by all of them (`onread`): on POSIX libuv asks for it right
// before it reads and hands it over in the same call. Windows may read earlier, so there each socket has its own.
// net.createServer ignores `onread`: accepted sockets come as 'data' events, at more CPU (ADR: lent chunks).

import net from 'node:net'
import { type Endpoint, endpointText, parseIp } from '@bt/primitives'
import { type Alarm, type ByteChannel, type Done, type Listener, NetworkError } from '@bt/ports'
import type { Log, Transport } from '@bt/ports'
import { canonicalHost, familyOf } from './addresses.ts'
import type { DescriptorPressure } from './descriptor-pressure.ts'
import { isOutOfDescriptors, networkError } from './errors.ts'
import { TcpChannel } from './tcp-channel.ts'

/** One read of the kernel: beyond this, loopback throughput no longer grows (measured: 64 KiB costs a tenth). */
export const READ_LENGTH = 256 * 1024
/** A dial without `timeoutMs`; the system's own limit is over two minutes. */
export const DIAL_TIMEOUT_MS = 20_000
/** Connections the kernel holds for us until we accept. */
const BACKLOG = 511
/** Accept failures are logged at most once in this time. */
const ACCEPT_LOG_MS = 1000

export interface TcpOptions {
  /** Local address of listeners that name none, and source address of every dial. */
  readonly host?: string
  readonly poison?: boolean
  readonly pressure?: DescriptorPressure
  readonly log?: Log
}

export class TcpTransport implements Transport {
  readonly #options: TcpOptions
  readonly #dials = new Set<net.Socket>()
  readonly #channels = new Set<TcpChannel>()
  readonly #servers = new Set<net.Server>()
  #sharedBuffer: Uint8Array | undefined
  #isClosed = false

  constructor(options: TcpOptions = {}) {
    this.#options = options
  }

  dial(remote: Endpoint, options: { readonly timeoutMs?: number }, done: Done<ByteChannel>): Alarm {
    const host = canonicalHost(remote.host)
    const refusal = this.#refusal({ host, port: remote.port }, 1)
    if (refusal !== undefined) return failLater(refusal, done)
    return this.#connect({ host, port: remote.port }, options.timeoutMs ?? DIAL_TIMEOUT_MS, done)
  }

  listen(
    options: { readonly host?: string; readonly port: number },
    accept: (channel: ByteChannel) => void,
    done: Done<Listener>,
  ): void {
    const host = options.host ?? this.#options.host
    const refusal = this.#refusal({ host: host ?? '::', port: options.port }, 0)
    if (refusal !== undefined) {
      failLater(refusal, done)
      return
    }
    const server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
      const channel = this.#accepted(socket)
      if (channel !== undefined) accept(channel)
    })
    const where = endpointText({ host: host ?? 'any address', port: options.port })
    const failed = (error: Error): void => {
      server.close()
      this.#servers.delete(server)
      this.#noteDescriptors(error)
      done(networkError(error, `listen at ${where}`, where), undefined as never)
    }
    server.once('error', failed)
    server.once('listening', () => {
      server.off('error', failed)
      server.on('error', this.#acceptFailed())
      done(undefined, this.#listener(server))
    })
    this.#servers.add(server)
    server.listen({ port: options.port, backlog: BACKLOG, ...(host !== undefined && { host }) })
  }

  /** Ends all channels, dials and listeners; resolves when their descriptors are closed. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const socket of this.#dials) socket.destroy()
    for (const server of this.#servers) server.close()
    this.#servers.clear()
    for (const channel of this.#channels) {
      channel.abort(new NetworkError('CLOSED', 'the transport was closed'))
    }
    while (this.#channels.size > 0) await nextTurn()
    await nextTurn()
  }

  #connect(remote: Endpoint, timeoutMs: number, done: Done<ByteChannel>): Alarm {
    const { host: localAddress } = this.#options
    const where = endpointText(remote)
    let channel: TcpChannel | undefined
    const buffer = this.#readBuffer()
    const socket = net.connect({
      host: remote.host,
      port: remote.port,
      ...(localAddress !== undefined && { localAddress }),
      noDelay: true,
      autoSelectFamily: false,
      onread: {
        buffer,
        callback: (length) =>
          channel === undefined || channel.deliver(new Uint8Array(buffer.buffer, 0, length)),
      },
    })
    // Reads start with the channel: what comes before that stays in the kernel.
    socket.pause()
    this.#dials.add(socket)
    let isOver = false
    const over = (): boolean => {
      if (isOver) return false
      isOver = true
      clearTimeout(timer)
      this.#dials.delete(socket)
      return true
    }
    const fail = (error: Error): void => {
      if (!over()) return
      socket.destroy()
      this.#noteDescriptors(error)
      done(networkError(error, `dial ${where}`, where), undefined as never)
    }
    const timer = setTimeout(() => {
      const facts = { address: where }
      fail(new NetworkError('TIMED_OUT', `${where} did not answer within ${timeoutMs} ms`, facts))
    }, timeoutMs)
    socket.on('error', fail)
    socket.once('close', () =>
      fail(new NetworkError('CLOSED', 'the transport was closed', { address: where })),
    )
    socket.once('connect', () => {
      if (!over()) return
      channel = this.#adopt(socket, remote)
      done(undefined, channel)
    })
    return {
      cancel: () => {
        if (over()) socket.destroy()
      },
    }
  }

  #accepted(socket: net.Socket): TcpChannel | undefined {
    const { remoteAddress, remotePort } = socket
    if (remoteAddress === undefined || remotePort === undefined || this.#isClosed) {
      // It broke off before we came to it.
      socket.on('error', () => {})
      socket.destroy()
      return undefined
    }
    const channel = this.#adopt(socket, { host: canonicalHost(remoteAddress), port: remotePort })
    socket.on('data', (chunk: Buffer) => {
      // A plain Uint8Array: `subarray` of a Buffer costs three times as much in the decoders.
      channel.deliver(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    })
    // The listener for 'data' has set the stream flowing; reading waits for `start`.
    socket.pause()
    return channel
  }

  #adopt(socket: net.Socket, remote: Endpoint): TcpChannel {
    const channel: TcpChannel = new TcpChannel(socket, remote, this.#options.poison === true, () =>
      this.#channels.delete(channel),
    )
    this.#channels.add(channel)
    return channel
  }

  #listener(server: net.Server): Listener {
    const { address, port } = server.address() as net.AddressInfo
    return {
      local: { host: canonicalHost(address), port },
      close: (done) => {
        // Its callback would wait for the channels, so it is not used: the port is free in the next turn.
        if (this.#servers.delete(server)) server.close()
        setImmediate(() => done(undefined))
      },
    }
  }

  /** Accepting fails when there is no descriptor left: libuv then drops the connection and goes on listening. */
  #acceptFailed(): (error: Error) => void {
    let loggedAt = -Infinity
    return (error) => {
      this.#noteDescriptors(error)
      if (performance.now() - loggedAt < ACCEPT_LOG_MS) return
      loggedAt = performance.now()
      this.#options.log?.('warn', 'transport.accept-failed', { error })
    }
  }

  #noteDescriptors(error: Error): void {
    if (isOutOfDescriptors(error)) this.#options.pressure?.felt()
  }

  #readBuffer(): Uint8Array<ArrayBuffer> {
    if (process.platform === 'win32') return new Uint8Array(READ_LENGTH)
    this.#sharedBuffer ??= new Uint8Array(READ_LENGTH)
    return this.#sharedBuffer as Uint8Array<ArrayBuffer>
  }

  #refusal(endpoint: Endpoint, portMin: number): NetworkError | undefined {
    const text = `${endpoint.host}:${endpoint.port}`
    if (this.#isClosed) return new NetworkError('CLOSED', 'the transport was closed')
    const { port } = endpoint
    if (parseIp(endpoint.host.replace(/%.*$/, '')) === undefined) {
      return new NetworkError('BAD_ADDRESS', `"${text}" is not an address`, { address: text })
    }
    if (!Number.isInteger(port) || port < portMin || port > 65_535) {
      const message = `port ${port} of "${text}" is not ${portMin} … 65535`
      return new NetworkError('BAD_ADDRESS', message, { address: text })
    }
    const { host } = this.#options
    if (portMin === 0 || host === undefined || familyOf(host) === familyOf(endpoint.host)) {
      return undefined
    }
    const message = `${text} cannot be reached from ${host}: one is IPv4, the other IPv6`
    return new NetworkError('ADDRESS_NOT_HERE', message, { address: text })
  }
}

function failLater<T>(error: Error, done: Done<T>): Alarm {
  let isCancelled = false
  process.nextTick(() => {
    if (!isCancelled) done(error, undefined as never)
  })
  return {
    cancel: () => {
      isCancelled = true
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
