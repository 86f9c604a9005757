// What every Clock does: time that never goes back, alarms that are never early and keep their order.

import type { Clock } from '../src/index.ts'
import { type Check, checkIn, equal, type Setup, that } from './check.ts'

/** The suite for `Clock`. */
export function clockContract(setup: Setup<{ readonly clock: Clock }>): Check[] {
  const clockCheck = (name: string, body: Parameters<typeof checkIn<{ clock: Clock }>>[2]): Check =>
    checkIn(name, setup, body)
  return [
    clockCheck('now never goes back', async (world) => {
      const { clock } = world
      let before = clock.now()
      for (let round = 0; round < 1000; round++) {
        const now = clock.now()
        that(now >= before, 'a later now is not smaller')
        before = now
      }
      const start = clock.now()
      await world.pass(5)
      that(clock.now() - start >= 5, 'five milliseconds are at least five')
    }),
    clockCheck('an alarm runs once, after the call, and never early', async (world, witness) => {
      const { clock } = world
      const due = clock.now() + 10
      const once = witness.once('alarm', () => {
        if (clock.now() < due) witness.complain(`alarm ran at ${clock.now()}, due at ${due}`)
      })
      clock.at(due, once.call)
      once.arm()
      await world.until(once.ran, 'an alarm in 10 ms')
      await world.pass(15)
    }),
    clockCheck('a time that has passed means soon, not at once', async (world, witness) => {
      for (const due of [world.clock.now() - 1000, 0, -5, world.clock.now()]) {
        const once = witness.once('alarm')
        world.clock.at(due, once.call)
        once.arm()
        await world.until(once.ran, 'an alarm in the past')
      }
    }),
    clockCheck(
      'alarms run by time, and by the order they were set within one time',
      async (world) => {
        const ran: string[] = []
        const due = world.clock.now() + 8
        world.clock.at(due + 4, () => ran.push('late'))
        for (const name of ['a', 'b', 'c', 'd']) world.clock.at(due, () => ran.push(name))
        world.clock.at(due - 3, () => ran.push('early'))
        await world.until(() => ran.length === 6, 'six alarms')
        equal(ran.join(' '), 'early a b c d late', 'order')
      },
    ),
    clockCheck('many alarms keep their order', async (world) => {
      const ran: number[] = []
      const start = world.clock.now()
      for (let index = 0; index < 2000; index++) {
        const delay = (index * 7919) % 20
        world.clock.at(start + delay, () => ran.push(delay * 10_000 + index))
      }
      await world.until(() => ran.length === 2000, '2,000 alarms')
      const sorted = [...ran].sort((a, b) => a - b)
      equal(ran.join(), sorted.join(), 'order of 2,000 alarms')
    }),
    clockCheck(
      'a cancelled alarm does not run; cancelling twice or late does nothing',
      async (world, witness) => {
        const { clock } = world
        const alarm = clock.at(clock.now() + 3, () => witness.complain('a cancelled alarm ran'))
        const past = clock.at(clock.now() - 1, () => witness.complain('a cancelled alarm ran'))
        alarm.cancel()
        alarm.cancel()
        past.cancel()
        const once = witness.once('kept alarm')
        const kept = clock.at(clock.now() + 5, once.call)
        once.arm()
        await world.until(once.ran, 'the kept alarm')
        kept.cancel()
      },
    ),
    clockCheck('an alarm may cancel another one of the same time', async (world, witness) => {
      const { clock } = world
      const due = clock.now() + 3
      const once = witness.once('first alarm', () => second.cancel())
      clock.at(due, once.call)
      const second = clock.at(due, () => witness.complain('it was cancelled by the first'))
      once.arm()
      await world.until(once.ran, 'the first alarm')
    }),
    clockCheck(
      'an alarm may set alarms, which run later and not inside it',
      async (world, witness) => {
        const { clock } = world
        let depth = 0
        let left = 20
        const step = (): void => {
          if (++depth > 1) witness.complain('an alarm ran inside another')
          if (--left > 0) clock.at(clock.now(), step)
          depth--
        }
        clock.at(clock.now(), step)
        await world.until(() => left === 0, '20 alarms in a row')
      },
    ),
    clockCheck('an alarm beyond 2^31 milliseconds does not run at once', async (world, witness) => {
      const { clock } = world
      const far = [2 ** 31 + 10, 2 ** 32 + 10, 400 * 86_400_000, Infinity].map((delay) =>
        clock.at(clock.now() + delay, () =>
          witness.complain(`an alarm in ${delay} ms ran at once`),
        ),
      )
      await world.pass(10)
      for (const alarm of far) alarm.cancel()
    }),
    clockCheck('wallSeconds is a number of seconds', async ({ clock }) => {
      that(
        Number.isFinite(clock.wallSeconds()) && clock.wallSeconds() >= 0,
        'finite and not negative',
      )
    }),
  ]
}
