// Large simulations need more heap than V8 takes by itself: the command starts itself again with enough.

import { spawn } from 'node:child_process'
import { getHeapStatistics } from 'node:v8'
import { EXIT } from './failure.ts'

/** Says that this process is the second one. */
const MARK = 'BT_BIG_HEAP'
const MIB = 1024 * 1024

/**
 * Runs the same command again with that much heap, where this process has less, and answers its exit code.
 * Undefined: this process has enough; go on here.
 */
export async function withHeap(bytes: number): Promise<number | undefined> {
  const isSecond = process.env[MARK] !== undefined
  if (isSecond || getHeapStatistics().heap_size_limit >= bytes) return undefined
  const flag = `--max-old-space-size=${Math.ceil(bytes / MIB)}`
  const script = process.argv[1] as string
  const child = spawn(
    process.execPath,
    [flag, ...process.execArgv, script, ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } },
  )
  const pass = (signal: NodeJS.Signals): boolean => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass)
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? EXIT.interrupted))
  })
}
