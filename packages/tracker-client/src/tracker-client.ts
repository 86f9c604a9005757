// Peers from trackers: the shell around AnnounceSchedule. One alarm, one call at a time, goodbye within five seconds.

import type { Alarm, Done, FoundPeer, PeerSink, PeerSource } from '@bt/ports'
import type { InfoHash } from '@bt/primitives'
import type { AnnounceEvent, AnnounceRequest } from '@bt/tracker-protocol'
import { gateOf, type Pass } from './announce-gate.ts'
import { type Announcement, AnnounceSchedule } from './announce-schedule.ts'
import { TrackerClientError } from './errors.ts'
import { STOP_MS, UDP_ATTEMPTS_WITH_OTHERS } from './limits.ts'
import { type Announced, announceTo, type TrackerPorts } from './tracker-call.ts'
import type { UrlRules } from './url-rules.ts'

export interface TrackerClientOptions {
  readonly rules?: UrlRules
  /** Seconds: what an interval is clamped to from below; 60 unless told, less only for tests and closed networks. */
  readonly intervalMinSeconds?: number
  /** Peers to ask for; unless told, what the swarm says it wants. */
  readonly numWant?: number
}

export class TrackerClient implements PeerSource {
  readonly #tiers: readonly (readonly string[])[]
  readonly #ports: TrackerPorts
  readonly #options: TrackerClientOptions
  readonly #key: number
  readonly #schedules: Schedule[] = []
  #sink: PeerSink | undefined

  /** `tiers` as in the metainfo: announce to the first that answers (BEP 12). */
  constructor(
    tiers: readonly (readonly string[])[],
    ports: TrackerPorts,
    options: TrackerClientOptions = {},
  ) {
    this.#tiers = tiers
    this.#ports = ports
    this.#options = options
    this.#key = ports.random.below(2 ** 32)
  }

  start(sink: PeerSink): void {
    this.#sink = sink
    for (const infoHash of sink.infoHashes) {
      const schedule = new Schedule(
        infoHash,
        this.#key,
        this.#tiers,
        sink,
        this.#ports,
        this.#options,
      )
      this.#schedules.push(schedule)
      schedule.pump()
    }
  }

  changed(what: 'completed' | 'partial-seed'): void {
    for (const schedule of this.#schedules) schedule.changed(what)
  }

  wanted(): void {
    for (const schedule of this.#schedules) schedule.wanted()
  }

  stop(done: Done): void {
    let open = this.#schedules.length
    this.#sink = undefined
    if (open === 0) this.#ports.clock.at(this.#ports.clock.now(), () => done(undefined, undefined))
    for (const schedule of this.#schedules.splice(0)) {
      schedule.stop(() => {
        open--
        if (open === 0) done(undefined, undefined)
      })
    }
  }
}

/** The announces of one infohash: a hybrid torrent has two. */
class Schedule {
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
    this.#call?.cancel()
    this.#pass?.release()
    const goodbyes = this.#schedule.stop()
    const { clock } = this.#ports
    if (goodbyes.length === 0) {
      clock.at(clock.now(), done)
      return
    }
    const calls = new Set<Alarm>()
    const patience = clock.at(clock.now() + STOP_MS, () => {
      for (const call of calls) call.cancel()
      done()
    })
    for (const { tracker } of goodbyes) {
      const options = { ...this.#callOptions(true), timeoutMs: STOP_MS }
      const call = announceTo(
        tracker,
        this.#request(tracker, 'stopped'),
        this.#ports,
        options,
        () => {
          calls.delete(call)
          if (calls.size > 0) return
          patience.cancel()
          done()
        },
      )
      calls.add(call)
    }
  }

  #announce({ tracker, event, others }: Announcement): void {
    const request = this.#request(tracker, event)
    this.#call = announceTo(
      tracker,
      request,
      this.#ports,
      this.#callOptions(others),
      (error, answers) => {
        this.#call = undefined
        this.#pass?.release()
        const now = this.#ports.clock.now()
        if (error === undefined) this.#heard(tracker, answers, now)
        else {
          const facts = error instanceof TrackerClientError ? error : undefined
          const hopeless = facts?.code === 'BAD_URL' ? 'never' : facts?.retryInMinutes
          this.#schedule.failed(now, hopeless)
          this.#sink.noted({
            source: tracker,
            level: 'warn',
            message: error.message,
            code: facts?.code ?? 'UNREACHABLE',
          })
        }
        this.pump()
      },
    )
  }

  #heard(tracker: string, answers: readonly Announced[], now: number): void {
    const first = (answers[0] as Announced).response
    this.#schedule.succeeded(now, first)
    for (const { response, from } of answers) {
      if (response.trackerId !== undefined) this.#trackerIds.set(tracker, response.trackerId)
      if (response.warning !== undefined)
        this.#sink.noted({
          source: tracker,
          level: 'warn',
          message: `${tracker} warns: ${response.warning}`,
        })
      const peers: FoundPeer[] = response.peers.map(({ host, port, peerId }) => {
        const endpoint = { host, port }
        return peerId === undefined ? { endpoint } : { endpoint, peerId }
      })
      this.#sink.noted({
        source: tracker,
        level: 'info',
        message: `${tracker}: ${response.complete} seeds, ${response.incomplete} leeches, ${peers.length} peers`,
        complete: response.complete,
        incomplete: response.incomplete,
        peers: peers.length,
        ...(response.externalAddress === undefined
          ? {}
          : { externalAddress: response.externalAddress }),
      })
      if (response.extra !== undefined) this.#sink.announced(response.extra, tracker)
      if (peers.length > 0) this.#sink.found(peers, 'tracker', from)
    }
  }

  #request(tracker: string, event: AnnounceEvent | undefined): AnnounceRequest {
    const { uploadedBytes, downloadedBytes, leftBytes, partialSeed } = this.#sink.progress()
    const said = event ?? (partialSeed ? 'paused' : undefined)
    const trackerId = this.#trackerIds.get(tracker)
    const extra = this.#sink.announce()
    return {
      infoHash: this.#infoHash,
      peerId: this.#sink.peerId,
      port: this.#sink.listenPort(),
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

  #callOptions(impatient: boolean): { readonly rules?: UrlRules; readonly attemptsMax?: number } {
    return {
      ...(this.#options.rules === undefined ? {} : { rules: this.#options.rules }),
      ...(impatient ? { attemptsMax: UDP_ATTEMPTS_WITH_OTHERS } : {}),
    }
  }
}
