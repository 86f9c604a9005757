// The tracker's public HTTP side on node:http: announces carry raw bytes in their query, so nothing parses the URL.

import { createServer, type Server, type ServerResponse } from 'node:http'
import type { Endpoint } from '@bt/primitives'
import { type HttpFrontend, sourceAddress } from '@bt/tracker-server'
import { encodeFailure } from '@bt/tracker-protocol'

/** Milliseconds for a whole request: who sends a byte a second is cut off. */
const REQUEST_MS = 10_000
/** Milliseconds that a kept-alive connection may be silent. */
const KEEP_ALIVE_MS = 15_000
/** Bytes of request line and headers. */
const HEADERS_LENGTH_MAX = 16 * 1024
/** Requests over one connection. */
const REQUESTS_PER_CONNECTION_MAX = 10_000

/** What the parser of Node calls them, and what HTTP does. */
const STATUS_OF_ERROR: ReadonlyMap<string, string> = new Map([
  ['HPE_HEADER_OVERFLOW', '431 Request Header Fields Too Large'],
  ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
])

export interface HttpOptions {
  readonly at: Endpoint
  readonly frontend: HttpFrontend
  readonly isTrustedProxy: (address: string) => boolean
  /** Anything that is wrong on our side. */
  readonly failed: (error: unknown) => void
}

/** Listens; resolves with the server and where it listens (port 0: any free one). */
export async function serveHttp(
  options: HttpOptions,
): Promise<{ readonly server: Server; readonly local: Endpoint }> {
  const server = createServer({
    requestTimeout: REQUEST_MS,
    headersTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: HEADERS_LENGTH_MAX,
    connectionsCheckingInterval: 2000,
    noDelay: true,
  })
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION_MAX
  server.on('request', (request, response) => {
    const { method, url = '/', socket } = request
    // Undefined once the client has hung up: nobody to answer.
    const remote = socket.remoteAddress
    if (remote === undefined) return
    if (method !== 'GET' && method !== 'HEAD')
      return reply(response, 405, encodeFailure('only GET is served here'))
    if (url === '/health') return reply(response, 200, new TextEncoder().encode('ok\n'))
    const forwarded = request.headers['x-forwarded-for']
    const host = sourceAddress(
      remote,
      typeof forwarded === 'string' ? forwarded : forwarded?.join(','),
      options.isTrustedProxy,
    )
    if (host === undefined)
      return reply(
        response,
        200,
        encodeFailure('X-Forwarded-For holds something that is not an address'),
      )
    try {
      const { status, body } = options.frontend.answer(url, { host, port: socket.remotePort ?? 0 })
      reply(response, status, body)
    } catch (error) {
      options.failed(error)
      reply(response, 500, encodeFailure('the tracker failed to answer this; its log says why'))
    }
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const status = STATUS_OF_ERROR.get(error.code ?? '') ?? '400 Bad Request'
    if (socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    else socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.at.host, port: options.at.port, backlog: 4096 }, resolve)
  })
  server.on('error', options.failed)
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : options.at.port
  return { server, local: { host: options.at.host, port } }
}

function reply(response: ServerResponse, status: number, body: Uint8Array): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'Content-Length': body.length })
  response.end(body)
}
