import { Simulation, settle } from '@bt/simulator'
import type { SimulationError, TraceEntry } from '@bt/simulator'
import { describe, expect, test } from 'vitest'

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

describe('the clock', () => {
  test('it stands still between events and jumps to the next one', () => {
    const simulation = new Simulation(1)
    const times: number[] = []
    for (const timeMs of [20, 0.001, 3_600_000, 20]) {
      simulation.at(timeMs, () => times.push(simulation.clock.now()))
    }
    expect(simulation.run()).toMatchObject({ timeMs: 3_600_000, events: 4, stopped: 'idle' })
    expect(times).toEqual([0.001, 20, 20, 3_600_000])
  })

  test('at its end of time it stands there, whether something was due or not', () => {
    const simulation = new Simulation(1)
    simulation.at(10, () => {})
    simulation.at(100, () => {})
    expect(simulation.run({ timeMs: 50 })).toMatchObject({ timeMs: 50, events: 1, stopped: 'time' })
    expect(simulation.run({ timeMs: 70 })).toMatchObject({ timeMs: 70, events: 1, stopped: 'time' })
    expect(simulation.run({ timeMs: 200 })).toMatchObject({ timeMs: 200, stopped: 'idle' })
  })

  test('an alarm is never early, whatever fraction of a millisecond it asks for', () => {
    const simulation = new Simulation(1)
    let early = 0
    for (let part = 0; part < 5_000; part++) {
      const dueMs = part / 3 + part * 1e-7
      simulation.at(dueMs, () => {
        if (simulation.clock.now() < dueMs) early++
      })
    }
    simulation.run()
    expect(early).toBe(0)
  })

  test('wall-clock seconds begin at a fixed date and keep step', () => {
    const simulation = new Simulation(1)
    const start = simulation.clock.wallSeconds()
    expect(new Date(start * 1000).toISOString()).toBe('2025-01-01T00:00:00.000Z')
    simulation.run({ timeMs: 90_000 })
    expect(simulation.clock.wallSeconds() - start).toBe(90)
  })

  test('what was called off is no event and does not move the clock', () => {
    const simulation = new Simulation(1)
    for (let alarm = 0; alarm < 5_000; alarm++) simulation.at(1_000 + alarm, () => {}).cancel()
    simulation.at(5, () => {})
    expect(simulation.run()).toMatchObject({ timeMs: 5, events: 1 })
  })
})

describe('run', () => {
  test('it stops after so many events, or when a condition holds', () => {
    const simulation = new Simulation(1)
    let count = 0
    for (let event = 0; event < 10; event++) simulation.at(event, () => count++)
    expect(simulation.run({ events: 3 })).toMatchObject({ events: 3, stopped: 'events' })
    expect(simulation.run({ when: () => count === 7 })).toMatchObject({ timeMs: 6, events: 7 })
    expect(simulation.run({ when: () => true })).toMatchObject({ events: 7, stopped: 'when' })
  })

  test('a failing event comes out with seed, time and cause', () => {
    const simulation = new Simulation(4711)
    simulation.at(12.5, () => {
      throw new TypeError('broken')
    })
    const error = thrownBy(() => simulation.run()) as SimulationError
    expect(error).toMatchObject({
      name: 'SimulationError',
      code: 'EVENT_FAILED',
      seed: 4711,
      timeMs: 12.5,
      events: 1,
    })
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.message).toContain('broken (seed 4711, 12.5 ms, event 1)')
  })

  test('what is not reached in time says so, with the seed', () => {
    const simulation = new Simulation('a seed')
    const error = thrownBy(() => simulation.runUntil(() => false, { timeMs: 100 }, 'the end'))
    expect(error).toMatchObject({ code: 'NOT_REACHED', timeMs: 100 })
    expect((error as Error).message).toBe(
      'the end was not reached: nothing is left to happen (seed a seed, 100 ms, event 0)',
    )
  })

  test('run inside an event is refused', () => {
    const simulation = new Simulation(1)
    simulation.at(1, () => simulation.run())
    expect(thrownBy(() => simulation.run())).toMatchObject({ code: 'EVENT_FAILED' })
  })

  test('a run without limits that never ends is ENDLESS', () => {
    const simulation = new Simulation(1, { eventsMax: 1_000 })
    const again = (): void => void simulation.at(simulation.clock.now() + 1, again)
    again()
    expect(thrownBy(() => simulation.run())).toMatchObject({ code: 'ENDLESS', events: 1_000 })
  })
})

describe('the trace', () => {
  test('its hash depends on the time, kind, place and size of every event, and on their order', () => {
    const hashOf = (...notes: [time: number, host: number, size: number][]): string => {
      const simulation = new Simulation(1)
      for (const [timeMs, host, size] of notes) {
        simulation.run({ timeMs })
        simulation.note('scenario', host, size)
      }
      return simulation.traceHash
    }
    const hashes = [
      hashOf([1, 1, 1], [2, 2, 2]),
      hashOf([1, 2, 1], [2, 1, 2]),
      hashOf([1, 1, 2], [2, 2, 1]),
      hashOf([1, 1, 1], [3, 2, 2]),
      hashOf([1, 1, 1]),
      hashOf([1, 1, 1], [2, 2, 2 + 2 ** 32]),
      hashOf([1, 1, 1], [2 + 2 ** 32, 2, 2]),
    ]
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(hashOf([1, 1, 1], [2, 2, 2])).toBe(hashes[0])
  })

  test('its hash of a known run is the same on every machine', () => {
    const simulation = new Simulation(1)
    for (let event = 0; event < 1_000; event++) {
      simulation.at(event * 1.25, () => simulation.note('scenario', event, event * 977))
    }
    expect(simulation.run().traceHash).toBe('5d99529ab94f301f')
  })

  test('a listener hears every event', () => {
    const heard: TraceEntry[] = []
    const simulation = new Simulation(1, { trace: (entry) => heard.push(entry) })
    simulation.at(3, () => simulation.note('log', 2, 9, { event: 'said' }))
    simulation.run()
    expect(heard).toEqual([
      { timeMs: 3, kind: 'scenario', host: -1, size: 0 },
      { timeMs: 3, kind: 'log', host: 2, size: 9, event: 'said' },
    ])
  })
})

describe('random', () => {
  test('generators of two purposes do not disturb each other', () => {
    const first = new Simulation(5)
    const alone = [first.random('x').below(1e9), first.random('x').below(1e9)]
    const second = new Simulation(5)
    const x = second.random('x')
    second.random('y').below(1e9)
    expect([x.below(1e9), second.random('x').below(1e9)]).toEqual(alone)
    expect(new Simulation(6).random('x').below(1e9)).not.toBe(alone[0])
  })
})

describe('settle', () => {
  test('it lets time pass for code that awaits, and answers its promise', async () => {
    const simulation = new Simulation(1)
    const sleep = (ms: number): Promise<void> =>
      new Promise((resolve) => simulation.at(simulation.clock.now() + ms, resolve))
    const work = async (): Promise<number> => {
      for (let round = 0; round < 10; round++) await sleep(100)
      return simulation.clock.now()
    }
    expect(await settle(simulation, work())).toBe(1_000)
  })

  test('two runs of awaiting code have one trace', async () => {
    const trace = async (): Promise<string> => {
      const simulation = new Simulation(1)
      const random = simulation.random('sleep')
      const sleeper = async (): Promise<void> => {
        for (let round = 0; round < 50; round++) {
          await new Promise<void>((resolve) => {
            simulation.at(simulation.clock.now() + random.below(10), resolve)
          })
        }
      }
      await settle(simulation, Promise.all([sleeper(), sleeper(), sleeper()]))
      return simulation.traceHash
    }
    expect(await trace()).toBe(await trace())
  })

  test('it rejects as the promise does, and when the promise never comes', async () => {
    const simulation = new Simulation(1)
    await expect(settle(simulation, Promise.reject(new Error('no')))).rejects.toThrow('no')
    const never = new Promise<void>(() => {})
    await expect(settle(simulation, never)).rejects.toMatchObject({ code: 'NOT_REACHED' })
    simulation.at(10_000, () => {})
    await expect(settle(simulation, never, { timeMs: 500 })).rejects.toMatchObject({
      code: 'NOT_REACHED',
      timeMs: 500,
    })
    simulation.at(600, () => {
      throw new Error('event')
    })
    await expect(settle(simulation, never)).rejects.toMatchObject({ code: 'EVENT_FAILED' })
  })
})
