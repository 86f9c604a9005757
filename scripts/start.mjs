// Runs a built app where the user stood (npm and pnpm start scripts in the package's folder): `start.mjs cli ARGS`.
import { spawn, spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const [app, ...args] = process.argv.slice(2)
const file = { cli: 'apps/cli/dist/bt.js', tracker: 'apps/tracker/dist/bt-tracker.js' }[app]

const setup = spawnSync(process.execPath, [join(root, 'scripts/setup.mjs'), '--build'], {
  stdio: 'inherit',
})
if (setup.status !== 0) process.exit(setup.status ?? 1)

if (app === 'cli' && args.length === 0) args.push('demo')
const child = spawn(process.execPath, [join(root, file), ...args], {
  cwd: process.env.INIT_CWD ?? process.cwd(),
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
})
