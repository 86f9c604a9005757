// Progress of work with a known length: a bar on a terminal, a line every tenth in a pipe, an event a second as JSON.

import type { Output } from './output.ts'
import { formatBytes } from './quantities.ts'

const EVENT_MS = 1000
/** Between plain lines: work that is over in a moment needs none. */
const PLAIN_MS = 2000

export interface Progress {
  /** More is done. */
  add(bytes: number): void
  stop(): void
}

export async function startProgress(
  output: Output,
  text: string,
  totalBytes: number,
): Promise<Progress> {
  const started = performance.now()
  const live = output.isLive
    ? new (await import('./live-display.ts')).LiveDisplay(output)
    : undefined
  let done = 0
  let tenth = 0
  let eventAt = started
  const share = (): number => (totalBytes === 0 ? 1 : done / totalBytes)
  const draw = (): void => {
    const bytesPerSecond = (done * 1000) / Math.max(1, performance.now() - started)
    live?.draw({
      text,
      share: share(),
      doneBytes: done,
      totalBytes,
      bytesPerSecond,
      etaSeconds: (totalBytes - done) / Math.max(1, bytesPerSecond),
    })
  }
  return {
    add(bytes) {
      done += bytes
      const now = performance.now()
      if (live !== undefined) draw()
      else if (output.isJson) {
        if (now < eventAt + EVENT_MS) return
        eventAt = now
        output.event('progress', { doneBytes: done, totalLength: totalBytes })
      } else if (
        Math.floor(share() * 10) > tenth &&
        done < totalBytes &&
        now > eventAt + PLAIN_MS
      ) {
        eventAt = now
        tenth = Math.floor(share() * 10)
        output.line(`${text} ${tenth * 10} % of ${formatBytes(totalBytes)}`)
      }
    },
    stop() {
      if (done > 0) draw()
      live?.stop()
    },
  }
}
