// Several trackers of one swarm name the same leaders in the same term, and bar the same members.
//
// Each elects by itself, from what all of them know, and tells the others the outcome; `SiteSwarm.heard` says which of two
// outcomes holds. So nobody waits for anybody, there is no one who must not die, and what is told twice changes nothing.

import type { Clock } from '@bt/ports'
import type { InfoHash, PeerId } from '@bt/primitives'
import { Barred } from './barred.ts'
import {
  type Bar,
  decodeWord,
  type Elected,
  type ElectionWord,
  encodeWord,
} from './election-words.ts'
import { SameMaps, type MapWatch } from './same-maps.ts'
import type { SiteSwarm } from './site-swarm.ts'
import type { WholeSwarm } from './whole-swarm.ts'

export class Agreement {
  readonly #swarms: ReadonlyMap<InfoHash, WholeSwarm>
  readonly #clock: Clock
  /** Peer ids of leaders that vanished, and endpoints that could not be reached. */
  readonly #barred = new Barred()
  /** Tells other trackers of the same swarms; undefined: there are none. */
  #tell: ((infoHash: InfoHash, word: Uint8Array) => void) | undefined

  readonly #maps: SameMaps | undefined

  constructor(swarms: ReadonlyMap<InfoHash, WholeSwarm>, clock: Clock, map?: MapWatch) {
    this.#swarms = swarms
    this.#clock = clock
    this.#maps = map === undefined ? undefined : new SameMaps(map)
  }

  joined(tell: (infoHash: InfoHash, word: Uint8Array) => void): void {
    this.#tell = tell
  }

  /** Another tracker elected, or barred somebody. */
  told(infoHash: InfoHash, bytes: Uint8Array): void {
    const word = decodeWord(bytes)
    if (word?.kind === 'barred') this.#barredElsewhere(infoHash, word.bar)
    if (word?.kind !== 'elected') return
    this.#maps?.heard(word.map, this.#clock.now())
    this.#electedElsewhere(infoHash, word.site, word.elected)
  }

  /** Of a swarm's sites: who leads, and who must not. */
  retell(infoHash: InfoHash): void {
    const whole = this.#swarms.get(infoHash)
    if (whole === undefined) return
    const now = this.#clock.now()
    for (const [member, site] of whole.siteOfMember) {
      const peerId = whole.sites.get(site)?.members.get(member)?.peerId
      const ofEndpoint = this.#barred.until(member, now)
      const ofPeer = peerId === undefined ? undefined : this.#barred.until(peerId, now)
      if (ofEndpoint !== undefined) this.#sayBar(infoHash, { member }, ofEndpoint)
      if (ofPeer !== undefined && peerId !== undefined)
        this.#sayBar(infoHash, { member, peerId }, ofPeer)
    }
    for (const site of whole.sites.keys()) {
      const swarm = whole.sites.get(site)
      if (swarm !== undefined) this.elected(infoHash, site, swarm)
    }
  }

  /** Tells who leads a site. */
  elected(infoHash: InfoHash, site: string, swarm: SiteSwarm): void {
    const { elected } = swarm
    if (elected === undefined) return
    swarm.agreedAt = this.#clock.now()
    const map = this.#maps?.own
    this.#say(infoHash, { kind: 'elected', site, elected, ...(map === undefined ? {} : { map }) })
  }

  /** For so many milliseconds a member, or with a peer id whoever has that, leads nowhere. */
  bar(infoHash: InfoHash, who: Pick<Bar, 'member' | 'peerId'>, ms: number): void {
    const until = this.#clock.now() + ms
    this.#hold(infoHash, who, until)
    this.#sayBar(infoHash, who, until)
  }

  isBarred(member: string, peerId: PeerId): boolean {
    const now = this.#clock.now()
    return this.#barred.isBarred(peerId, now) || this.#barred.isBarred(member, now)
  }

  #barredElsewhere(infoHash: InfoHash, bar: Bar): void {
    const left = 1000 * (bar.untilSeconds - this.#clock.wallSeconds())
    if (left > 0) this.#hold(infoHash, bar, this.#clock.now() + left)
  }

  #hold(
    infoHash: InfoHash,
    { member, peerId }: Pick<Bar, 'member' | 'peerId'>,
    until: number,
  ): void {
    this.#barred.bar(peerId ?? member, until, this.#clock.now())
    const whole = this.#swarms.get(infoHash)
    const here = whole?.member(member)
    if (here?.eligible === true && this.isBarred(member, here.peerId))
      whole?.siteOf(member)?.put(member, { ...here, eligible: false })
  }

  #electedElsewhere(infoHash: InfoHash, site: string, elected: Elected): void {
    const swarm = this.#swarms.get(infoHash)?.sites.get(site)
    if (swarm === undefined) return
    const todo = swarm.heard(elected, this.#clock.now(), Math.floor(this.#clock.wallSeconds()))
    if (todo === 'leaders') this.elected(infoHash, site, swarm)
  }

  #sayBar(infoHash: InfoHash, who: Pick<Bar, 'member' | 'peerId'>, until: number): void {
    const left = (until - this.#clock.now()) / 1000
    const untilSeconds = Math.ceil(this.#clock.wallSeconds() + left)
    this.#say(infoHash, { kind: 'barred', bar: { ...who, untilSeconds } })
  }

  #say(infoHash: InfoHash, word: ElectionWord): void {
    this.#tell?.(infoHash, encodeWord(word))
  }
}
