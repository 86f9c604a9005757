// Makes a fresh clone ready with only Node and npm: installs what the lockfile names, and builds when asked.
// Costs nothing when nothing changed: a stamp keeps the hash of what was installed and of what was built.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const stamps = join(root, 'node_modules', '.bt-setup')

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Node ${process.versions.node} is too old: install Node 20.19 or later and try again.`,
  )
  process.exit(1)
}

const packages = ['packages', 'apps'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
)

once(
  'install',
  [
    'package.json',
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    ...packages.map((path) => join(relative(root, path), 'package.json')),
  ],
  () => {
    // pnpm may purge node_modules without asking: CI says that nobody is there to ask.
    run(
      'npx',
      ['-y', manifest.packageManager, 'install', '--frozen-lockfile', '--prefer-offline'],
      { CI: 'true' },
    )
  },
)

if (process.argv.includes('--build')) {
  const sources = packages.flatMap((path) =>
    ['src', 'contract', 'package.json', 'tsup.config.ts'].flatMap((name) =>
      filesBelow(join(path, name)),
    ),
  )
  once(
    'build',
    [...sources, join(root, 'tsup.base.ts'), join(root, 'tsconfig.base.json')].map((path) =>
      relative(root, path),
    ),
    () => {
      run(
        join(root, 'node_modules', '.bin', 'turbo'),
        ['run', 'build', '--output-logs=errors-only'],
        {
          TURBO_TELEMETRY_DISABLED: '1',
          TURBO_NO_UPDATE_NOTIFIER: '1',
          PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
        },
      )
    },
    packages.some((path) => !existsSync(join(path, 'dist'))),
  )
}

/** Runs `work` unless its inputs are what they were the last time it succeeded. */
function once(name, inputs, work, force = false) {
  const hash = createHash('sha256').update(process.versions.node)
  for (const path of inputs.toSorted()) {
    hash.update(path)
    if (existsSync(join(root, path))) hash.update(readFileSync(join(root, path)))
  }
  const digest = hash.digest('hex')
  const stamp = join(stamps, name)
  if (!force && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return
  console.error(`${name}: one moment …`)
  work()
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, digest)
}

/** Output goes to stderr, so that stdout stays the program's own; shown only when it fails. */
function run(command, args, env) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (status === 0) return
  console.error(`${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`)
  console.error(`${command} ${args.join(' ')} failed; fix what it says above and try again.`)
  process.exit(1)
}

function filesBelow(path) {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path).flatMap((name) => filesBelow(join(path, name)))
}
