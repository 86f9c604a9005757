// The shipped tracker on a host of its own in the simulated network, spoken to over HTTP.
//
// `held`: nobody is answered before the whole first crowd has announced, so that neighbour lists are drawn from all of
// it. An announce that was held is made again then: the first only entered its peer.

import type { SimHost, SimHttpAnswer } from '@bt/simulator'
import type { InfoHash } from '@bt/primitives'
import { type AnnounceHook, HttpFrontend, Tracker } from '@bt/tracker-server'

export interface MeetingFacts {
  readonly host: SimHost
  readonly hooks: () => readonly AnnounceHook[]
  /** Peers named in one answer. */
  readonly out: number
  /** How many announces it waits for before it answers any; 0: it does not wait. */
  readonly heldFor: number
}

const PORT = 80

export class MeetingTracker {
  readonly url: string
  readonly #facts: MeetingFacts
  #held: (() => void)[] | undefined
  #tracker: Tracker | undefined
  /** Hosts that its present life heard of, from themselves. */
  #heard = new Set<string>()

  constructor(facts: MeetingFacts) {
    this.#facts = facts
    this.url = `http://${facts.host.address}:${PORT}/announce`
    this.#held = facts.heldFor > 0 ? [] : undefined
    this.#start()
  }

  get host(): SimHost {
    return this.#facts.host
  }

  /** Hosts that announced something in its present life. */
  get heardFrom(): number {
    return this.#heard.size
  }

  hasHeard(host: string): boolean {
    return this.#heard.has(host)
  }

  /** Peers that it keeps, over these torrents. */
  storedCount(infoHashes: readonly InfoHash[]): number {
    let count = 0
    for (const { complete, incomplete } of this.#tracker?.scrape(infoHashes) ?? []) {
      count += complete + incomplete
    }
    return count
  }

  crash(): void {
    this.#facts.host.crash()
    this.#held = undefined
  }

  /** Comes back knowing nobody: peers announce again. */
  restart(): void {
    this.#facts.host.restart()
    this.#start()
  }

  #start(): void {
    const { host, hooks, out } = this.#facts
    const tracker = new Tracker({ hooks: hooks(), peersMax: out }, host.ports)
    this.#tracker = tracker
    this.#heard = new Set()
    const frontend = new HttpFrontend(tracker)
    host.serveHttp(PORT, ({ path, from }, answer) => {
      this.#heard.add(from)
      const reply = (): SimHttpAnswer => frontend.answer(path, { host: from, port: 1 })
      const first = reply()
      if (this.#held === undefined) answer(first)
      else this.#hold(() => answer(reply()))
    })
    tracker.start()
  }

  #hold(again: () => void): void {
    const held = this.#held as (() => void)[]
    held.push(again)
    if (held.length < this.#facts.heldFor) return
    this.#held = undefined
    for (const each of held) each()
  }
}
