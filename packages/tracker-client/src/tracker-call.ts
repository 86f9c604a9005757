// One call to one tracker: announce or scrape, over whatever its URL says, to every family it has.

import type { Alarm, Datagrams, Done, HttpResponse } from '@bt/ports'
import type { InfoHash } from '@bt/primitives'
import {
  type AnnounceRequest,
  type AnnounceResponse,
  announceUrl,
  encodeUdpAnnounce,
  encodeUdpScrape,
  parseAnnounceBody,
  parseScrapeBody,
  SCRAPE_HASHES_MAX,
  type ScrapeCounts,
  type ScrapeResponse,
  scrapeRequestUrl,
  scrapeUrl,
  type UdpResponse,
  urlDataOf,
} from '@bt/tracker-protocol'
import { TrackerClientError } from './errors.ts'
import { askFamilies, type CallOptions, type Target, type TrackerPorts } from './families.ts'
import { httpCall } from './http-call.ts'
import { type UdpQuestion, UdpTrackers } from './udp-trackers.ts'
import { shownUrl } from './url-rules.ts'

/** What one family of a tracker answered; `from` is the address that did. */
export interface Announced {
  readonly response: AnnounceResponse
  readonly from: string
}

export interface AnnounceOptions extends CallOptions {
  /** Hears each family's answer as it comes; `done` comes when no more is waited for. */
  readonly heard?: (announced: Announced) => void
}

/**
 * Announces to all families of a tracker; `done` gets what was answered, at least one, or the first error
 * (a `TrackerClientError`). Over UDP, parameters of extensions travel behind the URL's path and query (BEP 41).
 */
export function announceTo(
  tracker: string,
  request: AnnounceRequest,
  ports: TrackerPorts,
  options: AnnounceOptions,
  done: Done<readonly Announced[]>,
): Alarm {
  const overHttp = (target: Target, answer: Done<Announced>): Alarm =>
    httpCall(target, announceUrl(tracker, request), ports, options, (error, response) => {
      if (error !== undefined) return answer(error, undefined as never)
      read(tracker, response, answer, () => ({
        response: accepted(tracker, parseAnnounceBody(response.body)),
        from: response.address,
      }))
    })
  const overUdp = (target: Target, answer: Done<Announced>): Alarm => {
    const urlData = urlDataOf(target.url.pathname, target.url.search, request.extra)
    const question: UdpQuestion = {
      ...questionTo(target, options),
      packet: (id, transaction) => encodeUdpAnnounce(id, transaction, request, urlData),
      accepts: ({ action }) => action === 'announce',
    }
    return udpOf(ports).ask(question, (error, response) => {
      if (error === undefined && response.action === 'announce') {
        const { failure, retryInMinutes } = response.response
        if (failure === undefined)
          return answer(undefined, { response: response.response, from: target.address })
        return answer(refused(tracker, failure, retryInMinutes), undefined as never)
      }
      answer(udpError(tracker, error, response), undefined as never)
    })
  }
  return askFamilies(tracker, ports, options, byScheme(overHttp, overUdp), heardBy(options), done)
}

/** Asks one tracker for the counts of some swarms, at most `SCRAPE_HASHES_MAX`; the first family that answers counts. */
export function scrapeFrom(
  tracker: string,
  infoHashes: readonly InfoHash[],
  ports: TrackerPorts,
  options: CallOptions,
  done: Done<ScrapeResponse>,
): Alarm {
  const scrape = scrapeUrl(tracker)
  if (scrape === undefined) {
    const message = `${shownUrl(tracker)} offers no scrape: the last part of its path does not begin with announce`
    const error = new TrackerClientError('NO_SCRAPE', tracker, message)
    return ports.clock.at(ports.clock.now(), () => done(error, undefined as never))
  }
  const asked = infoHashes.slice(0, SCRAPE_HASHES_MAX)
  const overHttp = (target: Target, answer: Done<ScrapeResponse>): Alarm =>
    httpCall(target, scrapeRequestUrl(scrape, asked), ports, options, (error, response) => {
      if (error !== undefined) return answer(error, undefined as never)
      read(tracker, response, answer, () => {
        const counts = parseScrapeBody(response.body)
        if (counts.failure !== undefined) throw refused(tracker, counts.failure)
        return counts
      })
    })
  const overUdp = (target: Target, answer: Done<ScrapeResponse>): Alarm => {
    const question: UdpQuestion = {
      ...questionTo(target, options),
      packet: (id, transaction) => encodeUdpScrape(id, transaction, asked),
      accepts: ({ action }) => action === 'scrape',
    }
    return udpOf(ports).ask(question, (error, response) => {
      if (error === undefined && response.action === 'scrape')
        return answer(undefined, { files: byHash(asked, response.counts) })
      answer(udpError(tracker, error, response), undefined as never)
    })
  }
  const call = askFamilies<ScrapeResponse>(
    tracker,
    ports,
    options,
    byScheme(overHttp, overUdp),
    (answer) => {
      call.cancel()
      done(undefined, answer)
    },
    (error) => {
      if (error !== undefined) done(error, undefined as never)
    },
  )
  return call
}

type Call<T> = (target: Target, answer: Done<T>) => Alarm

function byScheme<T>(overHttp: Call<T>, overUdp: Call<T>): Call<T> {
  return (target, answer) =>
    target.url.protocol === 'udp:' ? overUdp(target, answer) : overHttp(target, answer)
}

function heardBy({ heard }: AnnounceOptions): (announced: Announced) => void {
  return (announced) => heard?.(announced)
}

function questionTo(
  { address, family, url }: Target,
  { attemptsMax }: CallOptions,
): Omit<UdpQuestion, 'packet' | 'accepts'> {
  const to = { host: address, port: Number(url.port) }
  return attemptsMax === undefined ? { to, family } : { to, family, attemptsMax }
}

function byHash(
  infoHashes: readonly InfoHash[],
  counts: readonly ScrapeCounts[],
): ReadonlyMap<InfoHash, ScrapeCounts> {
  const files = new Map<InfoHash, ScrapeCounts>()
  for (const [at, hash] of infoHashes.entries()) {
    const of = counts[at]
    if (of !== undefined) files.set(hash, of)
  }
  return files
}

function read<T>(tracker: string, response: HttpResponse, answer: Done<T>, parse: () => T): void {
  let parsed: T
  try {
    parsed = parse()
  } catch (error) {
    if (error instanceof TrackerClientError) return answer(error, undefined as never)
    const message = `${shownUrl(tracker)} answered with status ${response.status} and no tracker's answer (${(error as Error).message})`
    const failure = new TrackerClientError('BAD_ANSWER', tracker, message, { cause: error })
    return answer(failure, undefined as never)
  }
  answer(undefined, parsed)
}

function accepted(tracker: string, response: AnnounceResponse): AnnounceResponse {
  if (response.failure === undefined) return response
  throw refused(tracker, response.failure, response.retryInMinutes)
}

function refused(
  tracker: string,
  sentence: string,
  retryInMinutes?: number | 'never',
): TrackerClientError {
  const facts = retryInMinutes === undefined ? {} : { retryInMinutes }
  const message = `${shownUrl(tracker)} refused: ${sentence}`
  return new TrackerClientError('REFUSED', tracker, message, facts)
}

function udpError(
  tracker: string,
  cause: Error | undefined,
  response: UdpResponse | undefined,
): TrackerClientError {
  if (response?.action === 'error') return refused(tracker, response.sentence)
  const message = `${shownUrl(tracker)}: ${cause?.message}`
  return new TrackerClientError('UNREACHABLE', tracker, message, { cause })
}

/** One set of sockets for all who share a Datagrams port. */
const shared = new WeakMap<Datagrams, UdpTrackers>()

function udpOf(ports: TrackerPorts): UdpTrackers {
  let udp = shared.get(ports.datagrams)
  if (udp === undefined) {
    udp = new UdpTrackers(ports)
    shared.set(ports.datagrams, udp)
  }
  return udp
}
