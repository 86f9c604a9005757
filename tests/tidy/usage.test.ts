// Scripts that take options say which, and end without a stack trace when they are told something else.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/sources.ts'

const SCRIPTS = [
  'experiment.ts',
  'published-tables.ts',
  'soak.ts',
  'fuzz.ts',
  'proof/run.ts',
  'test-kill.mjs',
]

function run(script: string, option: string): { status: number | null; out: string; err: string } {
  const loader = script.endsWith('.ts') ? ['--import', 'tsx', '--conditions=@bt/source'] : []
  const args = [...loader, join(ROOT, 'scripts', script), option]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: 'utf8',
  })
  return { status, out: stdout, err: stderr }
}

test.each(SCRIPTS)('%s has a --help', { timeout: 60_000 }, (script) => {
  const { status, out, err } = run(script, '--help')
  expect([status, err]).toEqual([0, ''])
  expect(out).toMatch(/^npm run [a-z:-]+ -- /)
})

test.each(SCRIPTS)('%s names an option that it does not know', { timeout: 60_000 }, (script) => {
  const { status, out, err } = run(script, '--no-such-option')
  expect([status, out]).toEqual([2, ''])
  expect(err.split('\n')[0]).toContain("'--no-such-option'")
  expect(err).not.toMatch(/^ {4}at /m)
})
