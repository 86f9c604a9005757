// What follows when a policy speaks or changes its mind: the engine asks again, and acts on the new answers.

import type { Exchange } from './exchange.ts'
import type { Peer } from './peers/peer.ts'
import type { Turn } from './peers/turn.ts'
import type { PeerHandle, PolicyQuestion } from './policy.ts'

/** Milliseconds for which a full output must not have moved to be given no more messages of a policy: slow links are often full. */
const STUCK_MS = 30_000

export interface PolicyEffectsParts {
  readonly turn: Turn
  readonly peers: () => Iterable<Peer>
  readonly exchange: () => Exchange | undefined
  /** Closes the peer if the policy refuses its link; true: it is closed. */
  readonly refused: (peer: Peer) => boolean
  readonly redial: () => void
  readonly announce: () => void
}

export class PolicyEffects {
  readonly #parts: PolicyEffectsParts

  constructor(parts: PolicyEffectsParts) {
    this.#parts = parts
  }

  /** False: the peer is gone, does not speak it, or its output is stuck. A full one takes a word all the same. */
  send(peer: Peer, extension: string, payload: Uint8Array): boolean {
    if (peer.isClosed || peer.fullMs > STUCK_MS || !peer.session.speaks(extension)) return false
    peer.session.sendExtended(extension, payload)
    peer.touch()
    this.#parts.turn.soon()
    return true
  }

  changed(question: PolicyQuestion, only: PeerHandle | undefined, piece: number | undefined): void {
    const { turn, redial, announce } = this.#parts
    const exchange = this.#parts.exchange()
    if (question === 'prefer') exchange?.preferChanged()
    if (question === 'reveal') exchange?.haves.changed(only as Peer | undefined, piece)
    if (question === 'dial') redial()
    if (question === 'announce') announce()
    if (question === 'scope' || question === 'link') {
      const peers = only === undefined ? Array.from(this.#parts.peers()) : [only as Peer]
      for (const peer of peers) this.#answerChanged(question, peer, exchange)
    }
    if (question === 'link' || question === 'unchoke') exchange?.slots.changed()
    if (question === 'budget') exchange?.uploader.budgetChanged()
    turn.soon()
  }

  #answerChanged(question: 'scope' | 'link', peer: Peer, exchange: Exchange | undefined): void {
    const isScope = question === 'scope'
    if (isScope || !this.#parts.refused(peer)) exchange?.downloader.answerChanged(peer, isScope)
  }
}
