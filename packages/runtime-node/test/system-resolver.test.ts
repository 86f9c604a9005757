import { resolverContract } from '@bt/ports/contract'
import { describe, expect, test } from 'vitest'
import { LOOKUPS_MAX, type Lookup, SystemResolver } from '../src/system-resolver.ts'
import { realWorld } from './real-world.ts'

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the system resolver keeps the contract of Resolver', () => {
  const setup = async () => ({
    resolver: new SystemResolver(),
    known: { host: 'localhost', address: '127.0.0.1' },
    unknown: 'nobody.invalid',
    ...realWorld(),
  })
  for (const check of resolverContract(setup)) test(check.name, () => check.run())
})

describe('the system resolver', () => {
  test('asks two questions at once and keeps the others waiting', async () => {
    const open: Parameters<Lookup>[2][] = []
    const resolver = new SystemResolver((_host, _options, answer) => void open.push(answer))
    let answers = 0
    for (let index = 0; index < 7; index++) resolver.resolve(`host${index}`, 'any', () => answers++)
    const cancelled = resolver.resolve('cancelled', 'any', () => answers++)
    cancelled.cancel()
    await tick()
    expect(open.length).toBe(LOOKUPS_MAX)
    for (let round = 0; round < 7; round++) open.shift()?.(null, [{ address: '10.0.0.1' }])
    await tick()
    expect([answers, open.length]).toEqual([7, 0])
  })

  test('[L08] a resolver that throws, and one that answers with nothing, are typed errors', async () => {
    const throwing = new SystemResolver(() => {
      throw new TypeError('bad')
    })
    const empty = new SystemResolver((_host, _options, answer) => answer(null, []))
    for (const resolver of [throwing, empty]) {
      const error = await new Promise((resolve) => resolver.resolve('x', 4, resolve))
      expect(error).toMatchObject({ name: 'NetworkError', code: 'NAME_UNKNOWN' })
    }
  })

  test('IPv4 in IPv6 clothes is written as IPv4', async () => {
    const found = await new Promise((resolve) =>
      new SystemResolver().resolve('::ffff:10.0.0.1', 'any', (_error, value) => resolve(value)),
    )
    expect(found).toEqual(['10.0.0.1'])
  })

  test('names that cannot be are not asked for', async () => {
    const asked: string[] = []
    const resolver = new SystemResolver((host) => void asked.push(host))
    for (const host of ['', 'a b', 'a/b', 'a@b', 'a\0b', 'x'.repeat(254)]) {
      const error = await new Promise((resolve) => resolver.resolve(host, 'any', resolve))
      expect(error).toMatchObject({ code: 'NAME_UNKNOWN' })
    }
    expect(asked).toEqual([])
  })
})
