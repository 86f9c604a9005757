// Forgets silent members, a part of the swarms each second, in steps so short that nobody waits for one.

import { SWEEP_SLOTS_MAX, SWEEPS_PER_ROUND, SWEPT_GONE_SLOTS } from './limits.ts'
import type { Members } from './members.ts'
import type { Swarm } from './swarm.ts'
import type { SwarmRegistry } from './swarm-registry.ts'

export class Sweeper {
  readonly #registry: SwarmRegistry
  /** The id of the swarm that is looked at next, its part, and the slot in it. */
  #id = 0
  #part = 0
  #slot = 0
  /** Swarms still to be looked at in this second. */
  #left = 0
  /** Swarms of one second, fixed for a round: what is forgotten on the way must not slow it down. */
  #perSecond = 0

  constructor(registry: SwarmRegistry) {
    this.#registry = registry
  }

  /** One second's part becomes due. */
  begin(): void {
    if (this.#id === 0 && this.#part === 0 && this.#slot === 0)
      this.#perSecond = 1 + Math.ceil(this.#registry.table.idsEnd / SWEEPS_PER_ROUND)
    this.#left = Math.min(2 * this.#perSecond, this.#left + this.#perSecond)
  }

  /** Forgets who was silent for longer than `ageSeconds`, within the budget of a step. True: something is left. */
  step(nowSeconds: number, ageSeconds: number): boolean {
    const { table } = this.#registry
    for (let budget = SWEEP_SLOTS_MAX; this.#left > 0; ) {
      if (budget <= 0) return true
      if (this.#id >= table.idsEnd) {
        this.#id = 0
        this.#left = 0
        return false
      }
      const swarm = table.byId(this.#id)
      const part = swarm?.parts()[this.#part]
      if (swarm === undefined || part === undefined) {
        if (swarm !== undefined) this.#registry.dropIfEmpty(swarm)
        this.#id++
        this.#part = 0
        this.#slot = 0
        this.#left--
        budget--
        continue
      }
      budget -= this.#sweep(swarm, part, budget, nowSeconds, ageSeconds)
      if (this.#slot < part.size) return true
      part.tidy()
      this.#part++
      this.#slot = 0
    }
    return false
  }

  /** Looks at slots of a part while the budget lasts; what it spent. */
  #sweep(
    swarm: Swarm,
    part: Members,
    budget: number,
    nowSeconds: number,
    ageSeconds: number,
  ): number {
    let spent = 0
    while (this.#slot < part.size && spent < budget) {
      const end = Math.min(part.size, this.#slot + budget - spent)
      const silent = part.silentSlot(this.#slot, end, nowSeconds, ageSeconds)
      const next = silent < 0 ? end : silent
      spent += next - this.#slot
      this.#slot = next
      if (silent < 0) continue
      // Whoever comes to its slot in its place is looked at next.
      this.#registry.evict(swarm, part, silent, 'expired')
      spent += SWEPT_GONE_SLOTS
    }
    return spent
  }
}
