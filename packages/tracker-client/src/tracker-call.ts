// One call to one tracker: announce or scrape, over whatever its URL says, to every family it has.
//
// An announce goes out once for each family that the tracker's name has, with one key (BEP 7), and the answers are put
// together. Names are resolved here, addresses checked here, and the checked address is the one that is asked.

import type { Alarm, Clock, Datagrams, Done, Http, HttpResponse, Random, Resolver } from '@bt/ports'
import { type InfoHash, ipClass, type IpClass, parseIp } from '@bt/primitives'
import {
  type AnnounceRequest,
  type AnnounceResponse,
  announceUrl,
  encodeUdpAnnounce,
  encodeUdpScrape,
  parseAnnounceBody,
  parseScrapeBody,
  type ScrapeCounts,
  type ScrapeResponse,
  scrapeRequestUrl,
  scrapeUrl,
  type UdpResponse,
} from '@bt/tracker-protocol'
import { TrackerClientError } from './errors.ts'
import { HTTP_BODY_LENGTH_MAX, HTTP_TIMEOUT_MS, REDIRECTS_MAX } from './limits.ts'
import { UdpTrackers } from './udp-trackers.ts'
import { addressRefusal, type UrlRules, urlRefusal, widest } from './url-rules.ts'

export interface TrackerPorts {
  readonly clock: Clock
  readonly random: Random
  readonly resolver: Resolver
  readonly http: Http
  readonly datagrams: Datagrams
}

export interface CallOptions {
  readonly rules?: UrlRules
  /** UDP packets sent for nothing before giving up. */
  readonly attemptsMax?: number
  /** For HTTP, milliseconds in all. */
  readonly timeoutMs?: number
}

/** What one family of a tracker answered; `from` is the address that did. */
export interface Announced {
  readonly response: AnnounceResponse
  readonly from: string
}

/** Announces to all families of a tracker; `done` gets what was answered, at least one, or the first error. */
export function announceTo(
  tracker: string,
  request: AnnounceRequest,
  ports: TrackerPorts,
  options: CallOptions,
  done: Done<readonly Announced[]>,
): Alarm {
  return callFamilies<Announced>(
    tracker,
    ports,
    options,
    (target, answer) => {
      if (target.udp !== undefined) {
        const { udp, urlData } = target
        return udp.ask(
          {
            ...target.question,
            packet: (id, transaction) => encodeUdpAnnounce(id, transaction, request, urlData),
          },
          (error, response) => answer(...udpAnswer(tracker, target.address, error, response)),
        )
      }
      const url = announceUrl(tracker, request)
      return httpCall(
        tracker,
        url,
        target.address,
        target.family,
        ports,
        options,
        (error, response) => {
          if (error !== undefined) return answer(error, undefined as never)
          answer(
            ...read(tracker, response, () => ({
              response: refusalOf(tracker, parseAnnounceBody(response.body)),
              from: response.address,
            })),
          )
        },
      )
    },
    done,
  )
}

/** Asks one tracker for the counts of some swarms. */
export function scrapeFrom(
  tracker: string,
  infoHashes: readonly InfoHash[],
  ports: TrackerPorts,
  options: CallOptions,
  done: Done<ScrapeResponse>,
): Alarm {
  const scrape = scrapeUrl(tracker)
  if (scrape === undefined) {
    const error = new TrackerClientError(
      'NO_SCRAPE',
      tracker,
      `${tracker} offers no scrape: the last part of its path does not begin with announce`,
    )
    return ports.clock.at(ports.clock.now(), () => done(error, undefined as never))
  }
  return callFamilies<ScrapeResponse>(
    tracker,
    ports,
    options,
    (target, answer) => {
      if (target.udp !== undefined) {
        return target.udp.ask(
          {
            ...target.question,
            packet: (id, transaction) => encodeUdpScrape(id, transaction, infoHashes),
          },
          (error, response) => answer(...udpScrape(tracker, infoHashes, error, response)),
        )
      }
      const url = scrapeRequestUrl(scrape, infoHashes)
      return httpCall(
        tracker,
        url,
        target.address,
        target.family,
        ports,
        options,
        (error, response) => {
          if (error !== undefined) return answer(error, undefined as never)
          answer(
            ...read(tracker, response, () => {
              const counts = parseScrapeBody(response.body)
              if (counts.failure !== undefined) throw refused(tracker, counts.failure)
              return counts
            }),
          )
        },
      )
    },
    (error, answers) => done(error, answers?.[0] as ScrapeResponse),
  )
}

interface Target {
  readonly address: string
  readonly family: 4 | 6
  readonly udp: UdpTrackers | undefined
  readonly question: {
    readonly to: { readonly host: string; readonly port: number }
    readonly family: 4 | 6
    readonly attemptsMax?: number
  }
  readonly urlData: string
}

function callFamilies<T>(
  tracker: string,
  ports: TrackerPorts,
  options: CallOptions,
  call: (target: Target, answer: Done<T>) => Alarm,
  done: Done<readonly T[]>,
): Alarm {
  const running = new Set<Alarm>()
  const refusal = urlRefusal(tracker, 'tracker', options.rules)
  if (refusal !== undefined) {
    const error = new TrackerClientError('BAD_URL', tracker, `${tracker} ${refusal}`)
    return ports.clock.at(ports.clock.now(), () => done(error, undefined as never))
  }
  const url = new URL(tracker)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  running.add(
    ports.resolver.resolve(host, 'any', (error, addresses) => {
      running.clear()
      if (error !== undefined) {
        const message = `${tracker}: the name ${host} was not found (${error.message})`
        return done(
          new TrackerClientError('UNREACHABLE', tracker, message, { cause: error }),
          undefined as never,
        )
      }
      const targets = targetsOf(tracker, url, addresses, ports, options)
      if (targets instanceof TrackerClientError) return done(targets, undefined as never)
      const answers: T[] = []
      let open = targets.length
      let first: Error | undefined
      for (const target of targets) {
        running.add(
          call(target, (failure, answer) => {
            if (failure === undefined) answers.push(answer)
            else first ??= failure
            open--
            if (open > 0) return
            if (answers.length > 0) done(undefined, answers)
            else done(first, undefined as never)
          }),
        )
      }
    }),
  )
  return {
    cancel: () => {
      for (const alarm of running) alarm.cancel()
    },
  }
}

/** One address of each family, of the widest kind that the name has. */
function targetsOf(
  tracker: string,
  url: URL,
  addresses: readonly string[],
  ports: TrackerPorts,
  options: CallOptions,
): readonly Target[] | TrackerClientError {
  const targets: Target[] = []
  let refusal = `${url.hostname} has no address`
  for (const address of widest(addresses)) {
    const family = parseIp(address)?.length === 4 ? 4 : 6
    const why = addressRefusal(tracker, address, 'tracker')
    if (why !== undefined) refusal = why
    else if (!targets.some((target) => target.family === family)) {
      const to = { host: address, port: Number(url.port) }
      const question =
        options.attemptsMax === undefined
          ? ({ to, family } as const)
          : ({ to, family, attemptsMax: options.attemptsMax } as const)
      const path = url.pathname === '/' ? '' : url.pathname
      targets.push({
        address,
        family,
        question,
        urlData: path + url.search,
        udp: url.protocol === 'udp:' ? udpOf(ports) : undefined,
      })
    }
  }
  return targets.length > 0
    ? targets
    : new TrackerClientError('BLOCKED', tracker, `${tracker} ${refusal}; it is not called`)
}

function httpCall(
  tracker: string,
  url: string,
  address: string,
  family: 4 | 6,
  ports: TrackerPorts,
  options: CallOptions,
  done: Done<HttpResponse>,
): Alarm {
  let blocked: string | undefined
  const first: { readonly url: string; readonly from: IpClass } = {
    url: tracker,
    from: ipClass(address),
  }
  return ports.http.request(
    {
      url,
      family,
      timeoutMs: options.timeoutMs ?? HTTP_TIMEOUT_MS,
      bodyLengthMax: HTTP_BODY_LENGTH_MAX,
      redirectsMax: REDIRECTS_MAX,
      headers: new Map([['accept-encoding', 'gzip']]),
      admit: (candidate, hop) => {
        const why = addressRefusal(hop, candidate, 'tracker', first)
        if (why !== undefined) blocked = why
        return why === undefined
      },
    },
    (error, response) => {
      if (error === undefined) return done(undefined, response)
      const code = blocked === undefined ? 'UNREACHABLE' : 'BLOCKED'
      const message =
        blocked === undefined
          ? `${tracker}: ${error.message}`
          : `${tracker} ${blocked}; it is not called`
      done(new TrackerClientError(code, tracker, message, { cause: error }), undefined as never)
    },
  )
}

function udpAnswer(
  tracker: string,
  from: string,
  error: Error | undefined,
  response: UdpResponse,
): [Error | undefined, Announced] {
  if (error !== undefined) return [unreachable(tracker, error), undefined as never]
  if (response.action === 'announce') return [undefined, { response: response.response, from }]
  return [oddAnswer(tracker, response), undefined as never]
}

function udpScrape(
  tracker: string,
  infoHashes: readonly InfoHash[],
  error: Error | undefined,
  response: UdpResponse,
): [Error | undefined, ScrapeResponse] {
  if (error !== undefined) return [unreachable(tracker, error), undefined as never]
  if (response.action !== 'scrape') return [oddAnswer(tracker, response), undefined as never]
  const files = new Map<InfoHash, ScrapeCounts>()
  for (const [at, hash] of infoHashes.entries()) {
    const counts = response.counts[at]
    if (counts !== undefined) files.set(hash, counts)
  }
  return [undefined, { files }]
}

function read<T>(tracker: string, response: HttpResponse, parse: () => T): [Error | undefined, T] {
  try {
    return [undefined, parse()]
  } catch (error) {
    if (error instanceof TrackerClientError) return [error, undefined as never]
    const message = `${tracker} answered with status ${response.status} and no tracker's answer (${String((error as Error).message)})`
    return [
      new TrackerClientError('BAD_ANSWER', tracker, message, { cause: error }),
      undefined as never,
    ]
  }
}

function refusalOf(tracker: string, response: AnnounceResponse): AnnounceResponse {
  if (response.failure === undefined) return response
  throw refused(tracker, response.failure, response.retryInMinutes)
}

function refused(
  tracker: string,
  sentence: string,
  retryInMinutes?: number | 'never',
): TrackerClientError {
  const facts = retryInMinutes === undefined ? {} : { retryInMinutes }
  return new TrackerClientError('REFUSED', tracker, `${tracker} refused: ${sentence}`, facts)
}

function oddAnswer(tracker: string, response: UdpResponse): TrackerClientError {
  if (response.action === 'error') return refused(tracker, response.sentence)
  return new TrackerClientError(
    'BAD_ANSWER',
    tracker,
    `${tracker} answered with ${response.action}, which was not asked`,
  )
}

function unreachable(tracker: string, cause: Error): TrackerClientError {
  return new TrackerClientError('UNREACHABLE', tracker, `${tracker}: ${cause.message}`, { cause })
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
