// Dials the known peers of one torrent: best first, a bounded number at a time, never in a burst beyond the caps.

import type { Alarm, ByteChannel, Clock, Transport } from '@bt/ports'
import type { InfoHash } from '@bt/primitives'
import type { SwarmPolicy } from '../policy.ts'
import type { ConnectionCaps } from './connection-caps.ts'
import type { DialCandidate, KnownPeers } from './known-peers.ts'
import type { Turn } from './turn.ts'

/** Milliseconds until a dial is given up: two SYN retries on a lossy path, and a slot is free again. */
export const DIAL_MS = 10_000

export interface DialerParts {
  readonly known: KnownPeers
  readonly transport: Transport
  readonly clock: Clock
  readonly caps: ConnectionCaps
  readonly turn: Turn
  readonly infoHash: InfoHash
  readonly score: SwarmPolicy['dial']
  /** Dials of this torrent at one time. */
  readonly dialsMax: () => number
  /** How many more connections the torrent wants; dials under way are not in it yet. */
  readonly room: () => number
  /** We have everything: seeds have nothing to ask us. */
  readonly skipSeeds: () => boolean
  /** A channel stands; it is counted in the caps, and the receiver ends that. */
  readonly dialed: (channel: ByteChannel, candidate: DialCandidate) => void
}

export class Dialer {
  readonly #parts: DialerParts
  readonly #underWay = new Map<DialCandidate, Alarm>()
  readonly #woken = (): void => this.go()
  #alarm: Alarm | undefined
  #running = false

  constructor(parts: DialerParts) {
    this.#parts = parts
  }

  /** Dials under way. */
  get underWay(): number {
    return this.#underWay.size
  }

  start(): void {
    this.#running = true
    this.go()
  }

  /** Gives up what is under way; nothing is dialled until `start`. */
  stop(): void {
    this.#running = false
    this.#alarm?.cancel()
    this.#alarm = undefined
    this.#parts.caps.forget(this.#woken)
    const now = this.#parts.clock.now()
    for (const [candidate, alarm] of this.#underWay) {
      alarm.cancel()
      this.#over(candidate)
      this.#parts.known.disconnected(candidate.endpoint, now, 'no-room')
    }
  }

  /** Dials as many as there may be now; sets an alarm for when more become possible. */
  go(): void {
    if (!this.#running) return
    const { known, caps, clock, score, skipSeeds } = this.#parts
    const now = clock.now()
    while (this.#wanted() > 0 && caps.takeDial(this.#woken)) {
      const candidate = known.candidates(1, now, score, skipSeeds())[0]
      if (candidate === undefined) {
        caps.freeDial()
        break
      }
      if (!caps.connect(candidate.endpoint.host)) {
        caps.freeDial()
        known.disconnected(candidate.endpoint, now, 'no-room')
        continue
      }
      this.#dial(candidate)
    }
    this.#arm(now)
  }

  #wanted(): number {
    const under = this.#underWay.size
    return Math.min(this.#parts.dialsMax() - under, this.#parts.room() - under)
  }

  #dial(candidate: DialCandidate): void {
    const { transport, infoHash, known, clock, caps, turn, dialed } = this.#parts
    const options = { skey: infoHash, timeoutMs: DIAL_MS }
    const alarm = transport.dial(candidate.endpoint, options, (error, channel) => {
      this.#underWay.delete(candidate)
      caps.freeDial()
      if (error !== undefined) {
        caps.disconnect(candidate.endpoint.host)
        known.dialFailed(candidate.endpoint, clock.now())
      } else if (this.#parts.room() <= 0) {
        // who came to our port meanwhile took the last place
        channel.close()
        caps.disconnect(candidate.endpoint.host)
        known.disconnected(candidate.endpoint, clock.now(), 'no-room')
      } else {
        known.connected(candidate.endpoint)
        dialed(channel, candidate)
      }
      this.go()
      turn.end()
    })
    this.#underWay.set(candidate, alarm)
  }

  #over(candidate: DialCandidate): void {
    this.#underWay.delete(candidate)
    this.#parts.caps.freeDial()
    this.#parts.caps.disconnect(candidate.endpoint.host)
  }

  #arm(now: number): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
    if (this.#wanted() <= 0) return
    const deadline = this.#parts.known.deadline(now)
    if (deadline === Number.POSITIVE_INFINITY) return
    // one that is due now waits for a cap: the caps wake us; never spin
    this.#alarm = this.#parts.clock.at(Math.max(deadline, now + 1000), () => {
      this.go()
      this.#parts.turn.end()
    })
  }
}
