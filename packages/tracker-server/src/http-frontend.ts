// One HTTP request in, one body out: path and query to a tracker's answer (BEP 3, 23, 48).
//
// Refusals are answers with status 200 and a failure reason, as clients expect; 404 is for paths that are none of ours.

import type { Endpoint } from '@bt/primitives'
import {
  type AnnounceRequest,
  encodeAnnounceBody,
  encodeFailure,
  encodeScrapeBody,
  parseAnnounceQuery,
  parseScrapeQuery,
  type PeerForm,
  TrackerProtocolError,
} from '@bt/tracker-protocol'
import { TrackerError } from './errors.ts'
import type { Tracker } from './tracker.ts'

export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array
}

export class HttpFrontend {
  readonly #tracker: Tracker

  constructor(tracker: Tracker) {
    this.#tracker = tracker
  }

  /** `target` is what stands in the request line: path and query, as they came. */
  answer(target: string, from: Endpoint): HttpAnswer {
    const question = target.indexOf('?')
    const path = question < 0 ? target : target.slice(0, question)
    const query = question < 0 ? '' : target.slice(question + 1)
    try {
      if (isPath(path, 'announce')) {
        const request = parseAnnounceQuery(query)
        return ok(encodeAnnounceBody(this.#tracker.announce(request, from), formOf(request)))
      }
      if (isPath(path, 'scrape')) return ok(this.#scrape(query))
    } catch (error) {
      return refusal(error)
    }
    return {
      status: 404,
      body: encodeFailure('not a path of this tracker: use /announce or /scrape'),
    }
  }

  #scrape(query: string): Uint8Array {
    const infoHashes = parseScrapeQuery(query)
    if (infoHashes.length === 0)
      return encodeFailure('name the swarms to scrape: info_hash is missing')
    const counts = this.#tracker.scrape(infoHashes)
    const files = new Map(
      infoHashes.map((hash, at) => [hash, counts[at] as (typeof counts)[number]]),
    )
    return encodeScrapeBody({ files })
  }
}

/** `/announce`, and `/anything/announce` for trackers behind a prefix or a passkey. */
function isPath(path: string, name: string): boolean {
  return path === `/${name}` || path.endsWith(`/${name}`)
}

/** Compact unless it was refused: every client of the last fifteen years reads it (BEP 23). */
function formOf(request: AnnounceRequest): PeerForm {
  if (request.compact !== false) return 'compact'
  return request.withoutPeerIds === true ? 'dictionaries-without-ids' : 'dictionaries'
}

function ok(body: Uint8Array): HttpAnswer {
  return { status: 200, body }
}

function refusal(error: unknown): HttpAnswer {
  if (error instanceof TrackerError) return ok(encodeFailure(error.message, error.retryInMinutes))
  if (error instanceof TrackerProtocolError) return ok(encodeFailure(error.message))
  throw error
}
