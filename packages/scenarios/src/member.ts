// One host of a run with its session and its part in each torrent, through crashes and returns.

import type { PeerSource } from '@bt/ports'
import type { ReadonlyBitfield } from '@bt/primitives'
import type { SimHost } from '@bt/simulator'
import { type PolicyFact, Session, type Swarm, type SwarmPolicy } from '@bt/swarm'
import { TrackerClient } from '@bt/tracker-client'
import type { PeerPlan } from './layout.ts'
import type { ContentPart, Outfit, Profile } from './profile.ts'
import type { NeighbourRules } from './scenario.ts'
import type { SchemePeer } from './scheme.ts'
import { standIn } from './stand-in.ts'
import { type Truth, WITNESSED, type Witness } from './truth.ts'

/** A member's part in one torrent during one life of its host. */
export interface Share {
  readonly part: ContentPart
  readonly swarm: Swarm
  readonly scheme: SchemePeer
  readonly witness: Witness
}

export interface MemberFacts {
  readonly plan: PeerPlan
  readonly host: SimHost
  readonly parts: readonly ContentPart[]
  readonly profile: Profile
  readonly neighbours: NeighbourRules
  readonly trackerUrl: string
  readonly truth: Truth
  readonly schemePeer: (part: ContentPart, number: number) => SchemePeer
  /** Hears every fact of every torrent, or nobody does. */
  readonly observe: ((member: Member, fact: PolicyFact, share: Share) => void) | undefined
  readonly started: (member: Member, share: Share) => void
  readonly completed: (member: Member) => void
  /** An end of a connection broke a rule; undefined: connections are not watched. */
  readonly watched: ((member: Member, what: string) => void) | undefined
}

/** Port that everybody accepts on. */
export const PEER_PORT = 6881

export class Member {
  readonly plan: PeerPlan
  readonly host: SimHost
  /** Of all lives, the present one last. */
  readonly shares: Share[] = []
  /** Virtual time when everything was there, first; undefined: not yet. */
  completedMs: number | undefined
  /** When its first piece was there. */
  firstPieceMs: number | undefined
  /** The longest time between two pieces that it got one after the other, of one life. */
  longestWaitMs = 0
  #pieceMs: number | undefined
  /** With everything. */
  hasLeft = false
  /** It says its goodbyes, and may go on serving. */
  isLeaving = false
  /** Of the present life; undefined: it has not joined, or is down. */
  session: Session | undefined
  readonly #facts: MemberFacts
  #present: readonly Share[] = []

  constructor(facts: MemberFacts) {
    this.#facts = facts
    this.plan = facts.plan
    this.host = facts.host
  }

  /** Joined, and not down. */
  get isUp(): boolean {
    return this.session !== undefined
  }

  /** Of the present life. */
  get present(): readonly Share[] {
    return this.#present
  }

  get isComplete(): boolean {
    return this.#present.length > 0 && this.#present.every(({ swarm }) => swarm.isComplete)
  }

  /** Pieces it has now, over all torrents. */
  get haveCount(): number {
    let count = 0
    for (const { swarm } of this.#present) count += swarm.have.count
    return count
  }

  /** Payload sent and received, over all lives. */
  get uploadedBytes(): number {
    return this.shares.reduce((sum, { swarm }) => sum + swarm.counts.uploadedBytes, 0)
  }

  join(): void {
    const { parts, neighbours } = this.#facts
    const outfits = parts.map((_, number) => this.#outfit(number))
    const [outfit] = outfits as [Outfit]
    const session = new Session(outfit.ports, {
      ...outfit.session,
      limits: { connectionsMax: 2 * parts.length * neighbours.max },
      swarmLimits: { peersMax: neighbours.max },
    })
    this.session = session
    session.listen({ port: PEER_PORT }, (error) => {
      if (error !== undefined) throw error
      this.#present = parts.map((part, number) =>
        this.#start(session, part, number, outfits[number] as Outfit),
      )
      for (const share of this.#present) {
        this.shares.push(share)
        this.#facts.started(this, share)
      }
    })
  }

  /** In order, for good. */
  leave(): void {
    const { session } = this
    this.isLeaving = true
    session?.stop(() => {
      if (this.session !== session) return
      this.#end()
      this.hasLeft = true
    })
  }

  /** The power is gone. Who was leaving is gone for good, however many of its goodbyes it had said. */
  crash(): void {
    this.hasLeft ||= this.isLeaving
    this.host.crash()
    this.#end()
  }

  #end(): void {
    this.session = undefined
    this.isLeaving = false
    this.#present = []
    this.#pieceMs = undefined
  }

  /** Comes back with what the disk kept, unless it has left. */
  restart(): void {
    if (this.hasLeft) return
    this.host.restart()
    this.join()
  }

  /** What its last life had of a part, where that survived. */
  #outfit(number: number): Outfit {
    const { plan, parts, profile } = this.#facts
    let had: ReadonlyBitfield | undefined
    for (const { part, swarm } of this.shares) if (part === parts[number]) had = swarm.have
    const { watched } = this.#facts
    const broken = watched === undefined ? undefined : (what: string) => watched(this, what)
    return profile.outfit(this.host, plan, had, broken)
  }

  #start(session: Session, part: ContentPart, number: number, outfit: Outfit): Share {
    const { plan, truth, neighbours, trackerUrl, schemePeer, observe, completed } = this.#facts
    const scheme = schemePeer(part, number)
    const witness = truth.witness(plan.number, part.firstPiece)
    const { policy } = scheme
    const source: PeerSource = new TrackerClient([[trackerUrl]], this.host.ports, {
      numWant: neighbours.out,
    })
    let share: Share | undefined
    const swarm = session.start(part.metainfo, {
      pex: false,
      ...outfit.torrent,
      ...scheme.torrent,
      ...(scheme.limits === undefined ? {} : { limits: scheme.limits }),
      sources: [source],
      policy: standIn(policy, {
        observes: observe === undefined ? heardBy(policy) : undefined,
        observe: (fact) => {
          witness.observe(fact)
          if (share !== undefined) observe?.(this, fact, share)
          policy?.observe?.(fact)
        },
      }),
    })
    share = { part, swarm, scheme, witness }
    const { clock } = this.host.ports
    swarm.on('piece', () => {
      const now = clock.now()
      this.firstPieceMs ??= now
      this.longestWaitMs = Math.max(this.longestWaitMs, now - (this.#pieceMs ?? now))
      this.#pieceMs = now
    })
    swarm.on('complete', () => {
      if (this.completedMs !== undefined || !this.isComplete) return
      this.completedMs = clock.now()
      completed(this)
      if (plan.leaves) clock.at(clock.now(), () => this.leave())
    })
    return share
  }
}

/** What its policy wants to hear, and the witness; undefined: everything. */
function heardBy(policy: SwarmPolicy | undefined): ReadonlySet<PolicyFact['type']> | undefined {
  if (policy?.observe === undefined) return WITNESSED
  return policy.observes === undefined ? undefined : new Set([...WITNESSED, ...policy.observes])
}
