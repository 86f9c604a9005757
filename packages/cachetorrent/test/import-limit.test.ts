import { expect, test } from 'vitest'
import { ImportLimit } from '../src/import-limit.ts'

test('everybody imports until a tracker says otherwise, and when it says no more', () => {
  const limit = new ImportLimit({ isLocal: false })
  expect(limit.mayImport).toBe(true)
  limit.heard(true)
  expect(limit.mayImport).toBe(false)
  limit.heard(false)
  expect(limit.mayImport).toBe(true)
})

test('who waited in vain imports until the tracker says it again', () => {
  const limit = new ImportLimit({ isLocal: false })
  limit.heard(true)
  limit.lift()
  expect(limit.mayImport).toBe(true)
  limit.heard(true)
  expect(limit.mayImport).toBe(false)
})

test("the tracker's word does not count where none of the leaders that it named is left", () => {
  const leadership = { isLocal: false }
  const limit = new ImportLimit(leadership)
  limit.heard(true)
  leadership.isLocal = true
  expect(limit.mayImport).toBe(true)
})
