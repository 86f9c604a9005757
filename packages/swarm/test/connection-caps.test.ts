import { expect, test } from 'vitest'
import { SESSION_LIMITS } from '../src/options.ts'
import { ConnectionCaps } from '../src/peers/connection-caps.ts'

const caps = (limits: Partial<typeof SESSION_LIMITS>): ConnectionCaps =>
  new ConnectionCaps({ ...SESSION_LIMITS, ...limits })

test('one address has so many connections; an IPv6 /64 is one address, loopback is none', () => {
  const three = caps({ connectionsPerAddressMax: 3 })
  const hosts = ['20.0.0.1', '20.0.0.1', '20.0.0.1', '20.0.0.1', '20.0.0.2']
  expect(hosts.map((host) => three.connect(host))).toEqual([true, true, true, false, true])
  const sixes = ['2600::1', '2600::2', '2600::3', '2600::4', '2600:0:0:1::1']
  expect(sixes.map((host) => three.connect(host))).toEqual([true, true, true, false, true])
  for (let at = 0; at < 10; at++) expect(three.connect('127.0.0.1')).toBe(true)
  three.disconnect('20.0.0.1')
  expect(three.connect('20.0.0.1')).toBe(true)
})

test('all connections together are capped', () => {
  const two = caps({ connectionsMax: 2 })
  expect(two.connect('20.0.0.1')).toBe(true)
  expect(two.connect('20.0.0.2')).toBe(true)
  expect(two.connect('20.0.0.3')).toBe(false)
  two.disconnect('20.0.0.1')
  expect(two.connect('20.0.0.3')).toBe(true)
  expect(two.connections).toBe(2)
})

test('dials beyond the cap are called in the order they asked, one for each that ends', () => {
  const one = caps({ dialsMax: 1 })
  const called: string[] = []
  const waiters = ['a', 'b'].map((name) => () => {
    called.push(name)
    one.takeDial(() => {})
  })
  expect(one.takeDial(() => {})).toBe(true)
  for (const waiter of waiters) expect(one.takeDial(waiter)).toBe(false)
  one.freeDial()
  expect(called).toEqual(['a'])
  one.freeDial()
  expect(called).toEqual(['a', 'b'])
  expect(one.dials).toBe(1)
})

test('a waiter that is forgotten is not called', () => {
  const one = caps({ dialsMax: 1 })
  let called = 0
  const waiter = (): void => {
    called++
  }
  one.takeDial(() => {})
  one.takeDial(waiter)
  one.forget(waiter)
  one.freeDial()
  expect(called).toBe(0)
})
