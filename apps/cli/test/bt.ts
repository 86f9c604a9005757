// The built bt as a process, and small contents for it: what a user has in front of them.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { Program } from '../../../tests/support/network.ts'

export const BT = fileURLToPath(new URL('../dist/bt.js', import.meta.url))
export const LOOPBACK = ['--host', '127.0.0.1', '--port', '0'] as const

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Lines of stdout as JSON; throws when one is not. */
  readonly events: readonly Record<string, unknown>[]
}

export interface Surroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Another user, which only root can ask for. */
  readonly uid?: number | undefined
}

/** Runs to its end. */
export function bt(args: readonly string[], { cwd, env }: Surroundings = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BT, ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({
        code,
        stdout,
        stderr,
        get events() {
          const lines = stdout.split('\n').filter((line) => line !== '')
          return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
        },
      }),
    )
  })
}

/** Starts it; it is gone when the test is over. */
export function startBt(args: readonly string[], { cwd, env, uid }: Surroundings = {}): Program {
  const child = spawn(process.execPath, [BT, ...args], {
    cwd,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const program = new Program(`bt ${args[0]}`, child)
  onTestFinished(async () => {
    program.kill('SIGKILL')
    await program.exited
  })
  return program
}

/** An empty folder that goes away with the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'bt-cli-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** Files below `into`; a number is that many random bytes. */
export function fill(into: string, files: Readonly<Record<string, number | string>>): void {
  for (const [name, what] of Object.entries(files)) {
    const path = join(into, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, typeof what === 'number' ? randomBytes(what) : what)
  }
}

export const sha256 = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')

export interface Seeded {
  /** Holds the content and `content.torrent`. */
  readonly home: string
  readonly torrent: string
  readonly program: Program
  /** `--peer` of the seed. */
  readonly peer: readonly string[]
}

/** Content made, a torrent of it, and a bt that seeds it. */
export async function seeded(
  name: string,
  files: Readonly<Record<string, number | string>>,
  more: { readonly create?: readonly string[]; readonly seed?: readonly string[] } = {},
): Promise<Seeded> {
  const home = folder()
  fill(home, files)
  const torrent = join(home, 'content.torrent')
  const made = await bt(['create', join(home, name), '-o', torrent, ...(more.create ?? [])])
  if (made.code !== 0) throw new Error(made.stderr)
  const program = startBt(['seed', torrent, home, ...LOOPBACK, '--json', ...(more.seed ?? [])])
  const [, port] = await program.line(/"event":"listening","port":(\d+)/)
  await program.line(/"event":"seeding"/)
  return { home, torrent, program, peer: ['--peer', `127.0.0.1:${port}`] }
}
