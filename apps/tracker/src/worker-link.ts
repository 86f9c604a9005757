// What a worker process and the one that started it say to each other; the worker's end.
//
// A worker is a whole tracker. What it takes in goes to the others as batches of a feed, through the process that
// started them; what they cannot take is dropped, and told again later.

import cluster from 'node:cluster'
import type { Endpoint } from '@bt/primitives'
import type { SwarmFeed, TrackerCounts } from '@bt/tracker-server'

export type Protocol = 'http' | 'udp'

export type ToWorker =
  | {
      readonly type: 'start'
      /** 16 bytes under which all workers make and know connection ids. */
      readonly secret: Uint8Array
      /** Where the first worker listens for UDP; undefined for itself. */
      readonly udpPort: number | undefined
      /** And for HTTP. */
      readonly httpPort: number | undefined
    }
  | { readonly type: 'heard'; readonly batch: Uint8Array }
  /** Somebody new has to hear everything. */
  | { readonly type: 'refill' }

export type FromWorker =
  /** It listens to messages from now on, and wants to be told to start. */
  | { readonly type: 'hello' }
  | {
      readonly type: 'listening'
      readonly protocol: Protocol
      readonly local: Endpoint
      readonly facts: Readonly<Record<string, unknown>>
    }
  | { readonly type: 'ready' }
  | { readonly type: 'changed'; readonly batch: Uint8Array }
  | { readonly type: 'counts'; readonly counts: TrackerCounts }

export interface WorkerLink {
  readonly secret: Uint8Array
  readonly udpPort: number | undefined
  readonly httpPort: number | undefined
  readonly feed: SwarmFeed
  /** Hears the others from now on. */
  listen(on: { heard(batch: Uint8Array): void; refill(): void }): void
  say(message: FromWorker): void
}

/** Of a worker process, once it was told to start. */
export async function workerLink(): Promise<WorkerLink> {
  const worker = cluster.worker
  if (worker === undefined) throw new Error('not a worker')
  const say = (message: FromWorker): void => {
    // The one who started us is gone: the end is near.
    if (worker.isConnected()) worker.send(message)
  }
  const start = await new Promise<Extract<ToWorker, { type: 'start' }>>((resolve) => {
    worker.once('message', resolve)
    // Not before: what comes while nobody listens is lost.
    say({ type: 'hello' })
  })
  return {
    secret: start.secret,
    udpPort: start.udpPort,
    httpPort: start.httpPort,
    feed: { changed: (batch) => say({ type: 'changed', batch: batch.slice() }) },
    listen(on) {
      worker.on('message', (message: ToWorker) => {
        if (message.type === 'heard') on.heard(message.batch)
        if (message.type === 'refill') on.refill()
      })
    },
    say,
  }
}
