// Large simulations need more heap than V8 takes by itself: the command starts itself again with enough.
//
// And more room for new objects: requests and messages live for virtual seconds. With V8's own 16 MiB a fifth of all that a
// swarm of 700 made was alive when they were full, was copied, and grew old.

import { spawn } from 'node:child_process'
import { getHeapStatistics } from 'node:v8'
import { EXIT } from './failure.ts'

/** Says that this process is the second one. */
const MARK = 'BT_BIG_HEAP'
const MIB = 1024 * 1024
/** Heap from which on a second process pays: it costs a start of Node. */
const LARGE_BYTES = 128 * MIB
/** Of each half of the space for new objects, from the start. */
const YOUNG_MIB = 64

/**
 * Runs the same command again with that much heap, where it is much, and answers its exit code. Undefined: this process
 * will do; go on here.
 */
export async function withHeap(bytes: number): Promise<number | undefined> {
  const isSecond = process.env[MARK] !== undefined
  if (isSecond || bytes < LARGE_BYTES) return undefined
  const oldMib = Math.max(bytes, getHeapStatistics().heap_size_limit) / MIB
  const flags = [
    `--max-old-space-size=${Math.ceil(oldMib)}`,
    `--min-semi-space-size=${YOUNG_MIB}`,
    `--max-semi-space-size=${YOUNG_MIB}`,
  ]
  const script = process.argv[1] as string
  const child = spawn(
    process.execPath,
    [...flags, ...process.execArgv, script, ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, [MARK]: '1' } },
  )
  const pass = (signal: NodeJS.Signals): boolean => child.kill(signal)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, pass)
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? EXIT.interrupted))
  })
}
