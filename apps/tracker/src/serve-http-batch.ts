// The tracker's public HTTP side on the addon: a batch of connections and their bytes comes in one call, the answers leave
// together. Limits and replies are those of serve-http.ts, which serves where there is no addon.

import { performance } from 'node:perf_hooks'
import type { Endpoint } from '@bt/primitives'
import { BatchListener, type ListenerNative, type NextStep } from '@bt/runtime-node'
import {
  HTTP_UNREAD_MAX,
  HttpConnection,
  type HttpNext,
  type HttpServing,
} from '@bt/tracker-server'
import {
  BACKLOG,
  CONNECTIONS_MAX,
  type HttpServer,
  LATE_CHECK_MS,
  LINGER_MS,
} from './serve-http.ts'

/** Milliseconds between two looks at whether the last connection is gone. */
const DRAIN_CHECK_MS = 10
const STEPS: Readonly<Record<HttpNext, NextStep>> = {
  'go on': 'go on',
  close: 'close',
  refuse: 'end',
}

/** Listens at an address (port 0: any free one). `shared`: other workers listen there, too. */
export async function serveHttpBatch(
  at: Endpoint,
  serving: HttpServing,
  native: ListenerNative,
  shared: boolean,
): Promise<HttpServer> {
  /** By number; a hole is nobody, or somebody who is heard no more. */
  const open: (HttpConnection | undefined)[] = []
  /** What is next for a connection; nothing more is heard of who is to be hung up on. */
  const after = (connection: number, next: HttpNext): NextStep => {
    if (next !== 'go on') open[connection] = undefined
    return STEPS[next]
  }
  const listener = new BatchListener(
    native,
    at,
    {
      backlog: BACKLOG,
      connectionsMax: CONNECTIONS_MAX,
      unreadMax: HTTP_UNREAD_MAX,
      lingerMs: LINGER_MS,
    },
    {
      out: serving.out,
      opened(connection, from) {
        open[connection] = new HttpConnection(serving, from, performance.now())
      },
      received(connection, chunk) {
        const next = open[connection]?.received(chunk, performance.now())
        return next === undefined ? 'go on' : after(connection, next)
      },
      gone(connection) {
        open[connection] = undefined
      },
    },
    { shared },
  )
  const late = setInterval(() => {
    const now = performance.now()
    for (const [connection, one] of open.entries())
      if (one !== undefined && one.deadline <= now)
        listener.answer(connection, after(connection, one.late()))
    listener.cut()
  }, LATE_CHECK_MS)
  return {
    local: listener.local,
    async close(drainMs) {
      clearInterval(late)
      listener.stop()
      for (const [connection, one] of open.entries())
        if (one !== undefined && !one.isBusy)
          listener.answer(connection, after(connection, 'refuse'))
      for (const end = performance.now() + drainMs; listener.cut() > 0; ) {
        if (performance.now() >= end) break
        await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS))
      }
      listener.close()
    },
  }
}
