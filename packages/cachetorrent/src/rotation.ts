// Whom a member of a site serves (rules 5 and 7): in the site by turns, outside first come, neither by what comes back.
//
// A local slot is kept for 20 s, then goes to who waited longest. Who asks for nothing keeps it and does not count: near
// the end most of what members lack is asked of others, and eight of those would shut out all who could ask. Outside
// askers are all unchoked, up to a bound: they hold claims and ask for single pieces. Nobody is choked for want of
// interest alone: the request that crosses such a choke on its way would be rejected, and a rejected piece is left alone
// for long. Which request goes next is by bytes served, equal among sites and neighbours, a piece at a time (turns.ts).
// Within a site every second one is of the member that has the least: who has few fast neighbours falls behind, and in the
// end its own line would keep all waiting.

import type { OpenRequest, PeerHandle } from '@bt/swarm'
import { Earners } from './earners.ts'
import { EARNED_SLOTS, EXPORT_SLOTS, LOCAL_SLOTS, slotsFor, SLOT_MS } from './limits.ts'
import { Turns } from './turns.ts'

/** 'strangers': some slots must be earned. */
export type Trust = 'site' | 'strangers'

export class Rotation {
  readonly turns: Turns
  /** So many outside are served at most: fewer while the seed of our site needs the link. */
  outsideMost = EXPORT_SLOTS
  readonly #localSlots: number
  readonly #exportSlots: number
  /** Local ones that go by turns. */
  #slots = 0
  /** Undefined: nobody has to earn anything. */
  readonly #earners: Earners | undefined
  /** Since when each local peer holds its slot. */
  readonly #since = new Map<PeerHandle, number>()
  /** When each lost its slot. */
  readonly #until = new Map<PeerHandle, number>()
  /** Outside peers that are unchoked. */
  readonly #outside = new Set<PeerHandle>()
  #interested: ReadonlySet<PeerHandle> = new Set()
  /** Bytes served by group: the site itself, or one of the others. */
  readonly #served = new Map<string, number>()
  #mostServed = 0
  /** The requests of those that had something to ask for when it was last looked at. */
  #asking: readonly OpenRequest[] = []
  /** Who is behind gets every second request: not of strangers, who may say that they have nothing. */
  readonly #helpsLast: boolean
  #isForLast = false
  /** Somebody of the site got no slot. */
  #isWaiting = false

  /** Bytes per second that we declare (0: not said), and the length of a piece in bytes. */
  constructor(upload: number, pieceLength: number, trust: Trust = 'site') {
    this.turns = new Turns(pieceLength, upload)
    this.#earners = trust === 'strangers' ? new Earners() : undefined
    this.#helpsLast = trust === 'site'
    const { local, outside } = slotsFor(upload)
    this.#localSlots = local
    this.#exportSlots = outside
  }

  unchoke(
    interested: readonly PeerHandle[],
    isLocal: (peer: PeerHandle) => boolean,
    now: number,
  ): readonly PeerHandle[] {
    const local = interested.filter(isLocal)
    for (const peer of this.#since.keys()) if (!isLocal(peer)) this.#freed(peer, now)
    this.#interested = new Set(interested)
    const earners = this.#earn(local, now)
    const waiting = local
      .filter((peer) => !this.#since.has(peer) && !earners.includes(peer))
      .map((peer, at) => ({ peer, at, until: this.#until.get(peer) ?? Number.NEGATIVE_INFINITY }))
      .toSorted((one, other) => before(one.until, other.until) || one.at - other.at)
    this.#slots = this.#localSlots - earners.length
    let room = this.#slots - this.#busy
    for (; room < 0; room++) if (!this.#giveUpOldest(now)) break
    this.#isWaiting = false
    for (const { peer } of waiting) {
      if (room <= 0 && !this.#giveUpOldest(now)) {
        this.#isWaiting = true
        break
      }
      room--
      this.#since.set(peer, now)
    }
    return [...earners, ...this.#since.keys(), ...this.#exports(interested, isLocal)]
  }

  /** Of those whose turn it may be, who waited longest: whoever shows pieces to sites in turn has shared out already. */
  oldest(open: readonly OpenRequest[], now: number): OpenRequest | 'later' {
    this.#asking = open
    let best: OpenRequest | undefined
    for (const request of this.turns.admitted(open, now)) {
      if (best === undefined || isOlder(request, best)) best = request
    }
    return best ?? 'later'
  }

  /** Of those whose turn it may be, the request of the group that got least so far; in a group by turns first come, and who has the least. */
  next(
    open: readonly OpenRequest[],
    groupOf: (peer: PeerHandle) => string,
    now: number,
  ): OpenRequest | 'later' {
    this.#asking = open
    let best: OpenRequest | undefined
    let bestServed = 0
    const comesBefore = this.#isForLast ? hasLess : isOlder
    for (const request of this.turns.admitted(open, now)) {
      const served = this.#served.get(groupOf(request.peer)) ?? 0
      const isBetter =
        best === undefined ||
        served < bestServed ||
        (served === bestServed && comesBefore(request, best))
      if (!isBetter) continue
      best = request
      bestServed = served
    }
    if (best !== undefined && this.#helpsLast) this.#isForLast = !this.#isForLast
    return best ?? 'later'
  }

  /** A group that got nothing while it asked for nothing has no arrears to be paid. */
  served(peer: PeerHandle, group: string, bytes: number, now: number): void {
    this.turns.handed(peer, bytes, now)
    const own = Math.max(this.#served.get(group) ?? 0, this.#mostServed - ARREARS_BYTES_MAX)
    this.#served.set(group, own + bytes)
    this.#mostServed = Math.max(this.#mostServed, own + bytes)
  }

  left(peer: PeerHandle): void {
    this.#since.delete(peer)
    this.#until.delete(peer)
    this.#outside.delete(peer)
    this.#earners?.left(peer)
    this.turns.left(peer)
  }

  /** Who keeps a slot by what it gives: three of eight; they take no other. */
  #earn(local: readonly PeerHandle[], now: number): readonly PeerHandle[] {
    const most = Math.floor((this.#localSlots * EARNED_SLOTS) / LOCAL_SLOTS)
    const earners = this.#earners?.best(local, now).slice(0, most) ?? []
    for (const peer of earners) this.#since.delete(peer)
    return earners
  }

  /** A slot whose holder asks for nothing is free for others, who may not. */
  get isIdle(): boolean {
    return this.#isWaiting && this.#busy < this.#slots
  }

  get #busy(): number {
    let count = 0
    for (const peer of this.#since.keys()) {
      const isAsking = this.#asking.some((open) => open.peer === peer)
      if (isAsking || this.turns.isServed(peer)) count++
    }
    return count
  }

  /** Who was let in stays, asking or not, while there is room. */
  #exports(
    interested: readonly PeerHandle[],
    isLocal: (peer: PeerHandle) => boolean,
  ): Iterable<PeerHandle> {
    const slots = Math.min(this.#exportSlots, this.outsideMost)
    for (const peer of this.#outside) if (isLocal(peer)) this.#outside.delete(peer)
    if (this.#outside.size > slots) this.#outside.clear()
    for (const peer of interested) {
      if (isLocal(peer) || this.#outside.has(peer)) continue
      const idle = [...this.#outside].find((other) => !this.#interested.has(other))
      if (this.#outside.size >= slots && idle !== undefined) this.#outside.delete(idle)
      if (this.#outside.size < slots) this.#outside.add(peer)
    }
    return this.#outside
  }

  #giveUpOldest(now: number): boolean {
    for (const peer of this.#since.keys()) {
      if (this.#interested.has(peer)) continue
      this.#freed(peer, now)
      return true
    }
    for (const [peer, since] of this.#since) {
      if (now - since < SLOT_MS) continue
      this.#freed(peer, now)
      return true
    }
    return false
  }

  #freed(peer: PeerHandle, now: number): void {
    this.#since.delete(peer)
    this.#until.set(peer, now)
  }
}

/** Bytes that a group which was served less may be ahead of the others: a few pieces. */
const ARREARS_BYTES_MAX = 4 * 1024 * 1024

function isOlder(one: OpenRequest, other: OpenRequest): boolean {
  return one.since < other.since
}

function hasLess(one: OpenRequest, other: OpenRequest): boolean {
  return one.peer.pieces.count < other.peer.pieces.count
}

function before(one: number, other: number): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}
