// The tracker's public HTTP side on node:net: bytes go to HttpConnection and come back, and nothing is made in between.
//
// A connection for each announce is the common case, and hanging up is a third of its cost: once the kernel has the whole
// answer and everything that came was read, the socket is destroyed at once, which closes it in order.
//
// Answers of one turn of the loop leave together at its end: the first wakes the other side, the rest find it awake.

import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { type Endpoint, packMapped } from '@bt/primitives'
import {
  HTTP_UNREAD_MAX,
  HttpConnection,
  type HttpNext,
  type HttpServing,
} from '@bt/tracker-server'

/** Connections at once; more are turned away. Each costs some 3 KB, and a descriptor. */
export const CONNECTIONS_MAX = 50_000
/** Milliseconds between two looks at who is late. */
export const LATE_CHECK_MS = 1000
/** Milliseconds that a client has to read a refusal before its connection is cut. */
export const LINGER_MS = 2000
export const BACKLOG = 4096

export interface HttpServer {
  readonly local: Endpoint
  /** Takes no new connection and ends idle ones; resolves when the last one is gone, after `drainMs` at most. */
  close(drainMs: number): Promise<void>
}

/** Listens (port 0: any free one). */
export async function serveHttp(at: Endpoint, serving: HttpServing): Promise<HttpServer> {
  const open = new Map<net.Socket, HttpConnection>()
  const answers = new Answers()
  function take(socket: net.Socket, next: HttpNext): void {
    // Nothing more is heard of who is to be hung up on.
    if (next !== 'go on') open.delete(socket)
    answers.take(socket, serving, next)
  }
  // Shared by all connections: most live for one request, and closures for each are dear.
  function received(this: net.Socket, chunk: Buffer): void {
    const connection = open.get(this)
    if (connection !== undefined) take(this, connection.received(chunk, performance.now()))
  }
  function closed(this: net.Socket): void {
    open.delete(this)
  }
  const server = net.createServer((socket) => {
    socket.on('error', failed)
    const address = addressOf(socket)
    // The client has hung up: nobody to answer.
    if (address === undefined) {
      socket.destroy()
      return
    }
    open.set(socket, new HttpConnection(serving, address, performance.now()))
    socket.on('close', closed)
    socket.on('data', received)
  })
  server.maxConnections = CONNECTIONS_MAX
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: at.host, port: at.port, backlog: BACKLOG }, resolve)
  })
  server.on('error', serving.failed)
  const late = setInterval(() => {
    const now = performance.now()
    for (const [socket, connection] of open)
      if (connection.deadline <= now) take(socket, connection.late())
  }, LATE_CHECK_MS)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : at.port
  return {
    local: { host: at.host, port },
    async close(drainMs) {
      clearInterval(late)
      answers.send()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const [socket, connection] of open) if (!connection.isBusy) socket.end()
      const cut = setTimeout(() => {
        for (const socket of open.keys()) socket.destroy()
      }, drainMs)
      await closed
      clearTimeout(cut)
    },
  }
}

/** 18 bytes of address and port; undefined where there is nobody any more. */
function addressOf({ remoteAddress, remotePort }: net.Socket): Uint8Array | undefined {
  return remoteAddress === undefined
    ? undefined
    : packMapped({ host: remoteAddress, port: remotePort ?? 0 })
}

function failed(this: net.Socket): void {
  this.destroy()
}

/** What is to be sent at the end of this turn of the loop, and what is to be done then. */
class Answers {
  readonly #waiting: { socket: net.Socket; bytes: Uint8Array | undefined; next: HttpNext }[] = []
  #length = 0

  /** Takes what was answered out of `out`. */
  take(socket: net.Socket, { out }: HttpServing, next: HttpNext): void {
    if (out.length === 0 && next === 'go on') return
    if (this.#waiting.length === 0) setImmediate(() => this.send())
    const bytes = out.length === 0 ? undefined : Buffer.from(out.written)
    this.#length += out.length
    out.clear()
    this.#waiting.push({ socket, bytes, next })
    // Who asks much at once waits for the kernel to take the answers, not for the turn to end.
    if (this.#length > HTTP_UNREAD_MAX) this.send()
  }

  send(): void {
    this.#length = 0
    for (const { socket, bytes, next } of this.#waiting.splice(0)) {
      if (!socket.writable) continue
      if (bytes !== undefined) socket.write(bytes)
      goOn(socket, next)
    }
  }
}

/** Does what comes after an answer. */
function goOn(socket: net.Socket, next: HttpNext): void {
  if (next === 'go on') {
    if (socket.writableLength <= HTTP_UNREAD_MAX) return
    socket.pause()
    socket.once('drain', resume)
  } else if (next === 'close' && socket.writableLength === 0) socket.destroy()
  else {
    socket.end()
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
  }
}

function resume(this: net.Socket): void {
  this.resume()
}
