// Digests of what lies in files, read by the thread that hashes it: the event loop does neither, and no piece is in memory.
//
// What no thread did is done here, part by part, so that the loop goes on in between.

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { DigestWants, RunDigests } from '@bt/ports'
import { type DiskCalls, SYSTEM_CALLS } from './disk-calls.ts'
import { plainDigest } from './thread-hasher.ts'
import { LEAF_LENGTH, PART_LENGTH, TOO_SHORT } from './thread-program.ts'
import type { FileRun, ThreadAnswer, WorkThreads } from './work-threads.ts'

/** A run could not be read. `code`: of the system, or TOO_SHORT where the file ends at `at`. */
export class RunError extends Error {
  override readonly name = 'RunError'
  readonly code: string
  /** Which of them, by number. */
  run: number
  readonly at: number | undefined

  constructor(
    message: string,
    facts: { readonly code?: string; readonly run?: number; readonly at?: number },
  ) {
    super(message)
    this.code = facts.code ?? ''
    this.run = facts.run ?? 0
    this.at = facts.at
  }

  get isTooShort(): boolean {
    return this.code === TOO_SHORT
  }
}

/** @throws {RunError} */
export async function digestRuns(
  threads: WorkThreads,
  runs: readonly FileRun[],
  wants: DigestWants,
  calls: DiskCalls = SYSTEM_CALLS,
): Promise<RunDigests> {
  const { value, failure } = await new Promise<ThreadAnswer>((resolve) => {
    if (!threads.run({ kind: 'hash', runs, wants }, resolve)) resolve({})
  })
  if (failure !== undefined) throw new RunError(failure.message, failure)
  return (value as RunDigests | undefined) ?? digestHere(runs, wants, calls)
}

async function digestHere(
  runs: readonly FileRun[],
  wants: DigestWants,
  calls: DiskCalls,
): Promise<RunDigests> {
  const whole = createHash('sha1')
  const leaves: Uint8Array[] = []
  const take = (bytes: Uint8Array, isZero: boolean): void => {
    if (wants.sha1) whole.update(bytes)
    if (!wants.leaves || isZero) return
    for (let at = 0; at < bytes.length; at += LEAF_LENGTH) {
      leaves.push(plainDigest('sha256', bytes.subarray(at, at + LEAF_LENGTH)))
    }
  }
  for (const [index, run] of runs.entries()) {
    try {
      await eachPart(run, calls, take)
    } catch (error) {
      if (error instanceof RunError) throw Object.assign(error, { run: index })
      const { message, code } = error as NodeJS.ErrnoException
      throw new RunError(message, { ...(code !== undefined && { code }), run: index })
    }
  }
  return {
    ...(wants.sha1 && { sha1: new Uint8Array(whole.digest()) }),
    ...(wants.leaves && { leaves: new Uint8Array(Buffer.concat(leaves)) }),
  }
}

async function eachPart(
  run: FileRun,
  calls: DiskCalls,
  take: (bytes: Uint8Array, isZero: boolean) => void,
): Promise<void> {
  const opened = run.path === undefined ? undefined : await open(run.path)
  const descriptor = opened?.fd ?? run.descriptor
  const part = new Uint8Array(Math.min(PART_LENGTH, run.length))
  try {
    for (let at = 0; at < run.length; at += PART_LENGTH) {
      const bytes = part.subarray(0, Math.min(PART_LENGTH, run.length - at))
      if (descriptor !== undefined) await fill(bytes, descriptor, run.offset + at, calls)
      take(bytes, descriptor === undefined)
    }
  } finally {
    await opened?.close()
  }
}

async function fill(
  bytes: Uint8Array,
  descriptor: number,
  offset: number,
  calls: DiskCalls,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const count = await calls.read(descriptor, bytes.subarray(at), offset + at)
    if (count === 0) throw new RunError('the file ends', { code: TOO_SHORT, at: offset + at })
    at += count
  }
}
