// What every Random does: fair whole numbers, and bytes that fill all they are given.

import type { Random } from '../src/index.ts'
import { type Check, checkIn, equal, type Setup, that } from './check.ts'

const DRAWS = 20_000

/** The suite for `Random`. The statistical checks fail by chance less than once in 10^8 runs. */
export function randomContract(setup: Setup<{ readonly random: Random }>): Check[] {
  return [
    checkIn('below draws whole numbers under its bound', setup, async ({ random }) => {
      for (const bound of [
        1,
        2,
        3,
        255,
        256,
        257,
        65_537,
        2 ** 31,
        2 ** 32,
        2 ** 32 + 1,
        2 ** 48,
      ]) {
        for (let draw = 0; draw < 200; draw++) {
          const drawn = random.below(bound)
          that(Number.isInteger(drawn) && drawn >= 0 && drawn < bound, `${drawn} is below ${bound}`)
        }
      }
    }),
    checkIn('each number below a bound is equally likely', setup, async ({ random }) => {
      for (const bound of [2, 10, 48]) {
        const counts = Array.from({ length: bound }, () => 0)
        for (let draw = 0; draw < DRAWS; draw++) {
          const drawn = random.below(bound)
          counts[drawn] = (counts[drawn] as number) + 1
        }
        const mean = DRAWS / bound
        const allowed = 6.5 * Math.sqrt(mean)
        for (const count of counts) {
          that(Math.abs(count - mean) < allowed, `${count} of ${DRAWS} is near ${mean}`)
        }
      }
    }),
    checkIn('large bounds use all their bits', setup, async ({ random }) => {
      let high = 0
      for (let draw = 0; draw < 200; draw++) if (random.below(2 ** 48) >= 2 ** 47) high++
      that(high > 50 && high < 150, `${high} of 200 draws are in the upper half`)
    }),
    checkIn('a bound that is none is refused', setup, async ({ random }) => {
      for (const bound of [0, -1, 1.5, NaN, Infinity, 2 ** 48 + 1]) {
        let refused = false
        try {
          random.below(bound)
        } catch {
          refused = true
        }
        that(refused, `below(${bound}) throws`)
      }
    }),
    checkIn(
      'fill overwrites all of the bytes, and nothing beside them',
      setup,
      async ({ random }) => {
        for (const length of [0, 1, 20, 4095, 4096, 4097, 20_000]) {
          const around = new Uint8Array(length + 2)
          around[0] = 0xaa
          around[length + 1] = 0xaa
          const ones = new Uint8Array(length)
          for (let round = 0; round < 40; round++) {
            random.fill(around.subarray(1, 1 + length))
            for (let at = 0; at < length; at++)
              ones[at] = (ones[at] as number) | (around[at + 1] as number)
          }
          that(
            around[0] === 0xaa && around[length + 1] === 0xaa,
            'the bytes beside are as they were',
          )
          that(
            ones.every((byte) => byte !== 0),
            `each of ${length} bytes was written`,
          )
        }
      },
    ),
    checkIn('two fills differ', setup, async ({ random }) => {
      const seen = new Set<string>()
      for (let round = 0; round < 500; round++) {
        const bytes = new Uint8Array(16)
        random.fill(bytes.subarray(0))
        seen.add(bytes.join())
      }
      equal(seen.size, 500, 'different values')
    }),
  ]
}
