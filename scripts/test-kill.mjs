// `npm run test:kill -- --rounds 50 --seed 7`: the long form of tests/faults/kills.test.ts.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '50' }, seed: { type: 'string' } },
})
if (!/^[1-9]\d*$/.test(values.rounds)) {
  console.error(`--rounds ${values.rounds}: give a whole number, as in --rounds 50`)
  process.exit(2)
}
const { status } = spawnSync(
  join(root, 'node_modules', '.bin', 'vitest'),
  ['run', '--project', 'faults', 'tests/faults/kills.test.ts'],
  {
    cwd: root,
    env: {
      ...process.env,
      KILL_ROUNDS: values.rounds,
      ...(values.seed === undefined ? {} : { SEED: values.seed }),
    },
    stdio: 'inherit',
  },
)
process.exit(status ?? 1)
