// Where the policy of a torrent sits: its answers, kept until it says that they changed, and its host.
//
// Everything else in the engine asks here and never knows whether there is a policy. Answers are kept with the peer;
// a policy that answers nothing costs one comparison.

import type { PieceGeometry } from '@bt/metainfo'
import type { Alarm, Clock, PeerOrigin, Random } from '@bt/ports'
import type { Endpoint, PeerId, ReadonlyBitfield } from '@bt/primitives'
import { LEAVE_MS } from './options.ts'
import type { Peer } from './peers/peer.ts'
import type {
  ByteBudget,
  Link,
  PeerHandle,
  PieceScope,
  PolicyFact,
  PolicyHost,
  PolicyQuestion,
  SwarmPolicy,
  UnchokeRound,
} from './policy.ts'

/** What the seat does for the policy, by the engine's hand. */
export interface SeatParts {
  readonly clock: Clock
  readonly random: Random
  readonly peerId: PeerId
  readonly port: () => number
  readonly have: () => ReadonlyBitfield
  readonly geometry: () => PieceGeometry | undefined
  readonly peersMax: () => number
  readonly peers: () => Iterable<Peer>
  readonly send: (peer: PeerHandle, extension: string, payload: Uint8Array) => boolean
  readonly dial: (endpoint: Endpoint) => void
  readonly drop: (peer: PeerHandle, reason: string) => void
  readonly changed: (
    question: PolicyQuestion,
    peer: PeerHandle | undefined,
    piece: number | undefined,
  ) => void
  /** The outermost call of an alarm is over. */
  readonly endTurn: () => void
}

interface Kept {
  link: Link | undefined
  scope: PieceScope | undefined | 'unasked'
  budget: ByteBudget | undefined | 'unasked'
}

export class PolicySeat {
  readonly policy: SwarmPolicy | undefined
  /** Is anybody told of facts? Asked before one is made, on hot paths. */
  readonly observes: boolean
  readonly #parts: SeatParts
  readonly #alarms = new Set<Alarm>()
  /** Is anybody told of haves? Asked before the fact is made, on the hottest path there is. */
  readonly hearsHaves: boolean
  /** Which questions it answers at all: a policy may be slow to say so. */
  readonly #answersLink: boolean
  readonly #answersScope: boolean
  readonly #answersBudget: boolean
  readonly #glances: boolean
  #attached = false

  constructor(policy: SwarmPolicy | undefined, parts: SeatParts) {
    this.policy = policy
    this.#parts = parts
    this.observes = policy?.observe !== undefined
    this.hearsHaves = this.observes && policy?.observes?.has('have') !== false
    this.#answersLink = policy?.link !== undefined
    this.#answersScope = policy?.scope !== undefined
    this.#answersBudget = policy?.budget !== undefined
    this.#glances = policy?.glance !== undefined
  }

  attach(): void {
    if (this.policy === undefined || this.#attached) return
    this.#attached = true
    this.policy.attach?.(this.#host())
  }

  /** The policy takes its leave, if it has anything to say or to serve, within `LEAVE_MS`. */
  leave(done: () => void): void {
    if (!this.#attached || this.policy?.leave === undefined) return done()
    let hasLeft = false
    const go = (): void => {
      if (hasLeft) return
      hasLeft = true
      alarm.cancel()
      done()
    }
    const { clock, endTurn } = this.#parts
    const alarm = clock.at(clock.now() + LEAVE_MS, () => {
      go()
      endTurn()
    })
    this.policy.leave(go)
  }

  /** The policy's alarms end, its host does nothing any more. */
  detach(): void {
    if (!this.#attached) return
    this.#attached = false
    for (const alarm of this.#alarms) alarm.cancel()
    this.#alarms.clear()
    this.policy?.detach?.()
  }

  observe(fact: PolicyFact): void {
    this.policy?.observe?.(fact)
  }

  glance(peer: Peer, piece: number): number {
    return this.#glances ? (this.policy?.glance?.(peer, piece) ?? 0) : 0
  }

  closed(peer: Peer): void {
    peer.answers = undefined
  }

  link(peer: Peer): Link {
    if (!this.#answersLink) return 'both'
    const kept = this.#keptOf(peer)
    return (kept.link ??= this.policy?.link?.(peer) ?? 'both')
  }

  /** Is this piece told to this peer at once (true), or in company (false)? Undefined: nobody has an opinion. */
  promptHaves(peer: PeerHandle, piece: number): boolean | undefined {
    return this.policy?.promptHaves?.(peer, piece)
  }

  /** May we ask this peer for payload? */
  mayAsk(peer: Peer): boolean {
    const link = this.link(peer)
    return link === 'both' || link === 'download-only'
  }

  /** May we serve this peer payload? */
  mayServe(peer: Peer): boolean {
    const link = this.link(peer)
    return link === 'both' || link === 'upload-only'
  }

  scope(peer: Peer): PieceScope | undefined {
    if (!this.#answersScope) return undefined
    const kept = this.#keptOf(peer)
    if (kept.scope === 'unasked') kept.scope = this.policy?.scope?.(peer)
    return kept.scope
  }

  budget(peer: Peer): ByteBudget | undefined {
    if (!this.#answersBudget) return undefined
    const kept = this.#keptOf(peer)
    if (kept.budget === 'unasked') kept.budget = this.policy?.budget?.(peer)
    return kept.budget
  }

  /** How long, in milliseconds, a request for a piece that we lack waits; 0: not. */
  hold(peer: PeerHandle, piece: number, heldNow: number): number {
    return this.policy?.hold?.(peer, piece, heldNow) ?? 0
  }

  unchoke(round: UnchokeRound): readonly PeerHandle[] {
    return this.policy?.unchoke?.(round) ?? round.proposed
  }

  /** Is this piece, which we have, shown to this peer? */
  reveals(piece: number, peer: PeerHandle): boolean {
    const shown = this.policy?.reveal?.(piece) ?? 'all'
    return shown === 'all' || shown.includes(peer)
  }

  get hidesPieces(): boolean {
    return this.policy?.reveal !== undefined
  }

  get dialScore(): SwarmPolicy['dial'] {
    const policy = this.policy
    if (policy?.dial === undefined) return undefined
    return (endpoint: Endpoint, origin: PeerOrigin) => policy.dial?.(endpoint, origin) ?? 1
  }

  #keptOf(peer: Peer): Kept {
    peer.answers ??= { link: undefined, scope: 'unasked', budget: 'unasked' } satisfies Kept
    return peer.answers as Kept
  }

  #forget(question: PolicyQuestion, peer: PeerHandle | undefined): void {
    const peers = peer === undefined ? this.#parts.peers() : [peer as Peer]
    for (const { answers } of peers) {
      const kept = answers as Kept | undefined
      if (kept === undefined) continue
      if (question === 'link') kept.link = undefined
      if (question === 'scope') kept.scope = 'unasked'
      if (question === 'budget') kept.budget = 'unasked'
    }
  }

  #host(): PolicyHost {
    const parts = this.#parts
    const alive = (): boolean => this.#attached
    return {
      now: () => parts.clock.now(),
      at: (timeMs, run) => {
        const alarm = parts.clock.at(timeMs, () => {
          this.#alarms.delete(alarm)
          run()
          parts.endTurn()
        })
        this.#alarms.add(alarm)
        return {
          cancel: () => {
            this.#alarms.delete(alarm)
            alarm.cancel()
          },
        }
      },
      below: (bound) => parts.random.below(bound),
      get have() {
        return parts.have()
      },
      get geometry() {
        return parts.geometry()
      },
      self: {
        peerId: parts.peerId,
        get port() {
          return parts.port()
        },
      },
      get peersMax() {
        return parts.peersMax()
      },
      peers: () => parts.peers(),
      send: (peer, extension, payload) => alive() && parts.send(peer, extension, payload),
      dial: (endpoint) => {
        if (alive()) parts.dial(endpoint)
      },
      drop: (peer, reason) => {
        if (alive()) parts.drop(peer, reason)
      },
      chokesUs: (peer) => (peer as Peer).session.peerChoking,
      changed: (question, peer, piece) => {
        if (!alive()) return
        this.#forget(question, peer)
        parts.changed(question, peer, piece)
      },
    }
  }
}
