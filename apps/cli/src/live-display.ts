// The live display on a terminal: one line that redraws itself below the lines that stay.
//
// Our own and not a library's: other lines are printed above it, and it must go away without a trace at the end.

import type { LiveLine, Output } from './output.ts'
import { formatBytes, formatDuration, formatRate } from './quantities.ts'

export interface Picture {
  /** 0 … 1. */
  readonly share: number
  readonly text: string
  readonly doneBytes: number
  readonly totalBytes: number
  readonly bytesPerSecond: number
  readonly upBytesPerSecond?: number
  readonly peers?: number
  readonly etaSeconds?: number | undefined
}

/** Cells of the bar. */
const BAR_CELLS = 24
/** Milliseconds between redraws: faster than the eye reads only costs. */
const REDRAW_MS = 125
const COLUMNS_DEFAULT = 80

export class LiveDisplay implements LiveLine {
  readonly #output: Output
  /** https://no-color.org: any value but the empty one. */
  readonly #isColoured = (process.env['NO_COLOR'] ?? '') === ''
  #last: Picture | undefined
  #drawnAt = Number.NEGATIVE_INFINITY

  constructor(output: Output) {
    this.#output = output
    output.attach(this)
  }

  draw(picture: Picture): void {
    this.#last = picture
    if (performance.now() >= this.#drawnAt + REDRAW_MS) this.redraw()
  }

  redraw(): void {
    if (this.#last === undefined) return
    this.#drawnAt = performance.now()
    process.stdout.write(`\r${this.#lineOf(this.#last)}\u001B[K`)
  }

  clear(): void {
    if (this.#last !== undefined) process.stdout.write('\r\u001B[K')
  }

  /** Takes the line away: what is printed next says how it ended. */
  stop(): void {
    this.clear()
    this.#last = undefined
    this.#output.attach(undefined)
  }

  #lineOf(picture: Picture): string {
    const cells = Math.floor(Math.min(1, Math.max(0, picture.share)) * BAR_CELLS)
    const bar = '█'.repeat(cells) + '░'.repeat(BAR_CELLS - cells)
    // One column stays free: terminals wrap at the last one.
    const columns = (process.stdout.columns || COLUMNS_DEFAULT) - 1
    const plain = `${picture.text} ${bar} ${detailsOf(picture)}`.slice(0, columns)
    return this.#isColoured ? plain.replace(bar, `\u001B[36m${bar}\u001B[39m`) : plain
  }
}

/** `45 % of 1.00 GiB  12.3 MiB/s ↑ 1.0 MiB/s  8 peers  ETA 10s`. */
export function detailsOf(picture: Picture): string {
  const { share, totalBytes, bytesPerSecond, upBytesPerSecond, peers, etaSeconds } = picture
  const parts = [
    `${(share * 100).toFixed(share === 1 ? 0 : 1)} % of ${formatBytes(totalBytes)}`,
    formatRate(bytesPerSecond),
  ]
  if (upBytesPerSecond !== undefined) parts.push(`↑ ${formatRate(upBytesPerSecond)}`)
  if (peers !== undefined) parts.push(`${peers} ${peers === 1 ? 'peer' : 'peers'}`)
  if (etaSeconds !== undefined) parts.push(`ETA ${formatDuration(etaSeconds)}`)
  return parts.join('  ')
}
