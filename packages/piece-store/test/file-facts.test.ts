import { expect, test } from 'vitest'
import { FileFacts } from '../src/file-facts.ts'

test('a file is unseen from its first write until a look that began after the last one', () => {
  const facts = new FileFacts(2)
  expect(facts.isThere(0)).toBe(false)
  facts.writeBegins(0)
  expect(facts.isUnseen(0)).toBe(true)
  // A look while the write is under way does not settle it.
  facts.seen(0, { length: 5, modifiedMs: 1 }, facts.moment)
  expect(facts.isUnseen(0)).toBe(true)
  const before = facts.moment
  facts.writeEnds(0, 10)
  // Nor does one that began before the write ended, and it does not make the file shorter than we know it is.
  facts.seen(0, { length: 5, modifiedMs: 1 }, before)
  expect(facts.isUnseen(0)).toBe(true)
  expect(facts.stat(0)).toEqual({ length: 10, modifiedMs: 1 })
  facts.seen(0, { length: 10, modifiedMs: 2 }, facts.moment)
  expect(facts.isUnseen(0)).toBe(false)
  expect(facts.stat(0)).toEqual({ length: 10, modifiedMs: 2 })
})

test('of two writes at the same time both have to end', () => {
  const facts = new FileFacts(1)
  facts.writeBegins(0)
  facts.writeBegins(0)
  facts.writeEnds(0, 1)
  facts.seen(0, { length: 1, modifiedMs: 1 }, facts.moment)
  expect(facts.unseen()).toEqual([0])
  facts.writeEnds(0, 2)
  facts.seen(0, { length: 2, modifiedMs: 1 }, facts.moment)
  expect(facts.unseen()).toEqual([])
})

test('a write dirties its file, even one that failed; a sync takes the dirty ones, in order', () => {
  const facts = new FileFacts(3)
  for (const file of [2, 0]) {
    facts.writeBegins(file)
    facts.writeEnds(file, file === 0 ? undefined : 7)
  }
  facts.touched(facts.partIndex)
  expect(facts.takeDirty()).toEqual([0, 2, 3])
  expect(facts.takeDirty()).toEqual([])
  expect(facts.isThere(0)).toBe(false)
  expect(facts.stat(2)).toEqual({ length: 7, modifiedMs: 0 })
})
