// The faults of a scenario as they happen: crashes, returns, cuts and churn, at times or at shares of the download.

import type { Prng } from '@bt/primitives'
import { exponential } from './chance.ts'
import type { Member } from './member.ts'
import type { Fault } from './scenario.ts'
import type { World } from './world.ts'

/** Milliseconds after a fault ended for which its consequences may hold things up: back-off, time-outs, elections. */
const AFTERMATH_MS = 180_000

export class Disturbances {
  readonly #world: World
  readonly #random: Prng
  #waiting: Fault[]
  #disturbedUntilMs = -1
  /** Hosts that are down and come back. */
  #returning = 0
  #ended = false

  constructor(world: World, faults: readonly Fault[]) {
    this.#world = world
    this.#random = world.simulation.random('faults')
    this.#waiting = [...faults]
  }

  get disturbedUntilMs(): number {
    return this.#disturbedUntilMs
  }

  /** Somebody is going to come back. */
  get isPending(): boolean {
    return this.#returning > 0
  }

  /** Nothing begins any more: everything is being closed. */
  end(): void {
    this.#ended = true
  }

  /** Begins what is due; `progress` is the share of all wanted pieces that are there. Never from inside an event. */
  step(progress: number): void {
    const now = this.#world.nowMs
    const isDue = ({ when }: Fault): boolean =>
      'seconds' in when ? now >= 1000 * when.seconds : progress >= when.progress
    const due = this.#waiting.filter(isDue)
    this.#waiting = this.#waiting.filter((fault) => !due.includes(fault))
    for (const fault of due) this.#begin(fault)
  }

  #begin(fault: Fault): void {
    if (fault.kind === 'crash') this.#crash(fault)
    else if (fault.kind === 'crash-tracker') this.#crashTracker(fault.restartSeconds)
    else if (fault.kind === 'partition') this.#cut(fault.sites, fault.forSeconds)
    else this.#churn(fault)
  }

  #crash(fault: Extract<Fault, { kind: 'crash' }>): void {
    const { members, layout } = this.#world
    for (const { number } of layout.sites) {
      if (fault.sites !== undefined && !fault.sites.includes(number)) continue
      const here = members.filter(({ plan, isUp }) => plan.site === number && isUp && !plan.isSeed)
      for (const victim of this.#victims(here, fault.who).slice(0, fault.count)) {
        this.#down(victim, fault.restartSeconds)
      }
    }
    this.#disturbed(fault.restartSeconds ?? 0)
  }

  /** Leaders where the scheme has them, else the first of the site; importers: who brought in most. */
  #victims(here: readonly Member[], who: 'leaders' | 'importers' | 'members'): readonly Member[] {
    if (who === 'members') return this.#random.shuffle([...here])
    if (who === 'leaders') {
      const leaders = here.filter(({ present }) => present[0]?.scheme.role?.() === 'leader')
      return leaders.length > 0 ? leaders : here
    }
    const imported = (member: Member): number => {
      const share = member.present[0]
      const counts = share?.scheme.crossed?.()
      if (counts === undefined) return share?.swarm.counts.downloadedBytes ?? 0
      let bytes = 0
      for (const count of counts.values()) bytes += count
      return bytes
    }
    return here.toSorted(
      (one, other) => imported(other) - imported(one) || one.plan.number - other.plan.number,
    )
  }

  #down(member: Member, restartSeconds: number | undefined): void {
    member.crash()
    if (restartSeconds === undefined) return
    this.#returning++
    this.#later(restartSeconds, () => {
      this.#returning--
      member.restart()
    })
  }

  #crashTracker(restartSeconds: number | undefined): void {
    const { tracker } = this.#world
    tracker.crash()
    if (restartSeconds !== undefined) this.#later(restartSeconds, () => tracker.restart())
    this.#disturbed(restartSeconds ?? 0)
  }

  #cut(sites: readonly number[], forSeconds: number): void {
    const { members, network, tracker } = this.#world
    const inside = members.filter(({ plan }) => sites.includes(plan.site))
    const outside = members.filter(({ plan }) => !sites.includes(plan.site))
    const heal = network.partition(
      inside.map(({ host }) => host),
      [...outside.map(({ host }) => host), tracker.host],
    )
    this.#later(forSeconds, heal)
    this.#disturbed(forSeconds)
  }

  #churn(fault: Extract<Fault, { kind: 'churn' }>): void {
    const { members, simulation } = this.#world
    const endMs = this.#world.nowMs + 1000 * fault.forSeconds
    const perMs = (members.length * fault.percentPerMinute) / 100 / 60_000
    this.#disturbed(fault.forSeconds + fault.awaySeconds)
    if (perMs === 0) return
    const next = (): void => {
      const atMs = this.#world.nowMs + exponential(this.#random) / perMs
      if (atMs > endMs) return
      simulation.at(atMs, () => {
        if (this.#ended) return
        const up = members.filter(({ plan, isUp }) => isUp && !plan.isSeed)
        const victim = up[this.#random.below(Math.max(1, up.length))]
        if (victim !== undefined) this.#down(victim, fault.awaySeconds)
        next()
      })
    }
    next()
  }

  #later(seconds: number, run: () => void): void {
    this.#world.simulation.at(this.#world.nowMs + 1000 * seconds, run)
  }

  #disturbed(seconds: number): void {
    const until = this.#world.nowMs + 1000 * seconds + AFTERMATH_MS
    this.#disturbedUntilMs = Math.max(this.#disturbedUntilMs, until)
  }
}
