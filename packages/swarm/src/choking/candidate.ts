// What rounds of choking keep of one peer, from when it came until it leaves.
//
// A round looks through all of them, and at the peer itself only where it may choose it: a peer is some twenty
// objects all over memory, and in a large swarm there is a round for every piece.

import type { Peer } from '../peers/peer.ts'
import type { ChokeFacts } from './choker.ts'

export interface CandidateRules {
  /** There is something for it here, and its link allows it. */
  readonly mayUpload: (link: Peer) => boolean
}

export class Candidate implements ChokeFacts<Candidate> {
  interested: boolean
  /** It has a slot. */
  isUnchoked = false
  /** It lets us ask, or sent something lately: only of such peers there are a rate and snubbing. */
  gives: boolean
  snubbed = false
  /** In whole bytes. */
  receivedPerSecond = 0
  readonly link: Peer
  readonly connectedAt: number
  readonly #rules: CandidateRules

  constructor(link: Peer, rules: CandidateRules) {
    this.link = link
    this.#rules = rules
    this.interested = link.session.peerInterested
    this.gives = !link.session.peerChoking
    this.connectedAt = link.openedAt
  }

  get peer(): Candidate {
    return this
  }

  get address(): string | undefined {
    return this.link.address
  }

  get sentBytes(): number {
    return this.link.sentBytes
  }

  get mayUpload(): boolean {
    return this.#rules.mayUpload(this.link)
  }
}
