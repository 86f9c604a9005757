// Bounded HTTP(S) GET over node:http and node:https, with the address that was admitted as the one connected to.
//
// No connection is kept, no proxy of the environment is used, certificates are always verified (also when
// NODE_TLS_REJECT_UNAUTHORIZED says otherwise).

import http from 'node:http'
import https from 'node:https'
import type { Alarm, Done, Http, HttpRequest, HttpResponse } from '@bt/ports'
import { HttpExchange } from './http-exchange.ts'
import type { HttpClientOptions, HttpMeans } from './http-means.ts'

export class HttpClient implements Http {
  readonly #means: HttpMeans
  readonly #open = new Set<HttpExchange>()
  #isClosed = false

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
    process.nextTick(() => {
      if (this.#isClosed) exchange.close()
      else exchange.start()
    })
    return {
      cancel: () => {
        this.#open.delete(exchange)
        exchange.cancel()
      },
    }
  }

  /** Ends what is under way with CLOSED. */
  close(): void {
    this.#isClosed = true
    for (const exchange of this.#open) exchange.close()
    this.#means.plainAgent.destroy()
    this.#means.tlsAgent.destroy()
  }
}
