// What neighbours say in `bt_cache`, and whose business each word is.

import type { PeerId } from '@bt/primitives'
import type { PeerHandle, PolicyHost } from '@bt/swarm'
import type { ArbiterDesk, Verdict } from './arbiter-desk.ts'
import type { Claiming } from './claiming.ts'
import type { Departures } from './departures.ts'
import type { ImportDesk } from './import-desk.ts'
import type { Leadership } from './leadership.ts'
import type { Ledger } from './ledger.ts'
import { BUSY_MS_MAX, SIGN_MS } from './limits.ts'
import type { CacheMessage } from './messages.ts'
import type { Neighbour, Neighbours } from './neighbours.ts'
import type { PassedOn } from './passed-on.ts'
import type { Patience } from './patience.ts'
import type { Signs } from './signs.ts'
import type { Voice } from './voice.ts'
import type { Yielding } from './yielding.ts'

type Said<K extends CacheMessage['kind']> = Extract<CacheMessage, { readonly kind: K }>

export interface HearingParts {
  readonly host: PolicyHost
  readonly neighbours: Neighbours
  readonly leadership: Leadership
  readonly imports: ImportDesk
  readonly arbiter: ArbiterDesk
  readonly claiming: Claiming
  readonly departures: Departures
  readonly passedOn: PassedOn
  readonly voice: Voice
  readonly signs: Signs
  readonly ledger: Ledger
  readonly yielding: Yielding
  readonly patience: Pick<Patience, 'heardUnderWay'>
  /** It said who it is: where is it? */
  readonly look: (neighbour: Neighbour) => void
  /** It imports from now on, or no longer. */
  readonly limited: (neighbour: Neighbour) => void
  /** A tracker of ours speaks of terms. */
  readonly hasReply: () => boolean
  readonly isCached: () => boolean
}

export class Hearing {
  readonly #parts: HearingParts
  readonly #self: PeerId

  constructor(parts: HearingParts) {
    this.#parts = parts
    this.#self = parts.host.self.peerId
  }

  heard(peer: PeerHandle, message: CacheMessage): void {
    const { host, neighbours, leadership, arbiter, passedOn, signs } = this.#parts
    const neighbour = neighbours.of(peer)
    if (neighbour === undefined) return
    const now = host.now()
    signs.heard(neighbour, now)
    if (message.kind === 'role') this.#role(neighbour, message, now)
    if (neighbour.where !== 'local') return
    if ('term' in message && message.term > leadership.term && this.#parts.hasReply()) {
      host.changed('announce')
    }
    if (message.kind === 'yield') this.#yield(message.waitMs, now)
    else if (message.kind === 'busy') this.#busy(neighbour, message, now)
    else if (message.kind === 'leave') this.#parts.departures.left(neighbour, message, now)
    else if (message.kind === 'lease') this.#lease(neighbour, message, now)
    else if (message.kind === 'claim') this.#claim(neighbour, message, now)
    else if (message.kind === 'claim-answer') this.#answer(neighbour, message)
    else if (message.kind === 'claim-done') {
      arbiter.done(message.verified, message.givenBack, peer.peerId, now)
      passedOn.done(message.verified, message.givenBack, peer.peerId)
    }
  }

  /** Verdicts that had to wait, of ours and of others that we asked. */
  late(now: number): void {
    const { arbiter, passedOn } = this.#parts
    for (const [asker, verdicts] of arbiter.confirmed(now)) this.tell(asker, verdicts)
    for (const [asker, verdicts] of passedOn.look(now)) this.tell(asker, verdicts)
  }

  /** Verdicts of ours, to whoever asked: a member, or ourselves. */
  tell(asker: PeerId, verdicts: ReadonlyMap<number, Verdict>): void {
    if (verdicts.size === 0) return
    if (asker === this.#self) this.#parts.claiming.decided(verdicts, this.#self)
    else this.#parts.voice.answer(asker, verdicts)
  }

  #role(neighbour: Neighbour, message: Said<'role'>, now: number): void {
    const { voice, look } = this.#parts
    if (message.asks === true && now - neighbour.answeredAt >= SIGN_MS) {
      neighbour.answeredAt = now
      voice.sign(neighbour, false)
    }
    if (message.term < neighbour.term) return
    const isNewLeader = message.role === 'leader' && neighbour.role !== 'leader'
    neighbour.role = neighbour.isLeaving ? 'follower' : message.role
    neighbour.term = message.term
    if (message.site !== undefined) neighbour.site = message.site
    const importsNothing = message.importsNothing === true
    const isChanged = importsNothing !== neighbour.importsNothing
    neighbour.importsNothing = importsNothing
    neighbour.steps = message.steps ?? 0
    look(neighbour)
    if (isChanged) this.#parts.limited(neighbour)
    if (isNewLeader && neighbour.where === 'local') voice.leaseTo([neighbour])
  }

  #yield(ms: number, now: number): void {
    const { yielding } = this.#parts
    if (ms === 0) yielding.isOver(now)
    else yielding.asked(ms, now)
  }

  /** Asked for nothing meanwhile; what it says until then changes nothing, so that it costs us one alarm. */
  #busy(neighbour: Neighbour, { waitMs }: Said<'busy'>, now: number): void {
    const { host } = this.#parts
    if (neighbour.isBusy || waitMs === 0) return
    const turns = (isBusy: boolean): void => {
      neighbour.isBusy = isBusy
      if (this.#parts.neighbours.of(neighbour.peer) === neighbour)
        host.changed('scope', neighbour.peer)
    }
    turns(true)
    host.at(now + Math.min(waitMs, BUSY_MS_MAX), () => turns(false))
  }

  #lease(neighbour: Neighbour, message: Said<'lease'>, now: number): void {
    const { leadership, arbiter, imports, ledger } = this.#parts
    const { peerId } = neighbour.peer
    if (!leadership.leads(peerId) && neighbour.role !== 'leader') return
    if (message.yieldMs !== undefined) this.#yield(message.yieldMs, now)
    if ((message.underWay ?? 0) > 0) this.#parts.patience.heardUnderWay(now)
    arbiter.heardLease(peerId, message.claims, now, message.term === leadership.term)
    for (const [piece, holder] of message.claims) {
      if (holder === this.#self) continue
      if (imports.holdsFirst(piece)) ledger.doubted(piece)
      imports.heard(piece, now)
    }
  }

  #claim({ peer, role }: Neighbour, message: Said<'claim'>, now: number): void {
    const { arbiter, leadership, passedOn, voice } = this.#parts
    const { peerId } = peer
    const { grants } = arbiter.book
    const isPassed = message.spill === true || role === 'leader' || leadership.leads(peerId)
    const parting = isPassed ? undefined : passedOn.asked(message, peerId, now)
    const pieces = parting?.rest ?? message.pieces
    const own = arbiter.asked({ ...message, pieces }, peerId, now)
    this.tell(peerId, new Map([...(parting?.verdicts ?? []), ...own]))
    if (arbiter.book.grants > grants) voice.leaseToLeaders()
  }

  /** What another leader decided about pieces that we passed on to it; answers the verdicts that are for us. */
  #passBack(
    verdicts: ReadonlyMap<number, Verdict>,
    arbiter: PeerId,
    passedBack: boolean,
  ): ReadonlyMap<number, Verdict> {
    const { leadership, passedOn, voice } = this.#parts
    const rest = new Map(verdicts)
    for (const [asker, answer] of passedOn.answered(verdicts, arbiter)) {
      const first = new Map<number, Verdict>()
      const others = new Map<number, Verdict>()
      for (const [piece, verdict] of answer) {
        rest.delete(piece)
        const isFirst = passedBack || leadership.isFirst(arbiter, piece)
        if (isFirst) first.set(piece, verdict)
        else others.set(piece, verdict)
      }
      if (first.size > 0) voice.answer(asker, first, true)
      this.tell(asker, others)
    }
    return rest
  }

  #answer({ peer }: Neighbour, message: Said<'claim-answer'>): void {
    const { leadership, claiming } = this.#parts
    leadership.answered(peer.peerId)
    const again = new Set(message.again)
    const verdicts = new Map<number, Verdict>()
    for (const piece of message.granted) verdicts.set(piece, again.has(piece) ? 'again' : 'granted')
    for (const piece of message.taken) verdicts.set(piece, 'taken')
    for (const piece of message.have) verdicts.set(piece, 'have')
    const ours = this.#passBack(verdicts, peer.peerId, message.passedOn === true)
    claiming.decided(ours, peer.peerId, message.passedOn === true)
    if (this.#parts.isCached()) claiming.ask()
  }
}
