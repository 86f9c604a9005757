// The live display on a terminal: one bar that redraws itself and leaves a readable last line.
//
// Loaded only where there is a terminal: display libraries are slow to load.

import cliProgress from 'cli-progress'
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

export class LiveDisplay implements LiveLine {
  readonly #output: Output
  readonly #bar: cliProgress.SingleBar
  #last: Picture | undefined

  constructor(output: Output) {
    this.#output = output
    const colour = process.env['NO_COLOR'] === undefined
    this.#bar = new cliProgress.SingleBar({
      format: colour ? '{text} \u001B[36m{bar}\u001B[0m {details}' : '{text} {bar} {details}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: false,
      stopOnComplete: false,
      linewrap: false,
      stream: process.stdout,
      fps: 8,
    })
    this.#bar.start(1000, 0, { text: '', details: '' })
    output.attach(this)
  }

  draw(picture: Picture): void {
    this.#last = picture
    this.redraw()
  }

  redraw(): void {
    const picture = this.#last
    if (picture === undefined) return
    this.#bar.update(Math.floor(picture.share * 1000), {
      text: picture.text,
      details: detailsOf(picture),
    })
  }

  clear(): void {
    process.stdout.write('\r\u001B[K')
  }

  stop(): void {
    this.redraw()
    this.#bar.stop()
    this.#output.attach(undefined)
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
