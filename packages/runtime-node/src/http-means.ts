// What an HTTP client is given, and what its exchanges share.

import type http from 'node:http'
import type https from 'node:https'
import type { Resolver } from '@bt/ports'
import type { DescriptorPressure } from './descriptor-pressure.ts'

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
