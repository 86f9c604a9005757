// What every Resolver does: literals answer themselves, names their addresses, by family.

import type { Resolver } from '../src/index.ts'
import { type Check, checkIn, equal, type Setup, that } from './check.ts'

export interface ResolverParts {
  readonly resolver: Resolver
  /** A name with the IPv4 address `address`. */
  readonly known: { readonly host: string; readonly address: string }
  /** A name that has no address. */
  readonly unknown: string
}

/** The suite for `Resolver`. */
export function resolverContract(setup: Setup<ResolverParts>): Check[] {
  return [
    checkIn('an address resolves to itself', setup, async ({ resolver }, witness) => {
      for (const [host, family] of [
        ['10.1.2.3', 4],
        ['10.1.2.3', 'any'],
        ['2001:db8::1', 6],
        ['2001:db8::1', 'any'],
      ] as const) {
        const found = await witness.ask<readonly string[]>(host, (done) =>
          resolver.resolve(host, family, done),
        )
        equal(found.join(), host, 'addresses')
      }
    }),
    checkIn('an address of the other family is no answer', setup, async ({ resolver }, witness) => {
      await witness.fails(
        'v4 as v6',
        (done) => resolver.resolve('10.1.2.3', 6, done),
        'NAME_UNKNOWN',
      )
      await witness.fails('v6 as v4', (done) => resolver.resolve('::1', 4, done), 'NAME_UNKNOWN')
    }),
    checkIn('a name resolves to its addresses', setup, async ({ resolver, known }, witness) => {
      for (const family of [4, 'any'] as const) {
        const found = await witness.ask<readonly string[]>(known.host, (done) =>
          resolver.resolve(known.host, family, done),
        )
        that(found.includes(known.address), `${known.host} is ${known.address} (${found.join()})`)
      }
    }),
    checkIn('a name nobody knows is an error', setup, async ({ resolver, unknown }, witness) => {
      await witness.fails(
        'unknown',
        (done) => resolver.resolve(unknown, 'any', done),
        'NAME_UNKNOWN',
      )
      await witness.fails('empty', (done) => resolver.resolve('', 'any', done), 'NAME_UNKNOWN')
    }),
    checkIn('a cancelled question is not answered', setup, async (world, witness) => {
      const { resolver, known } = world
      for (const host of [known.host, '10.1.2.3']) {
        const alarm = resolver.resolve(host, 'any', () => witness.complain(`${host} was answered`))
        alarm.cancel()
        alarm.cancel()
      }
      await world.pass(50)
    }),
    checkIn('many questions at once are all answered', setup, async (world, witness) => {
      let answers = 0
      for (let question = 0; question < 50; question++) {
        const once = witness.once('answer', () => answers++)
        world.resolver.resolve(world.known.host, 'any', once.call)
        once.arm()
      }
      await world.until(() => answers === 50, '50 answers')
    }),
  ]
}
