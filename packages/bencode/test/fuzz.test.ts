import { expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import { targets } from './fuzz-targets.ts'

const seed = Number(process.env['SEED'] ?? 1)

test.each(Object.keys(targets))(`%s survives 5,000 mutated inputs (SEED=${seed})`, (name) => {
  const target = targets[name]
  expect(target).toBeDefined()
  if (target !== undefined) fuzz(target, { inputs: 5_000, seed })
})

test('every seed but the one with bytes after it is canonical', () => {
  const accepted = targets['decode']?.seeds.filter((bytes) => {
    try {
      targets['decode']?.run(bytes)
      return true
    } catch {
      return false
    }
  })
  expect(accepted).toHaveLength(6)
})
