// Runs cells with the shipped command, several at a time; a cell's file appears only when it is whole.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunResult } from '@bt/scenarios'
import type { Cell } from './matrix.ts'

export interface Finished {
  readonly cell: Cell
  readonly result: RunResult
}

export interface Failed {
  readonly id: string
  readonly why: string
}

/** As built: the same from source costs half as much again. */
const BT = fileURLToPath(new URL('../../apps/cli/dist/bt.js', import.meta.url))

const fileOf = (folder: string, { id }: Cell): string => join(folder, 'cells', `${id}.json`)

/** Those whose file is there. */
export function finished(cells: readonly Cell[], folder: string): readonly Finished[] {
  return cells
    .filter((cell) => existsSync(fileOf(folder, cell)))
    .map((cell) => ({
      cell,
      result: JSON.parse(readFileSync(fileOf(folder, cell), 'utf8')) as RunResult,
    }))
}

/** Runs what is not there yet, `jobs` processes at a time. Answers what failed; a broken rule is a result, not a failure. */
export async function runCells(
  cells: readonly Cell[],
  folder: string,
  jobs: number,
): Promise<readonly Failed[]> {
  const waiting = cells.filter((cell) => !existsSync(fileOf(folder, cell)))
  const failed: Failed[] = []
  let done = cells.length - waiting.length
  const running = new Set<ChildProcess>()
  const stop = (): void => {
    for (const child of running) child.kill()
    process.exit(130)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const work = async (): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      const began = performance.now()
      const why = await runCell(cell, folder, running)
      if (why !== undefined) failed.push({ id: cell.id, why })
      done++
      const seconds = ((performance.now() - began) / 1000).toFixed(0)
      const word = why === undefined ? 'done' : 'FAILED'
      console.log(`${done} of ${cells.length}: ${cell.id} ${word} in ${seconds} s`)
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, work))
  process.off('SIGINT', stop)
  process.off('SIGTERM', stop)
  return failed
}

async function runCell(
  cell: Cell,
  folder: string,
  running: Set<ChildProcess>,
): Promise<string | undefined> {
  const place = join(folder, 'cells', `.${cell.id}`)
  mkdirSync(place, { recursive: true })
  const args = ['simulate', cell.scenario, '--scheme', cell.scheme, '--seed', String(cell.seed)]
  for (const pair of cell.set) args.push('--set', pair)
  if (cell.profile !== undefined) args.push('--profile', cell.profile)
  const child = spawn(process.execPath, [BT, ...args, '--out', place], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2000)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  })
  running.delete(child)
  const made = join(place, 'result.json')
  const isThere = existsSync(made)
  if (isThere) renameSync(made, fileOf(folder, cell))
  rmSync(place, { recursive: true, force: true })
  return isThere ? undefined : `exit ${code}: ${words.trim()}`
}
