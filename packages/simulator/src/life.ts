// One life of a process on a host, from start to crash: what belongs to it ends with it.

import { Later } from './later.ts'
import type { Simulation } from './simulation.ts'
import type { TraceKind } from './trace.ts'

/** Something that has to be told when its process dies. */
export interface Mortal {
  /** `silent`: the machine went down, nothing is sent any more. Nobody in the process may be called. */
  crashed(silent: boolean): void
}

/** What a process holds now. All 0: it has cleaned up behind itself. */
export interface OpenThings {
  /** Set, and neither run nor called off. */
  alarms: number
  /** Connections that have not ended. */
  channels: number
  listeners: number
  datagramSockets: number
  /** Dials and HTTP requests that were neither answered nor called off. */
  requests: number
  /** Opened and not closed. */
  storages: number
}

export class Life {
  readonly simulation: Simulation
  /** Index of the host. */
  readonly host: number
  /** 1 for the first. */
  readonly number: number
  readonly mortals = new Set<Mortal>()
  readonly open: OpenThings = {
    alarms: 0,
    channels: 0,
    listeners: 0,
    datagramSockets: 0,
    requests: 0,
    storages: 0,
  }
  #alive = true

  constructor(simulation: Simulation, host: number, number: number) {
    this.simulation = simulation
    this.host = host
    this.number = number
  }

  /** False: nothing of this process is to run any more. */
  get alive(): boolean {
    return this.#alive
  }

  /** Runs `run` so many microseconds from now, unless the process has died by then. */
  after(us: number, kind: TraceKind, size: number, run: () => void): Later {
    const later = new Later(kind, this.host, size, this, run, this.simulation)
    this.simulation.schedule(this.simulation.nowUs + us, later)
    return later
  }

  /** Ends it. */
  end(silent: boolean): void {
    this.#alive = false
    for (const mortal of this.mortals) mortal.crashed(silent)
    this.mortals.clear()
  }
}
