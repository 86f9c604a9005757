// HTTP without HTTP: resolve, ask for admission, connect, call the server's function, bring the answer back.
//
// Names, refusals, redirects, limits and the time-out are those of the port; what goes over the wire is not
// modelled, only its length. Nothing is compressed.

import { NetworkError } from '@bt/ports'
import type {
  Alarm,
  Done,
  Http,
  HttpRequest,
  HttpResponse,
  NetworkErrorCode,
  Resolver,
} from '@bt/ports'
import { parseIp } from '@bt/primitives'
import type { Fabric } from './fabric.ts'
import type { PortCalls } from './faults.ts'
import type { SimHttpAnswer } from './http-server.ts'
import type { Life } from './life.ts'
import type { Place } from './place.ts'

export interface HttpFacts {
  readonly fabric: Fabric
  readonly place: Place
  readonly life: Life
  readonly calls: PortCalls
  readonly resolver: Resolver
}

const NEVER: Alarm = { cancel: () => {} }
/** Request or answer without its body, for the rates. */
const HEAD_BYTES = 300
/** First pause before an unanswered connection is tried again. */
const RETRY_FIRST_US = 1_000_000
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export class SimHttp implements Http {
  readonly #facts: HttpFacts

  constructor(facts: HttpFacts) {
    this.#facts = facts
  }

  request(call: HttpRequest, done: Done<HttpResponse>): Alarm {
    if (!this.#facts.life.alive) return NEVER
    return new Exchange(this.#facts, call, done)
  }
}

/** One request with its redirects. */
class Exchange implements Alarm {
  readonly #facts: HttpFacts
  readonly #call: HttpRequest
  readonly #done: Done<HttpResponse>
  readonly #timeout: Alarm
  #over = false
  #hops = 0

  constructor(facts: HttpFacts, call: HttpRequest, done: Done<HttpResponse>) {
    this.#facts = facts
    this.#call = call
    this.#done = done
    facts.life.open.requests++
    const us = Math.ceil(call.timeoutMs * 1000)
    this.#timeout = facts.life.after(us, 'http', 0, () =>
      this.#fail('TIMED_OUT', call.url, `no answer within ${call.timeoutMs} ms`),
    )
    const failed = facts.calls.next('http')
    this.#after(0, 0, () => {
      if (failed !== undefined) this.#fail('REFUSED', call.url, 'made to fail')
      else this.#visit(call.url)
    })
  }

  cancel(): void {
    if (!this.#over) this.#facts.life.open.requests--
    this.#over = true
    this.#timeout.cancel()
  }

  #visit(text: string): void {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
      return this.#fail('BAD_URL', text, 'not an http or https URL')
    const host = url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
    this.#facts.resolver.resolve(host, this.#call.family ?? 'any', (error, addresses) => {
      if (this.#over) return
      if (error !== undefined) return this.#fail('NAME_UNKNOWN', text, error.message)
      this.#choose(url, addresses)
    })
  }

  /** The first address that is admitted and of a family we have. */
  #choose(url: URL, addresses: readonly string[]): void {
    const { fabric, place } = this.#facts
    const admitted = addresses.filter((address) => this.#call.admit(address, url.href))
    if (this.#over) return
    if (admitted.length === 0)
      return this.#fail('NOT_ADMITTED', url.href, `none of ${addresses.join(', ')} is admitted`)
    const family = (address: string): 4 | 6 => (parseIp(address)?.length === 16 ? 6 : 4)
    const address = admitted.find((one) => place.address(family(one)) !== undefined)
    if (address === undefined)
      return this.#fail('UNREACHABLE', url.href, 'this host lacks the family of its addresses')
    const far = fabric.placeAt(address, place)
    // Nobody has this address: only the time-out ends it.
    if (far === undefined) return
    const us = fabric.latencyUs(place, far)
    this.#after(us, 0, () => this.#connect(url, address, far, RETRY_FIRST_US))
  }

  /** The first packet is at the far end. */
  #connect(url: URL, address: string, far: Place, retryUs: number): void {
    const { fabric, place } = this.#facts
    if (fabric.blocked(place, far) || fabric.blocked(far, place)) {
      this.#after(retryUs, 0, () => this.#connect(url, address, far, retryUs * 2))
      return
    }
    const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
    const us = fabric.latencyUs(place, far)
    if (far.servers.find(port, address) === undefined) {
      this.#after(us, 0, () => this.#fail('REFUSED', url.href, 'nobody listens there'))
      return
    }
    const passUs = fabric.rates.passUs(place, far, HEAD_BYTES + url.href.length)
    this.#after(2 * us + passUs, HEAD_BYTES, () => this.#serve(url, address, far, port))
  }

  #serve(url: URL, address: string, far: Place, port: number): void {
    const { fabric, place } = this.#facts
    if (fabric.blocked(place, far)) return
    const server = far.servers.find(port, address)
    const us = fabric.latencyUs(far, place)
    if (server === undefined) {
      this.#after(us, 0, () => this.#fail('RESET', url.href, 'the server is gone'))
      return
    }
    let answered = false
    const answer = (from: SimHttpAnswer): void => {
      if (answered || this.#over || far.servers.find(port, address) !== server) return
      answered = true
      const body = (from.body ?? new Uint8Array(0)).slice()
      const passUs = fabric.rates.passUs(far, place, HEAD_BYTES + body.length)
      this.#after(us + passUs, body.length, () => {
        // Lost on the way back: only the time-out ends it.
        if (fabric.blocked(far, place)) return
        fabric.moved(far, place, body.length)
        this.#answered(url, address, { ...from, body })
      })
    }
    const family = address.includes(':') ? 6 : 4
    const headers = lowerCase(this.#call.headers)
    const range = this.#call.range
    if (range !== undefined) headers.set('range', `bytes=${range[0]}-${range[1]}`)
    const request = {
      path: url.pathname + url.search,
      host: url.host,
      scheme: url.protocol === 'https:' ? ('https' as const) : ('http' as const),
      headers,
      from: far === place ? address : (place.address(family) as string),
    }
    try {
      server(request, answer)
    } catch {
      answer({ status: 500 })
    }
  }

  #answered(url: URL, address: string, answer: SimHttpAnswer): void {
    const headers = lowerCase(answer.headers)
    const location = headers.get('location')
    if (REDIRECTS.has(answer.status) && location !== undefined) {
      if (++this.#hops > this.#call.redirectsMax)
        return this.#fail('TOO_MANY_REDIRECTS', url.href, `more than ${this.#call.redirectsMax}`)
      this.#visit(URL.canParse(location, url.href) ? new URL(location, url.href).href : location)
      return
    }
    const body = answer.body as Uint8Array
    const max = this.#call.bodyLengthMax
    if (body.length > max)
      return this.#fail('TOO_LONG', url.href, `a body of ${body.length} bytes, limit ${max}`)
    this.cancel()
    this.#done(undefined, { status: answer.status, url: url.href, address, headers, body })
  }

  #after(us: number, size: number, run: () => void): void {
    this.#facts.life.after(us, 'http', size, () => {
      if (!this.#over) run()
    })
  }

  #fail(code: NetworkErrorCode, url: string, why: string): void {
    if (this.#over) return
    this.cancel()
    this.#done(new NetworkError(code, `${url}: ${why}`, { address: url }), undefined as never)
  }
}

function lowerCase(headers: ReadonlyMap<string, string> | undefined): Map<string, string> {
  const lower = new Map<string, string>()
  for (const [name, value] of headers ?? []) lower.set(name.toLowerCase(), value)
  return lower
}
