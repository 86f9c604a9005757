// What the benchmarks of the tracker have in common: the program, loads of C, and what the kernel says of a process.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const TRACKER = fileURLToPath(
  new URL('../../apps/tracker/dist/bt-tracker.js', import.meta.url),
)
const HERE = fileURLToPath(new URL('.', import.meta.url))
/** Clock ticks a second of /proc: 100 on every Linux of today. */
const TICKS = 100

/** Builds NAME.c beside this file into a folder. */
export function buildLoad(folder: string, name: string): void {
  execFileSync('cc', ['-O2', '-o', join(folder, name), join(HERE, `${name}.c`)])
}

/** Of a process that runs. */
export function cpuSeconds(pid: number | undefined): number {
  const after = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] as string
  const fields = after.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

export function residentMiB(pid: number | undefined): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** A process and those that it started. */
export function family(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

export const median = (list: readonly number[]): number =>
  list.toSorted((one, other) => one - other)[list.length >> 1] as number
