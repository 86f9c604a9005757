// A host as the network sees it: addresses, rates, open ports, and whether anybody is there.

import type { ByteChannel } from '@bt/ports'
import { isLoopback } from './loopback.ts'
import type { SimHttpServer } from './http-server.ts'
import type { Life } from './life.ts'
import { Link } from './link.ts'
import { PortTable } from './port-table.ts'

/** Somebody who accepts connections. */
export interface Accepting {
  readonly life: Life
  accept(channel: ByteChannel): void
}

/** Somebody who takes datagrams: `from` is 18 bytes, as in a DatagramBatch; both are its own. */
export interface Receiving {
  readonly life: Life
  datagramArrived(bytes: Uint8Array, from: Uint8Array): void
}

export interface PlaceFacts {
  readonly index: number
  readonly site: number
  /** Undefined: the host does not speak this family. */
  readonly address4: string | undefined
  readonly address6: string | undefined
  readonly latencyUs: number
  readonly uploadBytesPerSecond: number
  readonly downloadBytesPerSecond: number
}

export class Place {
  readonly index: number
  /** Index of its site. */
  readonly site: number
  readonly address4: string | undefined
  readonly address6: string | undefined
  /** One way, from the host to the edge of its site. */
  readonly latencyUs: number
  readonly up: Link
  readonly down: Link
  /** False: the machine is off, or hangs; what is sent to it is not answered. */
  on = true
  listeners = new PortTable<Accepting>()
  sockets4 = new PortTable<Receiving>()
  sockets6 = new PortTable<Receiving>()
  servers = new PortTable<SimHttpServer>()

  constructor(facts: PlaceFacts) {
    this.index = facts.index
    this.site = facts.site
    this.address4 = facts.address4
    this.address6 = facts.address6
    this.latencyUs = facts.latencyUs
    this.up = new Link(facts.uploadBytesPerSecond)
    this.down = new Link(facts.downloadBytesPerSecond)
  }

  /** Its address of this family, or undefined. */
  address(family: 4 | 6): string | undefined {
    return family === 4 ? this.address4 : this.address6
  }

  /**
   * What to bind when somebody asks for `host`: `only` undefined is all addresses; `host` is one to reach it at.
   * Undefined: it is not an address of this host.
   */
  boundAddress(
    host: string | undefined,
  ): { readonly only?: string; readonly host: string } | undefined {
    const own = this.address4 ?? this.address6 ?? '::1'
    if (host === undefined || host === '::' || host === '0.0.0.0') return { host: own }
    if (host !== this.address4 && host !== this.address6 && !isLoopback(host)) return undefined
    return { only: host, host }
  }

  /** All ports are free again: the process is gone. */
  closePorts(): void {
    this.listeners = new PortTable()
    this.sockets4 = new PortTable()
    this.sockets6 = new PortTable()
    this.servers = new PortTable()
  }
}
