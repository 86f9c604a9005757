// `npm run test:kill -- --rounds 50 --seed 7`: the long form of tests/faults/kills.test.ts.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const USAGE = `npm run test:kill -- [options]: kill -9 at random moments of a download, then resume.

  --rounds N    how often (50)
  --seed TEXT   repeats a run (drawn)
  --help        this
`
const { values } = read()
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

function read() {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    process.stdout.write(USAGE)
    process.exit(0)
  }
  try {
    return parseArgs({
      options: { rounds: { type: 'string', default: '50' }, seed: { type: 'string' } },
    })
  } catch (error) {
    console.error(`${error.message} (--help says what there is)`)
    process.exit(2)
  }
}
