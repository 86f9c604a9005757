// The announces of one infohash: the shell around AnnounceSchedule. One alarm, one call at a time, a goodbye at the end.

import type { Alarm, FoundPeer, PeerSink } from '@bt/ports'
import type { InfoHash } from '@bt/primitives'
import type { AnnounceEvent, AnnounceRequest } from '@bt/tracker-protocol'
import { gateOf, type Pass } from './announce-gate.ts'
import { type Announcement, AnnounceSchedule } from './announce-schedule.ts'
import { TrackerClientError } from './errors.ts'
import type { CallOptions, TrackerPorts } from './families.ts'
import {
  PORT_OF_NOBODY,
  STOP_MS,
  UDP_ATTEMPTS_ALONE,
  UDP_ATTEMPTS_WITH_OTHERS,
  UDP_PLACE_MS,
} from './limits.ts'
import { type Announced, announceTo } from './tracker-call.ts'
import { shownUrl, type UrlRules } from './url-rules.ts'

export interface TrackerClientOptions {
  readonly rules?: UrlRules
  /** Seconds: what an interval is clamped to from below; 60 unless told, less only for tests and closed networks. */
  readonly intervalMinSeconds?: number
  /** Peers to ask for; unless told, what the swarm says it wants. */
  readonly numWant?: number
}

const NO_EXTRA: ReadonlyMap<string, unknown> = new Map()

export class TorrentAnnounces {
  readonly #infoHash: InfoHash
  readonly #key: number
  readonly #sink: PeerSink
  readonly #ports: TrackerPorts
  readonly #options: TrackerClientOptions
  readonly #schedule: AnnounceSchedule
  readonly #trackerIds = new Map<string, string>()
  #alarm: Alarm | undefined
  #call: Alarm | undefined
  #pass: Pass | undefined
  #stopped = false
  /** Announced last. */
  #port = PORT_OF_NOBODY

  /** `key` proves to a tracker that all our families and torrents are one client (BEP 7). */
  constructor(
    infoHash: InfoHash,
    key: number,
    tiers: readonly (readonly string[])[],
    sink: PeerSink,
    ports: TrackerPorts,
    options: TrackerClientOptions,
  ) {
    this.#infoHash = infoHash
    this.#key = key
    this.#sink = sink
    this.#ports = ports
    this.#options = options
    const minimum = options.intervalMinSeconds
    this.#schedule = new AnnounceSchedule(
      tiers,
      ports.random,
      minimum === undefined ? {} : { intervalMinSeconds: minimum },
    )
  }

  changed(what: 'completed' | 'partial-seed'): void {
    const now = this.#ports.clock.now()
    if (what === 'completed') this.#schedule.completed(now)
    else this.#schedule.wanted(now)
    this.pump()
  }

  wanted(): void {
    this.#schedule.wanted(this.#ports.clock.now())
    this.pump()
  }

  /** Asks whoever is due, and sets the alarm for the next time. */
  pump(): void {
    if (this.#stopped) return
    const { clock } = this.#ports
    const announcement = this.#schedule.next(clock.now())
    if (announcement !== undefined) {
      this.#pass = gateOf(clock).enter(() => this.#announce(announcement))
      return
    }
    this.#alarm?.cancel()
    this.#alarm = undefined
    const deadline = this.#schedule.deadline()
    if (deadline < Number.POSITIVE_INFINITY) this.#alarm = clock.at(deadline, () => this.pump())
  }

  /** Ends all activity; `stopped` is announced to whoever heard of us, for at most `STOP_MS`. */
  stop(done: () => void): void {
    this.#stopped = true
    this.#alarm?.cancel()
    // Still waiting for its turn: nobody heard of it, and nobody needs a goodbye for it.
    if (this.#call === undefined) this.#schedule.withdrawn()
    this.#call?.cancel()
    this.#pass?.release()
    const { clock } = this.#ports
    const open = new Set<() => void>()
    const patience = clock.at(clock.now() + STOP_MS, () => {
      for (const giveUp of open) giveUp()
      done()
    })
    const end = (giveUp: () => void): void => {
      open.delete(giveUp)
      if (open.size > 0) return
      patience.cancel()
      done()
    }
    const goodbyes = new Map<string, Announcement[]>()
    for (const word of this.#schedule.stop()) {
      const words = goodbyes.get(word.tracker) ?? []
      goodbyes.set(word.tracker, [...words, word])
    }
    for (const words of goodbyes.values()) {
      const giveUp = this.#sayGoodbye(words, () => end(giveUp))
      open.add(giveUp)
    }
    if (open.size > 0) return
    patience.cancel()
    clock.at(clock.now(), done)
  }

  /** Says the last words to one tracker, one after the other. Answers how to give up. */
  #sayGoodbye(words: readonly Announcement[], said: () => void): () => void {
    const { clock } = this.#ports
    const options = { ...this.#callOptions(UDP_ATTEMPTS_WITH_OTHERS), timeoutMs: STOP_MS }
    let call: Alarm | undefined
    const say = ([word, ...rest]: readonly Announcement[]): void => {
      if (word === undefined) {
        pass.release()
        return said()
      }
      const request = this.#request(word.tracker, word.event)
      call = announceTo(word.tracker, request, this.#ports, options, () => say(rest))
    }
    const pass = gateOf(clock).enter(() => say(words))
    return () => {
      call?.cancel()
      pass.release()
    }
  }

  #announce({ tracker, event, others }: Announcement): void {
    const { clock } = this.#ports
    // Found by name, because the place may be given back long before the answer comes.
    const place = /^udp:/i.test(tracker)
      ? clock.at(clock.now() + UDP_PLACE_MS, () => this.#pass?.release())
      : undefined
    const options = {
      ...this.#callOptions(others ? UDP_ATTEMPTS_WITH_OTHERS : UDP_ATTEMPTS_ALONE),
      heard: (announced: Announced) => this.#heard(tracker, announced),
    }
    const request = this.#request(tracker, event)
    const call = announceTo(tracker, request, this.#ports, options, (error, answers) => {
      this.#call = undefined
      place?.cancel()
      this.#pass?.release()
      const now = clock.now()
      if (error === undefined) this.#schedule.succeeded(now, (answers[0] as Announced).response)
      else this.#failed(tracker, error, now)
      this.pump()
    })
    this.#call = {
      cancel: () => {
        place?.cancel()
        call.cancel()
      },
    }
  }

  #failed(tracker: string, error: Error, now: number): void {
    const facts = error instanceof TrackerClientError ? error : undefined
    this.#schedule.failed(now, facts?.code === 'BAD_URL' ? 'never' : facts?.retryInMinutes)
    const code = facts?.code ?? 'UNREACHABLE'
    this.#sink.noted({ source: tracker, level: 'warn', message: error.message, code })
  }

  #heard(tracker: string, { response, from }: Announced): void {
    const shown = shownUrl(tracker)
    if (response.trackerId !== undefined) this.#trackerIds.set(tracker, response.trackerId)
    if (response.warning !== undefined)
      this.#sink.noted({
        source: tracker,
        level: 'warn',
        message: `${shown} warns: ${response.warning}`,
      })
    const peers: FoundPeer[] = response.peers.map(({ host, port, peerId }) => {
      const endpoint = { host, port }
      return peerId === undefined ? { endpoint } : { endpoint, peerId }
    })
    const { complete, incomplete, externalAddress } = response
    this.#sink.noted({
      source: tracker,
      level: 'info',
      message: `${shown}: ${complete} seeds, ${incomplete} leeches, ${peers.length} peers`,
      seeds: complete,
      leeches: incomplete,
      peers: peers.length,
      ...(externalAddress === undefined ? {} : { externalAddress }),
    })
    this.#sink.announced(response.extra ?? NO_EXTRA, tracker)
    if (peers.length > 0) this.#sink.found(peers, 'tracker', from)
  }

  #request(tracker: string, event: AnnounceEvent | undefined): AnnounceRequest {
    const { uploadedBytes, downloadedBytes, leftBytes, partialSeed } = this.#sink.progress()
    const said = event ?? (partialSeed ? 'paused' : undefined)
    const trackerId = this.#trackerIds.get(tracker)
    const extra = this.#sink.announce()
    // last words come when nobody listens any more, and a tracker forgets only whom it knows
    if (!this.#stopped) this.#port = this.#sink.listenPort() || PORT_OF_NOBODY
    return {
      infoHash: this.#infoHash,
      peerId: this.#sink.peerId,
      port: this.#port,
      uploadedBytes,
      downloadedBytes,
      // Size unknown (magnet): anything but 0, which would say that we are a seed.
      leftBytes: leftBytes ?? 1,
      key: this.#key,
      compact: true,
      numWant: event === 'stopped' ? 0 : (this.#options.numWant ?? this.#sink.peersWanted()),
      ...(said === undefined ? {} : { event: said }),
      ...(trackerId === undefined ? {} : { trackerId }),
      ...(extra.size === 0 ? {} : { extra }),
    }
  }

  #callOptions(attemptsMax: number): CallOptions {
    const { rules } = this.#options
    return rules === undefined ? { attemptsMax } : { attemptsMax, rules }
  }
}
