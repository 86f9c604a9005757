// The command that runs many random swarms; what it runs is tested in simulation/random.test.ts.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const SOAK = fileURLToPath(new URL('../../../scripts/soak.ts', import.meta.url))

test('the soak says what it takes, and runs nothing', async () => {
  const node = ['--import', 'tsx', '--conditions=@bt/source', SOAK, '--help']
  const { stdout } = await promisify(execFile)(process.execPath, node)
  for (const option of ['--seeds', '--from', '--scheme', '--profile', '--jobs']) {
    expect(stdout).toContain(option)
  }
  expect(stdout).not.toContain('runs,')
})
