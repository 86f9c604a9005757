// Bytes that were read are counted after the fact: they go into debt, and while there is any, nothing is read.

import type { Alarm, ByteChannel, Clock } from '@bt/ports'

/** A download budget. */
export interface ReadMeter {
  spend(bytes: number, now: number): void
  availableAt(bytes: number, now: number): number
}

export class ReadDebt {
  readonly #channel: ByteChannel
  readonly #clock: Clock
  #payday: Alarm | undefined
  #closed = false

  constructor(channel: ByteChannel, clock: Clock) {
    this.#channel = channel
    this.#clock = clock
  }

  pay(meter: ReadMeter, bytes: number, now: number): void {
    if (this.#closed) return
    meter.spend(bytes, now)
    const until = meter.availableAt(1, now)
    if (until <= now || this.#payday !== undefined) return
    this.#channel.pause()
    this.#payday = this.#clock.at(until, () => {
      this.#payday = undefined
      const later = this.#clock.now()
      // an alarm may ring a little early or others may have spent: look again before reading on
      this.#channel.resume()
      this.pay(meter, 0, later)
    })
  }

  close(): void {
    this.#closed = true
    this.#payday?.cancel()
  }
}
