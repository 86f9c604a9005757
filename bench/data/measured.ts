// A program under measurement: when it said what, its CPU seconds and its peak memory (Linux, /proc).
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Of the kernel's clock that counts CPU time; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100

export interface Usage {
  readonly cpuSeconds: number
  readonly peakMib: number
}

export class Measured {
  readonly startedAt = performance.now()
  readonly #child: ChildProcess
  readonly #waiting = new Set<() => void>()
  #output = ''
  #ended = false

  constructor([command, ...words]: readonly string[]) {
    this.#child = spawn(command as string, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output += text.toString()
        this.#look()
      })
    }
    this.#child.on('exit', () => {
      this.#ended = true
      this.#look()
    })
  }

  /** Milliseconds from its start until it printed this. */
  said(pattern: RegExp, timeoutMs: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const over = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
      }
      const fail = (why: string): void => {
        over()
        reject(new Error(`${this.#child.spawnargs.join(' ')} ${why}: ${this.#output.slice(-500)}`))
      }
      const look = (): void => {
        if (pattern.test(this.#output)) {
          over()
          resolve(performance.now() - this.startedAt)
        } else if (this.#ended) fail('ended')
      }
      const timer = setTimeout(() => fail(`said nothing for ${timeoutMs} ms`), timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }

  /** Of all its threads, until now. */
  usage(): Usage {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const ticks = Number(fields[11]) + Number(fields[12])
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8')
    const peakKib = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0)
    return { cpuSeconds: ticks / TICKS_PER_SECOND, peakMib: peakKib / 1024 }
  }

  async end(): Promise<void> {
    if (this.#ended) return
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.kill('SIGTERM')
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 2000)
    await gone
    clearTimeout(timer)
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}
