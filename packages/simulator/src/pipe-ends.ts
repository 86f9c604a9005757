// What a pipe asks and tells the channels at its two ends.

import type { NetworkError } from '@bt/ports'

/** The end that sends. Never called from inside a call of its own. */
export interface PipeSource {
  /** False: nobody is there to be told anything. */
  readonly listening: boolean
  roomAgain(): void
  /** What was sent last has arrived: the end in order. */
  endArrived(): void
  gaveUp(error: NetworkError): void
}

/** The end that reads. */
export interface PipeTarget {
  /** 'gone': bytes for it are answered with a reset. 'deaf': they are thrown away. */
  readonly reading: 'yes' | 'deaf' | 'gone'
  arrived(): void
  reset(): void
  /** Bytes came and nobody is there. */
  refuse(): void
}
