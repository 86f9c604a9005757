// `npm test`: types, lint, build, then every test in one vitest run whose last line adds it all up.
// Arguments go to vitest: `npm test -- --project unit`.
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')
const env = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
}

const checks = [
  { name: 'types', command: 'tsc', args: ['--noEmit', '-p', 'tsconfig.json'] },
  { name: 'types of the page', command: 'tsc', args: ['--noEmit', '-p', 'apps/replay'] },
  { name: 'format', command: 'biome', args: ['format', '.'] },
  { name: 'lint', command: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'unused', command: 'knip', args: [] },
  { name: 'build', command: 'turbo', args: ['run', 'build', '--output-logs=errors-only'] },
]

for (const { name, command, args } of checks) {
  const started = process.hrtime.bigint()
  const { status } = spawnSync(join(bin, command), [...args], { cwd: root, env, stdio: 'inherit' })
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds.toFixed(1)} s)`)
  if (status !== 0) process.exit(1)
}

const { status } = spawnSync(join(bin, 'vitest'), ['run', ...process.argv.slice(2)], {
  cwd: root,
  env,
  stdio: 'inherit',
})
process.exit(status ?? 1)
