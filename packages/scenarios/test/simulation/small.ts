// Small versions of the scenarios that ship, for tests.
import {
  applySettings,
  catalogued,
  parseScenario,
  type RunResult,
  runScenario,
  schemeNamed,
} from '../../src/index.ts'

export interface SmallOptions {
  readonly seed?: number
  readonly set?: readonly string[]
}

export function runSmall(name: string, scheme: string, options: SmallOptions = {}): RunResult {
  const applied = applySettings(catalogued(name), schemeNamed(scheme), options.set ?? [])
  return runScenario({
    scenario: parseScenario(applied.scenario, name),
    scheme,
    seed: options.seed ?? 1,
    settings: applied.settings,
    checks: 'all',
  })
}
