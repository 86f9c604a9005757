// One run for everything, so that one reporter adds it all up. Select with `--project unit`.
import { defineConfig } from 'vitest/config'

const resolve = { conditions: ['@bt/source'] }
const ssr = { resolve: { conditions: ['@bt/source'], externalConditions: ['@bt/source'] } }

const project = (name: string, include: string[], more: object = {}) => ({
  resolve,
  ssr,
  test: { name, include, testTimeout: 20_000, ...more },
})

export default defineConfig({
  test: {
    reporters: ['default', './scripts/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      project('tidy', ['tests/tidy/**/*.test.ts'], { testTimeout: 120_000 }),
      project('unit', ['packages/*/test/*.test.ts', 'apps/*/test/*.test.ts']),
      project('simulation', ['packages/*/test/simulation/**/*.test.ts'], { testTimeout: 120_000 }),
      project('examples', ['tests/examples/**/*.test.ts'], { testTimeout: 120_000 }),
      project('packages', ['tests/packages/**/*.test.ts'], {
        testTimeout: 300_000,
        sequence: { groupOrder: 1 },
      }),
      // Real peers are waited for most of the time: more files at once than cores, and all transfers of a direction.
      project('interop', ['tests/interop/**/*.test.ts'], {
        testTimeout: 180_000,
        maxWorkers: 4,
        maxConcurrency: 11,
        sequence: { groupOrder: 2 },
      }),
      project('faults', ['tests/faults/**/*.test.ts'], {
        testTimeout: 180_000,
        fileParallelism: false,
        sequence: { groupOrder: 3 },
      }),
    ],
  },
})
