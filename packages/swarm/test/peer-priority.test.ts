import { Prng } from '@bt/primitives'
import { expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { crc32c, peerPriority } from '../src/peers/peer-priority.ts'

test('CRC-32C has its check value', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
})

test('the two examples of BEP 40', () => {
  const a = { host: '123.213.32.10', port: 0 }
  expect(peerPriority(a, { host: '98.76.54.32', port: 0 })).toBe(0xec2d7224)
  expect(peerPriority(a, { host: '123.213.32.234', port: 0 })).toBe(0x99568189)
})

describeVectors('canonical peer priority', (vectors) => {
  const cases = vectors.kat('bep40-peer-priority')
  test.each(cases.map((one) => [one.id, one] as const))('%s, both ways round', (_, one) => {
    const a = { host: one['a'] as string, port: one['a_port'] as number }
    const b = { host: one['b'] as string, port: one['b_port'] as number }
    const priority = Number.parseInt(one['priority'] as string, 16)
    expect(peerPriority(a, b)).toBe(priority)
    expect(peerPriority(b, a)).toBe(priority)
  })
})

test('one address: the ports decide', () => {
  const at = (port: number): { host: string; port: number } => ({ host: '10.0.0.1', port })
  expect(peerPriority(at(1), at(2))).not.toBe(peerPriority(at(1), at(3)))
  expect(peerPriority(at(258), at(2))).toBe(peerPriority(at(2), at(258)))
})

test('names, and addresses of two families, have none', () => {
  const at = (host: string): { host: string; port: number } => ({ host, port: 1 })
  expect(peerPriority(at('example.org'), at('1.2.3.4'))).toBe(undefined)
  expect(peerPriority(at('2001:db8::1'), at('1.2.3.4'))).toBe(undefined)
})

test('is symmetric everywhere', () => {
  const random = new Prng(40)
  for (let turn = 0; turn < 500; turn++) {
    const host = (): string => [1, 2, 3, 4].map(() => random.below(4)).join('.')
    const [a, b] = [
      { host: host(), port: random.below(9) },
      { host: host(), port: random.below(9) },
    ]
    expect(peerPriority(a, b)).toBe(peerPriority(b, a))
  }
})
