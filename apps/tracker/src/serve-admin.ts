// The admin address: metrics for Prometheus and a page for people. Never on the public side.

import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { Endpoint } from '@bt/primitives'
import type { TrackerCounts } from '@bt/tracker-server'
import { Hono } from 'hono'
import { html } from 'hono/html'
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import type { Sites } from './sites.ts'

/** What is shown: a tracker, or several together. */
export interface Counted {
  readonly counts: TrackerCounts
}

/** Milliseconds that answers under way may take at the end. */
const DRAIN_MS = 2000

/** Ends it, orderly. */
export async function closeAdmin(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearTimeout(late)
}

/** Listens; resolves with the server and where it listens. */
export async function serveAdmin(
  at: Endpoint,
  tracker: Counted,
  sites: Sites | undefined,
): Promise<{ readonly server: Server; readonly local: Endpoint }> {
  const registry = metricsOf(tracker, sites)
  const app = new Hono()
  app.get('/metrics', async (context) =>
    context.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  )
  app.get('/health', (context) => context.text('ok\n'))
  app.get('/', (context) => context.html(page(tracker, sites)))
  const { server, port } = await new Promise<{ server: Server; port: number }>(
    (resolve, reject) => {
      const started = serve({ fetch: app.fetch, hostname: at.host, port: at.port }, (info) =>
        resolve({ server: started as Server, port: info.port }),
      )
      started.once('error', reject)
    },
  )
  return { server, local: { host: at.host, port } }
}

function metricsOf(tracker: Counted, sites: Sites | undefined): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string, read: () => number): void => {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: () => metric.set(read()),
    })
  }
  const counter = (name: string, help: string, read: () => number): void => {
    const metric: Counter = new Counter({
      name,
      help,
      registers: [registry],
      collect: () => {
        metric.reset()
        metric.inc(read())
      },
    })
  }
  gauge('bt_tracker_swarms', 'Swarms that have at least one peer', () => tracker.counts.swarms)
  gauge('bt_tracker_peers', 'Peers in all swarms', () => tracker.counts.peers)
  gauge(
    'bt_tracker_member_bytes',
    'Bytes of flat memory that hold peers, used and free',
    () => tracker.counts.memberBytes,
  )
  counter(
    'bt_tracker_announces_total',
    'Announces that were understood',
    () => tracker.counts.announces,
  )
  counter('bt_tracker_scrapes_total', 'Scrapes that were understood', () => tracker.counts.scrapes)
  counter('bt_tracker_refusals_total', 'Announces that were refused', () => tracker.counts.refusals)
  if (sites === undefined) return registry
  const { election } = sites
  gauge('bt_tracker_site_prefixes', 'Prefixes in the site map', sites.prefixes)
  gauge('bt_tracker_sites', 'Sites that have at least one peer', () => election.counts.sites)
  gauge('bt_tracker_leaders', 'Leaders of all sites of all swarms', () => election.counts.leaders)
  counter('bt_tracker_terms_total', 'Terms of leaders begun', () => election.counts.terms)
  counter(
    'bt_tracker_dialled_reached_total',
    'Candidates that were dialled back and answered',
    () => election.counts.dialled.reached,
  )
  counter(
    'bt_tracker_dialled_unreached_total',
    'Candidates that were dialled back twice and did not answer',
    () => election.counts.dialled.unreached,
  )
  return registry
}

function page(tracker: Counted, sites: Sites | undefined): ReturnType<typeof html> {
  const { swarms, peers, announces, scrapes, refusals } = tracker.counts
  const rows = [
    ['swarms', swarms],
    ['peers', peers],
    ['announces', announces],
    ['scrapes', scrapes],
    ['refused', refusals],
    ...(sites === undefined
      ? []
      : [
          ['sites', sites.election.counts.sites],
          ['leaders', sites.election.counts.leaders],
        ]),
  ] as const
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="refresh" content="5" />
        <title>bt-tracker</title>
        <style>
          body { font: 16px system-ui; margin: 3rem auto; max-width: 30rem }
          td { padding: 0.3rem 1rem 0.3rem 0 }
          td + td { text-align: right; font-variant-numeric: tabular-nums }
        </style>
      </head>
      <body>
        <h1>bt-tracker</h1>
        <table>
          ${rows.map(([name, value]) => html`<tr><td>${name}</td><td>${value}</td></tr>`)}
        </table>
        <p><a href="/metrics">metrics</a></p>
      </body>
    </html>`
}
