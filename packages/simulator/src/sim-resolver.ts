// Names from a table of the network.

import { NetworkError } from '@bt/ports'
import type { Alarm, Done, Resolver } from '@bt/ports'
import { formatIp, parseIp } from '@bt/primitives'
import { chance } from './faults.ts'
import type { Fabric } from './fabric.ts'
import type { PortCalls } from './faults.ts'
import type { Life } from './life.ts'

/** A name is answered after this: a resolver nearby. */
const RESOLVE_US = 20_000

/** Addresses by name, in the resolver's order. */
export type NameTable = Map<string, readonly string[]>

export class SimResolver implements Resolver {
  readonly #fabric: Fabric
  readonly #names: NameTable
  readonly #life: Life
  readonly #calls: PortCalls

  constructor(fabric: Fabric, names: NameTable, life: Life, calls: PortCalls) {
    this.#fabric = fabric
    this.#names = names
    this.#life = life
    this.#calls = calls
  }

  resolve(host: string, family: 4 | 6 | 'any', done: Done<readonly string[]>): Alarm {
    const failed = this.#calls.next('resolve') !== undefined
    const literal = parseIp(host)
    const us = literal === undefined ? RESOLVE_US : 0
    return this.#life.after(us, 'resolve', host.length, () => {
      const found =
        literal === undefined ? this.#names.get(host.toLowerCase()) : [formatIp(literal)]
      const fits = (found ?? []).filter(
        (address) => family === 'any' || (family === 6) === address.includes(':'),
      )
      const { random, faults } = this.#fabric
      if (failed || fits.length === 0 || chance(random, faults.resolveFailure)) {
        const wanted = family === 'any' ? 'address' : `IPv${family} address`
        const error = new NetworkError('NAME_UNKNOWN', `${host} has no ${wanted}`, {
          address: host,
        })
        done(error, undefined as never)
      } else done(undefined, fits)
    })
  }
}
