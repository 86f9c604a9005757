import type { Clock } from '@bt/ports'
import { Simulation } from '@bt/simulator'
import { expect, test } from 'vitest'
import { Turn } from '../src/peers/turn.ts'

const clockOf = (simulation: Simulation): Clock => simulation.clock

test('tasks run once, before the flushes, however often they were asked for', () => {
  const turn = new Turn(clockOf(new Simulation(1)))
  const order: string[] = []
  const task = (): void => {
    order.push('task')
  }
  turn.touch({ flush: () => order.push('flush') })
  turn.later(task)
  turn.later(task)
  turn.end()
  turn.end()
  expect(order).toEqual(['task', 'flush'])
})

test('what a task or a flush causes belongs to the same turn', () => {
  const turn = new Turn(clockOf(new Simulation(1)))
  const order: string[] = []
  turn.later(() => {
    order.push('first')
    turn.later(() => order.push('second'))
    turn.touch({
      flush: () => {
        order.push('flush')
        turn.touch({ flush: () => order.push('flush again') })
      },
    })
    turn.end() // from inside: nothing happens
  })
  turn.end()
  expect(order).toEqual(['first', 'second', 'flush', 'flush again'])
})

test('soon makes a turn of its own, one for many calls, and none after close', () => {
  const simulation = new Simulation(1)
  const turn = new Turn(clockOf(simulation))
  let flushed = 0
  turn.touch({ flush: () => flushed++ })
  turn.soon()
  turn.soon()
  expect(flushed).toBe(0)
  simulation.run()
  expect(flushed).toBe(1)
  expect(simulation.events).toBe(1)
  turn.touch({ flush: () => flushed++ })
  turn.soon()
  turn.close()
  simulation.run()
  expect(flushed).toBe(1)
})
