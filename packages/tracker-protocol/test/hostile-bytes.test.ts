// Goal: no bytes of a stranger crash, hang or bloat a reader. Method: every seed cut at every byte, then mutated.
import { describe, expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import { targets } from './fuzz-targets.ts'

describe.each(Object.entries(targets))('%s', (_name, target) => {
  test('[H18 G01] every seed cut at every byte is read or refused with a typed error', () => {
    for (const seed of target.seeds)
      for (let length = 0; length <= seed.length; length++) {
        try {
          target.run(seed.slice(0, length))
        } catch (error) {
          expect(target.expects).toContain((error as Error).name)
        }
      }
  })

  test('[H18 G01] 3,000 mutations are read or refused with a typed error', () => {
    fuzz(target, { inputs: 3000, seed: 15 })
  })
})
