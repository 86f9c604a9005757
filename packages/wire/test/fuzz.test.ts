// Mutated bytes to every decoder and to whole connections: a WireError or sense, never anything else.
import { expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import { targets } from './fuzz-targets.ts'

const seed = Number(process.env['SEED'] ?? 1)

test.each(Object.keys(targets))('2,000 mutated inputs to %s', (name) => {
  const target = targets[name]
  if (target === undefined) throw new Error('no such target')
  fuzz(target, { inputs: 2_000, seed })
})

test('unmutated seeds are taken or refused as a peer’s fault', () => {
  for (const target of Object.values(targets)) {
    for (const bytes of target.seeds) {
      try {
        target.run(bytes)
      } catch (error) {
        expect(error).toMatchObject({ name: 'WireError', blame: 'remote' })
      }
    }
  }
})
