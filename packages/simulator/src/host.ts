// One machine with one process: its ports, its disk, and the ways it comes to grief.

import type { Log, Ports } from '@bt/ports'
import type { DiskFacts } from './disk-queue.ts'
import type { Fabric } from './fabric.ts'
import { PortCalls } from './faults.ts'
import type { SimHttpServer } from './http-server.ts'
import { Life } from './life.ts'
import type { OpenThings } from './life.ts'
import type { Place } from './place.ts'
import type { SegmentPool } from './segment-pool.ts'
import { SimClock } from './sim-clock.ts'
import { SimDatagrams } from './sim-datagrams.ts'
import type { BatchMemory } from './sim-datagrams.ts'
import { SimDisk } from './sim-disk.ts'
import { SimHasher } from './sim-hasher.ts'
import { SimHttp } from './sim-http.ts'
import { SimKeep } from './sim-keep.ts'
import { SimResolver } from './sim-resolver.ts'
import type { NameTable } from './sim-resolver.ts'
import { SimStorageProvider } from './sim-storage.ts'
import { SimTransport } from './sim-transport.ts'
import type { Simulation } from './simulation.ts'
import { textHash } from './trace.ts'

/** How a process ends. Left out: a power cut. */
export interface CrashOptions {
  /** What was not synced: 'torn' (partly there, default), 'dropped', or 'kept' (only the process died). */
  readonly disk?: 'torn' | 'dropped' | 'kept'
  /** What the other ends see: nothing at all ('silent', default), or resets. */
  readonly connections?: 'silent' | 'reset'
}

export interface SimHost {
  /** Its IPv4 address, or the IPv6 one where it has no other. */
  readonly address: string
  /** Undefined: it does not speak IPv6. */
  readonly address6: string | undefined
  /** Number of the host in its network, from 0: what a trace calls it. */
  readonly index: number
  /** Of the present life: take them anew after `restart`. Those of a life that ended do nothing and answer nothing. */
  readonly ports: Ports
  /** Survives crashes. */
  readonly disk: SimDisk
  /** Every port call that can fail, counted; any of them can be made to. */
  readonly calls: PortCalls
  /** Bytes that left and came, headers not counted. */
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly alive: boolean
  /** What the process holds open, for tests that everything was given back. */
  readonly open: Readonly<OpenThings>
  /** Ends the process: nothing of it is called any more. */
  crash(options?: CrashOptions): void
  /** kill −9: what was written is there, connections are reset. */
  kill(): void
  /** A new process on what the disk has. `ports` are new. */
  restart(): void
  /** Answers HTTP at this port of all its addresses, until the process ends; answers its own undo. */
  serveHttp(port: number, server: SimHttpServer): () => void
  /** Rates from now on; with serial rates, for segments that have not begun to pass. 0: the link is down. */
  setRates(rates: {
    readonly uploadBytesPerSecond?: number
    readonly downloadBytesPerSecond?: number
  }): void
  /** The wall clock jumps (NTP, suspend, a user); the monotonic one does not notice. */
  jumpWallClock(seconds: number): void
  /**
   * The machine stands still for so long (suspended, or its event loop blocked): no alarm rings, nothing it asked for
   * is answered; then all that became due happens at once. The clock goes on. What others send still arrives: to hold
   * that back too, partition it from them for as long.
   */
  freeze(ms: number): void
}

export interface HostFacts {
  readonly simulation: Simulation
  readonly fabric: Fabric
  readonly pool: SegmentPool
  readonly batches: BatchMemory
  readonly names: NameTable
  readonly place: Place
  readonly hashBytesPerSecond: number
}

export class Host implements SimHost {
  readonly disk = new SimDisk()
  readonly calls = new PortCalls()
  readonly #facts: HostFacts
  readonly #wall = { offsetSeconds: 0 }
  #life: Life
  #ports: Ports

  constructor(facts: HostFacts) {
    this.#facts = facts
    this.#life = new Life(facts.simulation, facts.place.index, 1)
    this.#ports = this.#newPorts()
  }

  get index(): number {
    return this.#facts.place.index
  }

  get address(): string {
    const { address4, address6 } = this.#facts.place
    return address4 ?? (address6 as string)
  }

  get address6(): string | undefined {
    return this.#facts.place.address6
  }

  get ports(): Ports {
    return this.#ports
  }

  get alive(): boolean {
    return this.#life.alive
  }

  get open(): Readonly<OpenThings> {
    return { ...this.#life.open }
  }

  get sentBytes(): number {
    return this.#facts.fabric.tally.sentBytes(this.index)
  }

  get receivedBytes(): number {
    return this.#facts.fabric.tally.receivedBytes(this.index)
  }

  crash(options: CrashOptions = {}): void {
    if (!this.#life.alive) return
    const { disk = 'torn', connections = 'silent' } = options
    const { simulation, fabric, place } = this.#facts
    simulation.note('crash', place.index, this.#life.number)
    fabric.turn(place, connections === 'reset')
    this.#life.end(connections === 'silent')
    place.closePorts()
    if (disk === 'kept') this.disk.freeUs = 0
    else this.disk.lose(disk, fabric.random)
  }

  kill(): void {
    this.crash({ disk: 'kept', connections: 'reset' })
  }

  restart(): void {
    this.crash()
    const { simulation, fabric, place } = this.#facts
    fabric.turn(place, true)
    this.#life = new Life(simulation, place.index, this.#life.number + 1)
    simulation.note('restart', place.index, this.#life.number)
    this.#ports = this.#newPorts()
  }

  serveHttp(port: number, server: SimHttpServer): () => void {
    const { servers } = this.#facts.place
    servers.bind(port, undefined, server)
    return () => servers.unbind(port, server)
  }

  setRates(rates: {
    readonly uploadBytesPerSecond?: number
    readonly downloadBytesPerSecond?: number
  }): void {
    const { fabric, place } = this.#facts
    fabric.setCapacity(place.up, rates.uploadBytesPerSecond)
    fabric.setCapacity(place.down, rates.downloadBytesPerSecond)
  }

  jumpWallClock(seconds: number): void {
    this.#wall.offsetSeconds += seconds
  }

  freeze(ms: number): void {
    this.#facts.simulation.freeze(this.index, ms)
  }

  #newPorts(): Ports {
    const life = this.#life
    const { calls, disk } = this
    const { simulation, fabric, pool, batches, names, place, hashBytesPerSecond } = this.#facts
    const clock = new SimClock(life, this.#wall)
    const diskFacts: DiskFacts = {
      fabric,
      disk,
      life,
      calls,
      wallMs: () => Math.floor(clock.wallSeconds() * 1000),
    }
    const resolver = new SimResolver(fabric, names, life, calls)
    return {
      clock,
      random: simulation.random(`host/${place.index}/${life.number}`),
      transport: new SimTransport({ fabric, pool, place, life, calls }),
      datagrams: new SimDatagrams({ fabric, memory: batches, place, life, calls }),
      resolver,
      http: new SimHttp({ fabric, place, life, calls, resolver }),
      storage: new SimStorageProvider(diskFacts),
      keep: new SimKeep(diskFacts),
      hasher: new SimHasher(life, calls, hashBytesPerSecond),
      log: this.#log(life),
    }
  }

  #log(life: Life): Log {
    return (level, event, facts) => {
      if (!life.alive) return
      const size = textHash(`${level} ${event}`)
      life.simulation.note('log', life.host, size, { event, facts })
    }
  }
}
