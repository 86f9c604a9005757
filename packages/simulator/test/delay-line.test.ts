// What arrives at one instant is glanced at together, and only that.
import { expect, test } from 'vitest'
import { DelayLine, type Landing } from '../src/delay-line.ts'
import { Simulation } from '../src/simulation.ts'

function landing(name: string, log: string[]): Landing {
  return {
    glance: () => log.push(`glance ${name}`),
    landed: () => {
      log.push(`landed ${name}`)
    },
  }
}

test('all ends of a broadcast are glanced at before the first is told, those of later ones are not', () => {
  const simulation = new Simulation(1)
  const log: string[] = []
  const line = new DelayLine(simulation, 1_000)
  line.push(landing('a', log), {}, 1)
  line.push(landing('b', log), {}, 1)
  simulation.at(0.5, () => line.push(landing('c', log), {}, 1))
  simulation.run()
  expect(log).toEqual(['glance a', 'glance b', 'landed a', 'landed b', 'landed c'])
})

test('what comes alone is told without a glance', () => {
  const simulation = new Simulation(1)
  const log: string[] = []
  new DelayLine(simulation, 1_000).push(landing('a', log), {}, 1)
  simulation.run()
  expect(log).toEqual(['landed a'])
})
