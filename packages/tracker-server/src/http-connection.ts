// One HTTP connection of a tracker: bytes in, bytes out, and when to hang up. GET and HEAD, HTTP/1.0 and 1.1, kept alive
// and pipelined; no bodies, no chunks, nothing that an announce does not need.
//
// By hand, because a general parser and its objects cost twice what the announce does. What is wrong gets a status that
// says so, and the connection closes.

import { encodeFailure } from '@bt/tracker-protocol'
import { unpackEndpoint } from '@bt/primitives'
import { TrackerError } from './errors.ts'
import { serveHttpAnnounce } from './http-announce.ts'
import type { HttpFrontend } from './http-frontend.ts'
import type { HttpOutput } from './http-output.ts'
import {
  HTTP_HEAD_LENGTH_MAX,
  HTTP_KEEP_ALIVE_MS,
  HTTP_REQUEST_MS,
  HTTP_REQUESTS_MAX,
} from './limits.ts'
import { readRequestHead, type RequestHead } from './request-head.ts'
import { sourceAddress } from './source-address.ts'
import type { Tracker } from './tracker.ts'

/** What the connections of a server share. */
export interface HttpServing {
  readonly tracker: Tracker
  readonly frontend: HttpFrontend
  /** Where answers are written; whoever calls a connection sends and clears it. */
  readonly out: HttpOutput
  readonly isTrustedProxy: (address: string) => boolean
  /** Hears what is wrong on our side. */
  readonly failed: (error: unknown) => void
}

/** What there is to do after a call, once the output is sent. */
export type HttpNext =
  /** Go on reading. */
  | 'go on'
  /** Close; everything that came was read. */
  | 'close'
  /** Close, though more came than was read. */
  | 'refuse'

const HEALTH = new TextEncoder().encode('ok\n')
const head: RequestHead = {
  length: 0,
  targetFrom: 0,
  targetEnd: 0,
  method: 'GET',
  isOld: false,
  connection: '',
  hasBody: false,
  forwardedFor: undefined,
}

export class HttpConnection {
  readonly #serving: HttpServing
  readonly #address: Uint8Array
  /** The beginning of a request of which the rest has not come. */
  #rest: Uint8Array | undefined
  #requests = 0
  #deadline: number

  /** `address` is who connected: 16 bytes of IPv6 (IPv4 mapped) and 2 of port. Kept. */
  constructor(serving: HttpServing, address: Uint8Array, now: number) {
    this.#serving = serving
    this.#address = address
    this.#deadline = now + HTTP_REQUEST_MS
  }

  /** When to call `late`. */
  get deadline(): number {
    return this.#deadline
  }

  /** In the middle of a request. */
  get isBusy(): boolean {
    return this.#rest !== undefined
  }

  /** `chunk` is lent. */
  received(chunk: Uint8Array, now: number): HttpNext {
    const wasBusy = this.#rest !== undefined
    const bytes = this.#rest === undefined ? chunk : joined(this.#rest, chunk)
    for (let from = 0; ; ) {
      const state = readRequestHead(bytes, from, head)
      if (state === 'more') {
        if (bytes.length - from > HTTP_HEAD_LENGTH_MAX)
          return this.#refuse('431 Request Header Fields Too Large')
        this.#keep(bytes, from, wasBusy && from === 0, now)
        return 'go on'
      }
      if (state === 'bad') return this.#refuse('400 Bad Request')
      if (head.length > HTTP_HEAD_LENGTH_MAX)
        return this.#refuse('431 Request Header Fields Too Large')
      from += head.length
      if (!this.#serve(bytes)) return from === bytes.length ? 'close' : 'refuse'
    }
  }

  /** The deadline has passed. */
  late(): HttpNext {
    return this.isBusy || this.#requests === 0 ? this.#refuse('408 Request Timeout') : 'close'
  }

  #keep(bytes: Uint8Array, from: number, isSame: boolean, now: number): void {
    this.#rest = from < bytes.length ? bytes.slice(from) : undefined
    // Whoever sends a byte now and then gets no more time for it.
    if (this.#rest === undefined) this.#deadline = now + HTTP_KEEP_ALIVE_MS
    else if (!isSame) this.#deadline = now + HTTP_REQUEST_MS
  }

  /** Answers the request in `head`; false: it is the last one. */
  #serve(bytes: Uint8Array): boolean {
    const { out } = this.#serving
    const wants = head.connection === '' ? (head.isOld ? 'close' : 'keep-alive') : head.connection
    const isLast = wants === 'close' || head.hasBody || ++this.#requests >= HTTP_REQUESTS_MAX
    const status = this.#answer(bytes)
    const said = isLast ? 'close' : head.isOld ? 'keep-alive' : ''
    out.finish(status, said, head.method === 'HEAD')
    return !isLast
  }

  /** Writes a body; the status. */
  #answer(bytes: Uint8Array): string {
    const { tracker, frontend, out, isTrustedProxy, failed } = this.#serving
    if (head.method === '') return this.#fail('405 Method Not Allowed', 'only GET is served here')
    if (head.hasBody) return this.#fail('400 Bad Request', 'a request has no body here')
    try {
      const isDirect = head.forwardedFor === undefined
      if (isDirect && tracker.isPlain) {
        const { targetFrom, targetEnd } = head
        if (serveHttpAnnounce(tracker, bytes, targetFrom, targetEnd, this.#address, out))
          return '200 OK'
      }
      const target = textOf(bytes, head.targetFrom, head.targetEnd)
      if (target === '/health') return this.#put('200 OK', HEALTH)
      const remote = unpackEndpoint(this.#address, 0, 18)
      const host = sourceAddress(remote.host, head.forwardedFor, isTrustedProxy)
      if (host === undefined)
        return this.#fail('200 OK', 'X-Forwarded-For holds something that is not an address')
      const { status, body } = frontend.answer(target, { host, port: remote.port })
      return this.#put(status === 200 ? '200 OK' : '404 Not Found', body)
    } catch (error) {
      if (error instanceof TrackerError)
        return this.#put('200 OK', encodeFailure(error.message, error.retryInMinutes))
      failed(error)
      return this.#fail(
        '500 Internal Server Error',
        'the tracker failed to answer this; its log says why',
      )
    }
  }

  #fail(status: string, reason: string): string {
    return this.#put(status, encodeFailure(reason))
  }

  #put(status: string, body: Uint8Array): string {
    const { out } = this.#serving
    out.begin()
    out.bytes(body)
    return status
  }

  #refuse(status: string): 'refuse' {
    const { out } = this.#serving
    out.begin()
    out.finish(status, 'close', false)
    return 'refuse'
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}

function textOf(bytes: Uint8Array, from: number, end: number): string {
  let text = ''
  for (let at = from; at < end; at++) text += String.fromCharCode(bytes[at] as number)
  return text
}
