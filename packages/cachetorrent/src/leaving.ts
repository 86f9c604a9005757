// Leaving in order: the site hears of it, our claims are free, and what only we have of those who stay is handed out first.
//
// A piece that leaves the site with us has to cross once more. How long we stay for it is the engine's to limit (`LEAVE_MS`).

import type { PolicyHost } from '@bt/swarm'
import type { Claiming } from './claiming.ts'
import type { ImportDesk } from './import-desk.ts'
import type { ImportLimit } from './import-limit.ts'
import { LEAVE_LOOK_MS } from './limits.ts'
import type { Neighbours } from './neighbours.ts'
import type { Voice } from './voice.ts'

export interface LeavingParts {
  readonly host: PolicyHost
  readonly neighbours: Pick<Neighbours, 'in' | 'isAlone'>
  readonly imports: Pick<ImportDesk, 'held'>
  readonly claiming: Pick<Claiming, 'giveBack'>
  readonly limit: Pick<ImportLimit, 'ends'>
  readonly voice: Pick<Voice, 'leave'>
}

export class Leaving {
  readonly #parts: LeavingParts
  #isUnderWay = false

  constructor(parts: LeavingParts) {
    this.#parts = parts
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay
  }

  /** Pieces that we have and nobody else who stays in the site, where somebody lacks them. */
  get onlyOurs(): number {
    const { host, neighbours } = this.#parts
    const stay = [...neighbours.in('local')].filter((one) => !one.isLeaving && !one.isSilent)
    const shown = stay.map(({ peer }) => peer.pieces)
    if (shown.every(({ count, length }) => count === length)) return 0
    let count = 0
    for (let piece = 0; piece < host.have.length; piece++) {
      if (host.have.has(piece) && !shown.some((pieces) => pieces.has(piece))) count++
    }
    return count
  }

  /** Calls `done` when we may go. */
  begin(done: () => void): void {
    const { host, neighbours, imports, claiming, limit, voice } = this.#parts
    if (neighbours.isAlone) return done()
    claiming.giveBack([...imports.held])
    limit.ends()
    voice.leave(host.now())
    this.#isUnderWay = true
    this.#lookLater(done)
  }

  #lookLater(done: () => void): void {
    const { host } = this.#parts
    host.at(host.now() + LEAVE_LOOK_MS, () => (this.onlyOurs > 0 ? this.#lookLater(done) : done()))
  }
}
