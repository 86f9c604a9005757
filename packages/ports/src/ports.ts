// Everything protocol code asks of the world, in one object.

import type { Clock } from './clock.ts'
import type { Datagrams } from './datagrams.ts'
import type { Hasher } from './hasher.ts'
import type { Http } from './http.ts'
import type { Log } from './log.ts'
import type { Random } from './random.ts'
import type { Resolver } from './resolver.ts'
import type { Keep, StorageProvider } from './storage.ts'
import type { Transport } from './transport.ts'

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly transport: Transport
  readonly datagrams: Datagrams
  readonly resolver: Resolver
  readonly http: Http
  readonly storage: StorageProvider
  readonly keep: Keep
  readonly hasher: Hasher
  readonly log?: Log
  /** Port that a session listens on when its own options name none; 0: any free one. */
  readonly listenPort?: number
}
