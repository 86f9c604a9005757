// The tests on Node 24: `npm run test:node24 [-- VITEST ARGUMENTS]`. Node itself comes as a package from the npm registry.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VERSION = '24'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const home = join(root, 'node_modules', '.bt-setup', `node${VERSION}`)
const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const bin = join(home, 'node_modules', name, 'bin')

run(process.execPath, [join(root, 'scripts/setup.mjs')], process.env)
if (!existsSync(bin))
  run(
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', home, `${name}@${VERSION}`],
    process.env,
  )
run(join(bin, 'node'), [join(root, 'scripts/test.mjs'), ...process.argv.slice(2)], {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
})

function run(command, args, env) {
  const { status } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
