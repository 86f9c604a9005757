// Random small swarms with random faults: no rule breaks, and everybody in reach completes. SEEDS=n runs more; the long form
// is `npm run soak`. Seeds that once failed are kept as the scenarios that they were.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseScenario, type ProfileName, randomScenario, runScenario } from '../../src/index.ts'

const SEEDS = Number(process.env['SEEDS'] ?? 60)

interface Kept {
  readonly scheme: string
  readonly seed: number
  readonly profile: ProfileName
  readonly was: string
  readonly scenario: object
}
const kept = JSON.parse(
  readFileSync(new URL('../../seeds/regressions.json', import.meta.url), 'utf8'),
) as readonly Kept[]

/** A guard against hanging, not a bar: on a busy machine they take two minutes. */
const SEEDS_MS = 600_000

describe('random swarms', () => {
  test.each(['bittorrent', 'owned'])(
    `${SEEDS} of them under %s keep every rule`,
    (scheme) => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const scenario = randomScenario(seed)
        const result = runScenario({ scenario, scheme, seed, profile: 'fast', checks: 'all' })
        const again = `bt simulate random --scheme ${scheme} --seed ${seed} --profile fast`
        expect(result.brokenInvariants, again).toEqual([])
        expect(result.completed, again).toBeGreaterThanOrEqual(result.reachable)
      }
    },
    SEEDS_MS,
  )

  test('a few of them with real bytes and hashes', () => {
    for (let seed = 1; seed <= 3; seed++) {
      const scenario = { ...randomScenario(seed), pieces: 12 }
      const result = runScenario({
        scenario,
        scheme: 'owned',
        seed,
        profile: 'wire',
        checks: 'all',
      })
      expect(result.brokenInvariants, `seed ${seed}`).toEqual([])
    }
  })

  test.runIf(kept.length > 0).each(kept)(
    'seed $seed under $scheme, which once broke $was',
    ({ scheme, seed, profile, scenario }) => {
      const { name: _name, ...fields } = scenario as { readonly name: string }
      const result = runScenario({
        scenario: parseScenario(fields, 'random'),
        scheme,
        seed,
        profile,
        checks: 'all',
      })
      expect(result.brokenInvariants).toEqual([])
    },
  )
})
