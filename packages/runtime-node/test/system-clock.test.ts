import { clockContract } from '@bt/ports/contract'
import { describe, expect, test, vi } from 'vitest'
import { SystemClock } from '../src/system-clock.ts'
import { realWorld } from './real-world.ts'

describe('the system clock keeps the contract of Clock', () => {
  const setup = async () => {
    const clock = new SystemClock()
    return { clock, ...realWorld(() => clock.close()) }
  }
  for (const check of clockContract(setup)) test(check.name, () => check.run())
})

describe('the system clock', () => {
  test('[L02] a jump of the wall clock moves neither now nor an alarm', async () => {
    const clock = new SystemClock()
    const before = clock.now()
    const wall = vi.spyOn(Date, 'now')
    for (const years of [1, -1]) {
      wall.mockReturnValue(1_800_000_000_000 + years * 365 * 86_400_000)
      expect(clock.now() - before).toBeGreaterThanOrEqual(0)
      expect(clock.now() - before).toBeLessThan(10_000)
      const rung = await new Promise<number>((resolve) => {
        clock.at(clock.now() + 5, () => resolve(clock.now()))
      })
      expect(rung - before).toBeLessThan(10_000)
    }
    wall.mockRestore()
    clock.close()
  })

  test('wallSeconds is the seconds of the wall clock', () => {
    const wall = vi.spyOn(Date, 'now').mockReturnValue(1_234_567_890_999)
    expect(new SystemClock().wallSeconds()).toBe(1_234_567_890)
    wall.mockRestore()
  })

  test('[L04] after the event loop was blocked each alarm has run once, in order', async () => {
    const clock = new SystemClock()
    const ran: number[] = []
    const start = clock.now()
    for (let index = 0; index < 50; index++) clock.at(start + index, () => ran.push(index))
    while (clock.now() - start < 80) {
      // the block
    }
    await new Promise<void>((resolve) => clock.at(clock.now(), resolve))
    expect(ran).toEqual(Array.from({ length: 50 }, (_, index) => index))
    clock.close()
  })

  test('an alarm that throws does not stop the others', async () => {
    const clock = new SystemClock()
    const seen: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => seen.push(error.message))
    clock.at(0, () => {
      throw new Error('thrown by an alarm')
    })
    await new Promise<void>((resolve) => clock.at(0, resolve))
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect(seen).toEqual(['thrown by an alarm'])
    clock.close()
  })

  test('cancelled alarms do not pile up', () => {
    const clock = new SystemClock()
    for (let round = 0; round < 100_000; round++) clock.at(1e12, () => {}).cancel()
    expect(clock.alarmCount).toBe(0)
    clock.close()
  })

  test('a closed clock runs nothing and holds no timer', async () => {
    const clock = new SystemClock()
    let ran = false
    clock.at(clock.now() + 5, () => {
      ran = true
    })
    clock.close()
    clock.at(0, () => {
      ran = true
    })
    await new Promise((resolve) => setTimeout(resolve, 15))
    expect(ran).toBe(false)
  })
})
