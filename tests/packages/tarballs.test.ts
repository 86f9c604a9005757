// What npm users get: every tarball installs and runs in an empty folder outside the workspace, its types resolve,
// and the example in its README does what it says. Needs the build (npm test makes it first).
import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT, rooms } from '../support/sources.ts'

const run = promisify(execFile)
const bin = join(ROOT, 'node_modules/.bin')
const folder = mkdtempSync(join(tmpdir(), 'bt-tarballs-'))
const env = {
  ...process.env,
  PATH: `${bin}:${process.env['PATH']}`,
  NO_COLOR: '1',
  INIT_CWD: folder,
}
const all = rooms()
const libraries = all.filter(({ folder: path }) => path.startsWith('packages/'))
const tarballOf = new Map<string, string>()

beforeAll(async () => {
  const packed = join(folder, 'packed')
  mkdirSync(packed)
  for (const room of all) {
    await run(join(bin, 'pnpm'), ['pack', '--pack-destination', packed], {
      cwd: join(ROOT, room.folder),
      env,
    })
    const made = readdirSync(packed).find((name) => new RegExp(`^bt-${room.name}-\\d`).test(name))
    tarballOf.set(room.name, join(packed, made ?? ''))
  }
  const manifest = { name: 'empty', private: true, type: 'module' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  // Together in one command: on its own each would ask the registry for its siblings.
  await run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballOf.values()],
    { cwd: folder, env },
  )
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('no @bt package came from a registry', () => {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string }>
  }
  const ours = Object.entries(lock.packages).filter(([path]) =>
    /node_modules\/@bt\/[^/]+$/.test(path),
  )
  expect(ours).toHaveLength(all.length)
  for (const [path, { resolved }] of ours) expect(resolved, path).toMatch(/^file:/)
})

test.each(libraries)(
  '@bt/$name: the example in its README runs',
  async ({ name, folder: path }) => {
    const readme = readFileSync(join(ROOT, path, 'README.md'), 'utf8')
    const example = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
    expect(example, `a \`\`\`ts example in ${path}/README.md`).toBeDefined()
    const { outputText } = ts.transpileModule(example as string, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    })
    const workFolder = join(folder, `example-${name}`)
    mkdirSync(workFolder)
    writeFileSync(join(workFolder, 'example.mjs'), outputText)
    const { stdout } = await run(process.execPath, ['example.mjs'], {
      cwd: workFolder,
      env,
      timeout: 60_000,
    })
    // It shows its result or asserts it; otherwise it could not fail.
    expect(stdout.trim() !== '' || /\bassert/.test(example as string)).toBe(true)
  },
)

test.each(libraries)('@bt/$name: publint finds nothing', async ({ name }) => {
  const { stdout } = await run(
    join(bin, 'publint'),
    ['run', tarballOf.get(name) as string, '--strict'],
    { env },
  )
  expect(stdout).toContain('All good')
})

test.each(libraries)('@bt/$name: its types resolve for importers', async ({ name }) => {
  const { stdout } = await run(
    join(bin, 'attw'),
    [tarballOf.get(name) as string, '--profile', 'esm-only', '--format', 'ascii'],
    { env },
  )
  expect(stdout).toContain('🟢 (ESM)')
})

test.each([
  ['bt', 'cli'],
  ['bt-tracker', 'tracker'],
])('%s from its tarball answers --help and --version', async (command, name) => {
  const program = join(folder, 'node_modules/.bin', command)
  const help = await run(program, ['--help'], { env })
  expect(help.stdout).toContain(`Usage: ${command}`)
  const version = await run(program, ['--version'], { env })
  const manifest = JSON.parse(readFileSync(join(ROOT, 'apps', name, 'package.json'), 'utf8')) as {
    version: string
  }
  expect(version.stdout.trim()).toBe(manifest.version)
})

test('every package type-checks for a strict consumer', async () => {
  const names = libraries.map(({ name }) => name)
  const lines = names.map((name) => `export * as ${name.replaceAll('-', '_')} from '@bt/${name}'`)
  writeFileSync(join(folder, 'consumer.ts'), `${lines.join('\n')}\n`)
  cpSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), {
    recursive: true,
    dereference: true,
  })
  const flags = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--lib',
    'es2023,esnext.disposable',
    '--types',
    'node',
    '--exactOptionalPropertyTypes',
  ]
  const { stdout } = await run(join(bin, 'tsc'), [...flags, 'consumer.ts'], {
    cwd: folder,
    env,
  }).catch((error: { stdout: string }) => error)
  // Node's own types ask for a package that nobody here installs: only what is said of ours counts.
  const ours = stdout.split('\n').filter((line) => /^(consumer|node_modules\/@bt)\b/.test(line))
  expect(ours).toEqual([])
  expect(stdout).not.toMatch(/error TS[56]\d\d\d:/)
})
