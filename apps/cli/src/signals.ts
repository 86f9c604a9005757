// Being asked to stop: the first signal ends a transfer in order, the second at once, and so does waiting too long.
//
// An error that nobody caught ends it in order too: state is saved, and the exit code says that something failed.

import { EXIT } from './failure.ts'

/** A terminal that closes (SIGHUP) asks as much as Ctrl-C does. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Goodbyes to trackers take 5 s at most, the rest is writing what is in memory. */
const GRACE_MS = 10_000

export interface StopSignals {
  /** Resolves at the first signal. */
  readonly first: Promise<NodeJS.Signals>
  /** Rejects with an error that nobody caught; it never resolves. */
  readonly broken: Promise<never>
  off(): void
}

export function onSignals(): StopSignals {
  let asked = 0
  let deadline: NodeJS.Timeout | undefined
  let tell: (signal: NodeJS.Signals) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const first = new Promise<NodeJS.Signals>((resolve) => {
    tell = resolve
  })
  const broken = new Promise<never>((_resolve, reject) => {
    fail = reject
  })
  // Whoever waits for it hears it; when nobody does yet, it is not lost: the next await has it.
  broken.catch(() => {})
  const endLater = (exitCode: number): void => {
    deadline ??= setTimeout(() => process.exit(exitCode), GRACE_MS).unref()
  }
  const hear = (signal: NodeJS.Signals): void => {
    asked++
    // Who asks twice does not want to wait for goodbyes.
    if (asked > 1) process.exit(EXIT.interrupted)
    endLater(EXIT.interrupted)
    tell(signal)
  }
  const uncaught = (error: unknown): void => {
    endLater(EXIT.failed)
    fail(error)
  }
  for (const signal of SIGNALS) process.on(signal, hear)
  process.on('uncaughtException', uncaught)
  return {
    first,
    broken,
    off: () => {
      clearTimeout(deadline)
      for (const signal of SIGNALS) process.off(signal, hear)
      process.off('uncaughtException', uncaught)
    },
  }
}
