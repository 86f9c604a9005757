// Starts one of the programs in children/ as a process of its own, from source.
import { type ChildProcess, spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = resolve(HERE, '../../..')

export interface Child {
  readonly process: ChildProcess
  /** What it has said, by lines. */
  readonly lines: string[]
  /** The first line that begins so; rejects when the process ends without it. */
  line(start: string): Promise<string>
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
}

/** `limits`: `ulimit` options for it, as in '-n 64'. */
export function startChild(name: string, values: readonly string[], limits = ''): Child {
  const program = join(HERE, 'children', `${name}.ts`)
  const node = ['--import', 'tsx', '--conditions=@bt/source', program, ...values]
  const child =
    limits === ''
      ? spawn(process.execPath, node, { cwd: ROOT })
      : spawn('sh', ['-c', `ulimit ${limits}; exec "$0" "$@"`, process.execPath, ...node], {
          cwd: ROOT,
        })
  const lines: string[] = []
  let errors = ''
  let rest = ''
  const listeners = new Set<() => void>()
  child.stdout.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split('\n')
    rest = parts.pop() as string
    lines.push(...parts)
    for (const listener of listeners) listener()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const ended = new Promise<{ code: number | null; signal: string | null }>((settle) => {
    child.once('close', (code, signal) => settle({ code, signal }))
  })
  const line = (start: string): Promise<string> =>
    new Promise((settle, reject) => {
      const look = (): void => {
        const found = lines.find((each) => each.startsWith(start))
        if (found === undefined) return
        listeners.delete(look)
        settle(found)
      }
      listeners.add(look)
      look()
      void ended.then(({ code }) => reject(new Error(`${name} ended with ${code}: ${errors}`)))
    })
  return { process: child, lines, line, ended }
}
