// A clock that all processes of one machine read alike: connection ids that one worker gave are known to the others.

import type { Clock } from '@bt/ports'

/** `clock`, moved to the monotonic time of the system, which counts from its start. */
export function sharedClock(clock: Clock): Clock {
  const shiftMs = Number(process.hrtime.bigint() / 1000n) / 1000 - clock.now()
  return {
    now: () => clock.now() + shiftMs,
    at: (timeMs, run) => clock.at(timeMs - shiftMs, run),
    wallSeconds: () => clock.wallSeconds(),
  }
}
