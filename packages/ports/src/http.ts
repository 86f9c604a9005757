// Bounded HTTP(S) GET with the address check in the right place.
//
// Errors are `NetworkError`s: BAD_URL, NAME_UNKNOWN, NOT_ADMITTED, REFUSED, TIMED_OUT, TOO_LONG, BAD_RESPONSE,
// TOO_MANY_REDIRECTS, TLS_FAILED …

import type { Alarm, Done } from './done.ts'

export interface HttpRequest {
  readonly url: string
  /** First and last byte wanted, inclusive (web seeds). */
  readonly range?: readonly [number, number]
  readonly headers?: ReadonlyMap<string, string>
  /** Local address to connect from. */
  readonly localAddress?: string
  /** Connect only to addresses of this family. */
  readonly family?: 4 | 6
  /** For everything together: name, connection, redirects, body. */
  readonly timeoutMs: number
  /** Of the body after decompression; a longer one is an error. */
  readonly bodyLengthMax: number
  /** How many redirects (301, 302, 303, 307, 308) are followed; one more is an error. */
  readonly redirectsMax: number
  /** Asked for every resolved address of every hop, before anything is sent; the admitted address is the one connected to. */
  admit(address: string, url: string): boolean
}

export interface HttpResponse {
  readonly status: number
  /** Of the last hop. */
  readonly url: string
  /** Address of the server that answered. */
  readonly address: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Owned by the caller. */
  readonly body: Uint8Array
}

export interface Http {
  /** `cancel` on the answer gives up: `done` is then not called. Statuses are answers, not errors. */
  request(call: HttpRequest, done: Done<HttpResponse>): Alarm
}
