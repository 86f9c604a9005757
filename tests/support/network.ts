// Where real programs meet: a network namespace of the test's own with 10.77.0.x addresses on its loopback device,
// because several clients refuse 127.0.0.0/8 peers. Without root: this machine's own address, one port each.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'

/** A program under test, with its output kept (the last part of it) and awaited line by line. */
export class Program {
  readonly child: ChildProcess
  readonly exited: Promise<number>
  readonly #name: string
  #output = ''
  readonly #waiting = new Set<() => void>()
  #ended = false

  constructor(name: string, child: ChildProcess) {
    this.#name = name
    this.child = child
    const hear = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-1_000_000)
      for (const look of this.#waiting) look()
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => hear(Buffer.from(`\n${error.message}\n`)))
      child.once('close', (code, signal) => {
        this.#ended = true
        for (const look of this.#waiting) look()
        resolve(code ?? (signal === 'SIGKILL' ? 137 : 1))
      })
    })
  }

  get output(): string {
    return this.#output
  }

  /** The first match in the output, now or within the time; an error with the output's end otherwise. */
  line(pattern: RegExp, withinMs = 60_000): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
      }
      const fail = (why: string): void => {
        done()
        reject(
          new Error(
            `${this.#name} ${why} before it said ${String(pattern)}:\n${this.#output.slice(-3000)}`,
          ),
        )
      }
      const look = (): void => {
        const match = pattern.exec(this.#output)
        if (match !== null) {
          done()
          resolve(match)
        } else if (this.#ended) fail(`ended (${this.child.exitCode ?? this.child.signalCode})`)
      }
      const timer = setTimeout(() => fail(`ran for ${withinMs} ms`), withinMs)
      this.#waiting.add(look)
      look()
    })
  }

  /** Exit code; an error with the output's end when it does not end in time. */
  async ended(withinMs = 60_000): Promise<number> {
    const late = Symbol('late')
    let timer: NodeJS.Timeout | undefined
    const answer = await Promise.race([
      this.exited,
      new Promise<typeof late>((resolve) => {
        timer = setTimeout(() => resolve(late), withinMs)
      }),
    ])
    clearTimeout(timer)
    if (answer !== late) return answer
    throw new Error(`${this.#name} did not end in ${withinMs} ms:\n${this.#output.slice(-3000)}`)
  }

  /** JSON lines of stdout that parse, in order. */
  events(): readonly Record<string, unknown>[] {
    return this.#output.split('\n').flatMap((line) => {
      try {
        return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : []
      } catch {
        return []
      }
    })
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    if (this.child.pid === undefined || this.#ended) return
    try {
      process.kill(-this.child.pid, signal)
    } catch {
      // Gone meanwhile.
    }
  }

  async stop(): Promise<number> {
    this.kill('SIGTERM')
    const timer = setTimeout(() => this.kill('SIGKILL'), 3000)
    const code = await this.exited
    clearTimeout(timer)
    return code
  }
}

export interface Network {
  /** Address of host `number` (1 … 60). */
  address(number: number): string
  run(
    command: string,
    args: readonly string[],
    options?: { readonly cwd?: string; readonly env?: Record<string, string> },
  ): Program
  /** Stops what still runs and takes the namespace down. */
  close(): Promise<void>
}

const ADDRESSES = 60
let opened = 0

/** A network, or why there can be none here. */
export function openNetwork(): Network | { readonly missing: string } {
  const programs: Program[] = []
  const start = (
    name: string,
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ): Program => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const program = new Program(name, child)
    programs.push(program)
    return program
  }
  // At once: clients that say goodbye for many seconds would make every test wait for them.
  const stopAll = async (): Promise<void> => {
    for (const program of programs) program.kill('SIGKILL')
    await Promise.all(programs.map((program) => program.exited))
  }

  if (process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list']).status === 0) {
    const name = `bt${process.pid}x${opened++}`
    const ip = (...args: readonly string[]): void => void execFileSync('ip', args)
    ip('netns', 'add', name)
    ip('-n', name, 'link', 'set', 'lo', 'up')
    for (let at = 1; at <= ADDRESSES; at++)
      ip('-n', name, 'addr', 'add', `10.77.0.${at}/32`, 'dev', 'lo')
    return {
      address: (number) => `10.77.0.${number}`,
      run: (command, args, options) =>
        start(command, 'ip', ['netns', 'exec', name, command, ...args], options),
      close: async () => {
        await stopAll()
        ip('netns', 'del', name)
      },
    }
  }
  const own = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address
  if (own === undefined) return { missing: 'neither root nor an address besides loopback' }
  return {
    address: () => own,
    run: (command, args, options) => start(command, command, args, options),
    close: stopAll,
  }
}

/** Whether a program is installed. */
export function isInstalled(program: string): boolean {
  if (program.startsWith('/')) return existsSync(program)
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}
