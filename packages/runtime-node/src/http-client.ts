// Bounded HTTP(S) GET over node:http and node:https, with the address that was admitted as the one connected to.
//
// No connection is kept, no proxy of the environment is used, certificates are always verified (also when
// NODE_TLS_REJECT_UNAUTHORIZED says otherwise).

import http from 'node:http'
import https from 'node:https'
import type { Alarm, Done, Http, HttpRequest, HttpResponse, Resolver } from '@bt/ports'
import type { DescriptorPressure } from './descriptor-pressure.ts'
import { HttpExchange } from './http-exchange.ts'

export interface HttpClientOptions {
  readonly resolver: Resolver
  /** Source address of requests that name none. */
  readonly host?: string
  /** Certificates (PEM) of authorities that are trusted instead of the built-in ones. */
  readonly authorities?: readonly string[]
  readonly pressure?: DescriptorPressure
}

/** What every exchange of a client shares. */
export interface HttpMeans extends HttpClientOptions {
  readonly plainAgent: http.Agent
  readonly tlsAgent: https.Agent
}

export class HttpClient implements Http {
  readonly #means: HttpMeans
  readonly #open = new Set<HttpExchange>()

  constructor(options: HttpClientOptions) {
    this.#means = {
      ...options,
      plainAgent: new http.Agent({ keepAlive: false }),
      tlsAgent: new https.Agent({ keepAlive: false, maxCachedSessions: 0 }),
    }
  }

  request(call: HttpRequest, done: Done<HttpResponse>): Alarm {
    const exchange: HttpExchange = new HttpExchange(call, this.#means, (error, response) => {
      this.#open.delete(exchange)
      done(error, response)
    })
    this.#open.add(exchange)
    // A call that fails at once must not answer inside this one.
    process.nextTick(() => exchange.start())
    return {
      cancel: () => {
        this.#open.delete(exchange)
        exchange.cancel()
      },
    }
  }

  /** Ends what is under way with CLOSED. */
  close(): void {
    for (const exchange of this.#open) exchange.close()
    this.#means.plainAgent.destroy()
    this.#means.tlsAgent.destroy()
  }
}
