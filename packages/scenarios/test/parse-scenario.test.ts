import { describe, expect, test } from 'vitest'
import {
  applySettings,
  CATALOGUE,
  parseScenario,
  ScenarioError,
  schemeNamed,
} from '../src/index.ts'

/** Parsed JSON that a test spoils. */
interface Json {
  [key: string]: Json
}
const office = (): Json => structuredClone(CATALOGUE['office']) as Json

function refusal(change: (json: Json) => void): ScenarioError {
  const json = office()
  change(json)
  try {
    parseScenario(json, 'changed')
  } catch (error) {
    if (error instanceof ScenarioError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe('scenario files', () => {
  test.each(Object.entries(CATALOGUE))('%s can be run', (name, json) => {
    const scenario = parseScenario(json, name)
    expect(scenario.description.length).toBeGreaterThan(10)
  })

  test.each<[string, (json: Json) => void]>([
    ['peices', (json) => Object.assign(json, { peices: 3 })],
    ['pieces', (json) => Object.assign(json, { pieces: 1.5 })],
    ['classes[0].upload', (json) => delete json['classes']?.[0]?.['upload']],
    ['sites[0]', (json) => Object.assign(json['sites']?.[0] ?? {}, { peers: 9, sizes: 'zipf' })],
    [
      'sites[0]',
      (json) => Object.assign(json['sites'] ?? {}, { 0: { count: 5, peers: 3, sizes: 'zipf' } }),
    ],
    ['latency.kind', (json) => Object.assign(json['latency'] ?? {}, { kind: 'far' })],
    ['latency', (json) => Object.assign(json['latency'] ?? {}, { insideMs: 50 })],
    ['joins', (json) => Object.assign(json['joins']?.[0] ?? {}, { sites: [0] })],
    ['joins[0].sites', (json) => Object.assign(json['joins']?.[0] ?? {}, { sites: [3] })],
    ['faults[0].kind', (json) => Object.assign(json, { faults: [{ kind: 'flood' }] })],
    [
      'faults[0].when.progress',
      (json) => Object.assign(json, { faults: [{ kind: 'crash-tracker', when: { progress: 2 } }] }),
    ],
  ])('what is wrong at %s is refused with its place', (path, change) => {
    const error = refusal(change)
    expect(error.path).toBe(path)
    expect(error.message).toContain(path)
  })
})

describe('--set', () => {
  const set = (...pairs: string[]) =>
    applySettings(CATALOGUE['office'], schemeNamed('owned'), pairs)

  test('changes a setting of the scheme, and fields of the scenario by path or short name', () => {
    const { scenario, settings } = set('leaders=30', 'sites.0.hosts=2', 'pieces=8', 'out=3')
    expect(settings).toEqual({ leaders: 30 })
    const read = parseScenario(scenario, 'small')
    expect(read.sites[0]?.hosts).toBe(2)
    expect(read.pieces).toBe(8)
    expect(read.neighbours.out).toBe(3)
    expect(parseScenario(CATALOGUE['office'], 'office').sites[0]?.hosts).toBe(6)
  })

  test.each(['leaders', 'leaders=many', 'piecs=8', 'sites.7.hosts=2', '=3'])(
    '%s is refused',
    (pair) => {
      expect(() => set(pair)).toThrow(ScenarioError)
    },
  )
})
