// One HTTP request from its URL to its body: every hop is parsed, resolved, admitted and connected anew.
//
// One timer bounds it all. Of several admitted addresses the next is tried when one cannot be reached; each gets
// its share of the time that is left. The connection's `lookup` answers with the admitted address and nothing else,
// so a name that resolves differently the second time (DNS rebinding) changes nothing.

import type { ClientRequest, IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type Done, type HttpRequest, type HttpResponse, NetworkError } from '@bt/ports'
import { canonicalHost, familyOf } from './addresses.ts'
import { isOutOfDescriptors, networkError, systemCode } from './errors.ts'
import { readBody } from './http-body.ts'
import type { HttpMeans } from './http-means.ts'

/** Status line and headers together; a tracker's are under 500 bytes. */
export const HEADERS_LENGTH_MAX = 32 * 1024
/** Longer URLs are refused, from callers and from redirects alike; an announce has under 1 KiB. */
export const URL_LENGTH_MAX = 16 * 1024
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Not sent on to another origin. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(['authorization', 'cookie'])

export class HttpExchange {
  readonly #call: HttpRequest
  readonly #means: HttpMeans
  readonly #done: Done<HttpResponse>
  readonly #deadline: number
  readonly #timer: NodeJS.Timeout
  #headers: Readonly<Record<string, string>>
  #redirects = 0
  #isOver = false
  /** Calls off what is under way. */
  #stop: () => void = () => {}

  constructor(call: HttpRequest, means: HttpMeans, done: Done<HttpResponse>) {
    this.#call = call
    this.#means = means
    this.#done = done
    this.#headers = headersOf(call)
    this.#deadline = performance.now() + call.timeoutMs
    this.#timer = setTimeout(() => {
      this.#fail(new NetworkError('TIMED_OUT', `no answer within ${call.timeoutMs} ms`))
    }, call.timeoutMs)
  }

  start(): void {
    this.#hop(this.#call.url, undefined)
  }

  cancel(): void {
    if (this.#isOver) return
    this.#end()
  }

  close(): void {
    this.#fail(new NetworkError('CLOSED', 'the HTTP client was closed'))
  }

  #hop(text: string, from: URL | undefined): void {
    if (this.#isOver) return
    const url = parseUrl(text, from)
    if (url === undefined) {
      const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text
      this.#fail(new NetworkError('BAD_URL', `"${shown}" is not an http or https URL`))
      return
    }
    if (from !== undefined && from.origin !== url.origin) this.#dropCredentials()
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const local = this.#call.localAddress ?? this.#means.host
    const family = this.#call.family ?? (local === undefined ? 'any' : familyOf(local))
    const question = this.#means.resolver.resolve(host, family, (error, addresses) => {
      if (error !== undefined) this.#fail(error)
      else this.#admit(url, addresses, local)
    })
    this.#stop = () => question.cancel()
  }

  #admit(url: URL, addresses: readonly string[], local: string | undefined): void {
    const shown = withoutSecrets(url)
    const fitting = addresses.filter((address) => {
      return local === undefined || familyOf(address) === familyOf(local)
    })
    if (fitting.length === 0) {
      const message = `${url.hostname} has no address that can be reached from ${local}`
      this.#fail(new NetworkError('NAME_UNKNOWN', message, { address: shown }))
      return
    }
    const admitted = fitting.filter((address) => this.#call.admit(address, url.href))
    if (admitted.length === 0) {
      const message = `${url.hostname} is at ${fitting.join(', ')}, where requests may not go`
      this.#fail(new NetworkError('NOT_ADMITTED', message, { address: shown }))
    } else this.#attempt(url, admitted, 0, local)
  }

  #attempt(url: URL, addresses: readonly string[], index: number, local: string | undefined): void {
    if (this.#isOver) return
    const address = addresses[index] as string
    const isTls = url.protocol === 'https:'
    let request: ClientRequest
    try {
      request = (isTls ? https : http).request(url, {
        method: 'GET',
        agent: isTls ? this.#means.tlsAgent : this.#means.plainAgent,
        headers: this.#headers,
        lookup: pinnedTo(address),
        maxHeaderSize: HEADERS_LENGTH_MAX,
        insecureHTTPParser: false,
        ...(local !== undefined && { localAddress: local }),
        ...(isTls && { rejectUnauthorized: true }),
        ...(isTls && this.#means.authorities && { ca: [...this.#means.authorities] }),
      })
    } catch (error) {
      this.#fail(new NetworkError('BAD_URL', `cannot ask ${withoutSecrets(url)}`, { cause: error }))
      return
    }
    let isConnected = false
    const share = (this.#deadline - performance.now()) / (addresses.length - index)
    const isLast = index === addresses.length - 1
    const connectTimer = isLast
      ? undefined
      : setTimeout(() => request.destroy(new Error('no connection')), share)
    this.#stop = () => {
      clearTimeout(connectTimer)
      request.destroy()
    }
    request.on('socket', (socket: Socket) => {
      socket.once('connect', () => {
        isConnected = true
        clearTimeout(connectTimer)
      })
    })
    request.on('error', (error) => {
      clearTimeout(connectTimer)
      if (this.#isOver) return
      if (isOutOfDescriptors(error)) this.#means.pressure?.felt()
      if (!isConnected && !isLast) this.#attempt(url, addresses, index + 1, local)
      else this.#fail(hopError(error, url, isTls && isConnected && !isSecure(request)))
    })
    request.on('upgrade', (_response, socket) => {
      socket.destroy()
      this.#fail(new NetworkError('BAD_RESPONSE', `${withoutSecrets(url)} switched protocols`))
    })
    request.on('response', (response) => this.#answered(url, response, request))
    request.end()
  }

  #answered(url: URL, response: IncomingMessage, request: ClientRequest): void {
    if (this.#isOver) return
    const address = canonicalHost(response.socket.remoteAddress ?? '')
    const status = response.statusCode as number
    const { location } = response.headers
    if (REDIRECTS.has(status) && location !== undefined) {
      // Its errors no longer matter, but one without a listener would be thrown.
      response.on('error', () => {})
      request.destroy()
      if (++this.#redirects > this.#call.redirectsMax) {
        const message = `${withoutSecrets(url)} redirects on, after ${this.#call.redirectsMax} redirects`
        this.#fail(new NetworkError('TOO_MANY_REDIRECTS', message))
      } else this.#hop(location, url)
      return
    }
    const headers = headerMap(response)
    readBody(response, this.#call.bodyLengthMax, (error, body) => {
      if (error !== undefined) this.#fail(hopError(error, url, false))
      else if (!this.#isOver) {
        this.#end()
        this.#done(undefined, { status, url: url.href, address, headers, body })
      }
    })
  }

  #dropCredentials(): void {
    const kept = Object.entries(this.#headers).filter(
      ([name]) => !CREDENTIAL_HEADERS.has(name.toLowerCase()),
    )
    this.#headers = Object.fromEntries(kept)
  }

  #fail(error: Error): void {
    if (this.#isOver) return
    this.#end()
    this.#done(error, undefined as never)
  }

  #end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#stop()
  }
}

function headersOf(call: HttpRequest): Readonly<Record<string, string>> {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  // A range is of the coded bytes, so a coding would move it.
  headers['Accept-Encoding'] = call.range === undefined ? 'gzip' : 'identity'
  for (const [name, value] of call.headers ?? []) headers[name] = value
  if (call.range !== undefined) headers['Range'] = `bytes=${call.range[0]}-${call.range[1]}`
  return headers
}

function parseUrl(text: string, base: URL | undefined): URL | undefined {
  if (text.length > URL_LENGTH_MAX) return undefined
  try {
    const url = new URL(text, base)
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  } catch {
    return undefined
  }
}

function pinnedTo(address: string): LookupFunction {
  const family = familyOf(address)
  return (_host, options, answer) => {
    // Later: a connection that fails inside this call would do so before anyone listens.
    process.nextTick(() => {
      if (options.all) answer(null, [{ address, family }])
      else answer(null, address, family)
    })
  }
}

function headerMap(response: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (let at = 0; at + 1 < response.rawHeaders.length; at += 2) {
    const name = (response.rawHeaders[at] as string).toLowerCase()
    const value = response.rawHeaders[at + 1] as string
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  return headers
}

function isSecure(request: ClientRequest): boolean {
  return (request.socket as TLSSocket | null)?.authorized === true
}

function hopError(error: Error, url: URL, isHandshake: boolean): NetworkError {
  if (error instanceof NetworkError) return error
  const where = withoutSecrets(url)
  const code = systemCode(error)
  const facts = { address: where, cause: error }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const limit = `headers are longer than ${HEADERS_LENGTH_MAX} bytes`
    return new NetworkError('TOO_LONG', `${where}: ${limit}`, facts)
  }
  if (code.startsWith('HPE_')) {
    return new NetworkError('BAD_RESPONSE', `${where} does not speak HTTP: ${code}`, facts)
  }
  const isTls = /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO|EPROTO/.test(code)
  if (isTls || (isHandshake && !/^E[A-Z]+$/.test(code))) {
    const message = `${where}: the certificate or TLS handshake failed: ${code || error.message}`
    return new NetworkError('TLS_FAILED', message, facts)
  }
  return networkError(error, `get ${where}`, where)
}

/** Trackers put passkeys into paths and queries, and URLs hold passwords: none of it belongs in a message. */
function withoutSecrets(url: URL): string {
  return `${url.protocol}//${url.host}`
}
