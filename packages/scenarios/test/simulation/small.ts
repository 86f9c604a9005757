// Small versions of the scenarios that ship, for tests.
import {
  applySettings,
  catalogued,
  type Onlooker,
  parseScenario,
  type ProfileName,
  type RunResult,
  runScenario,
  schemeNamed,
} from '../../src/index.ts'

export interface SmallOptions {
  readonly seed?: number
  readonly set?: readonly string[]
  readonly profile?: ProfileName
  readonly onlooker?: Onlooker
}

export function runSmall(name: string, scheme: string, options: SmallOptions = {}): RunResult {
  const applied = applySettings(catalogued(name), schemeNamed(scheme), options.set ?? [])
  return runScenario({
    scenario: parseScenario(applied.scenario, name),
    scheme,
    seed: options.seed ?? 1,
    settings: applied.settings,
    checks: 'all',
    ...(options.onlooker === undefined ? {} : { onlooker: options.onlooker }),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
  })
}
