import { expect, test } from 'vitest'
import { AnswerBook } from '../src/answer-book.ts'

const BLOCK = 16_384

function book(...pieces: readonly number[]): AnswerBook {
  const answers = new AnswerBook(4 * BLOCK)
  for (const piece of pieces) answers.add(piece, 0, BLOCK)
  return answers
}

test('a request is taken once, by all three of its numbers', () => {
  const answers = book(1)
  expect(answers.take(1, 0, BLOCK - 1)).toBe(false)
  expect(answers.take(0, 4 * BLOCK, BLOCK)).toBe(false)
  expect(answers.take(1, 0, BLOCK)).toBe(true)
  expect(answers.take(1, 0, BLOCK)).toBe(false)
  expect(answers.count).toBe(0)
})

test('a position is open once', () => {
  const answers = book(1)
  expect(answers.add(1, 0, BLOCK)).toBe(false)
  expect(answers.add(1, 0, 5)).toBe(false)
  expect(answers.count).toBe(1)
})

test('requests stand in the order they came', () => {
  const answers = book(3, 1, 2)
  answers.take(1, 0, BLOCK)
  answers.add(1, 0, BLOCK)
  expect([...answers.open()].map(({ piece }) => piece)).toEqual([3, 2, 1])
  expect(answers.takeWhere(({ piece }) => piece > 1).map(({ piece }) => piece)).toEqual([3, 2])
  expect(answers.count).toBe(1)
})

test('holds end at their time, and only they', () => {
  const answers = book(1, 2, 3)
  expect(answers.hold(1, 0, BLOCK, 300)).toBe(true)
  expect(answers.hold(2, 0, BLOCK, 100)).toBe(true)
  expect(answers.hold(9, 0, BLOCK, 100)).toBe(false)
  expect([answers.heldCount, answers.deadline]).toEqual([2, 100])
  expect(answers.expireHolds(99)).toEqual([])
  expect(answers.expireHolds(100).map(({ piece }) => piece)).toEqual([2])
  expect([answers.heldCount, answers.deadline, answers.count]).toEqual([1, 300, 2])
})

test('a hold may be moved, and ends with its request', () => {
  const answers = book(1)
  answers.hold(1, 0, BLOCK, 100)
  answers.hold(1, 0, BLOCK, 500)
  expect(answers.heldCount).toBe(1)
  expect(answers.expireHolds(100)).toEqual([])
  expect(answers.deadline).toBe(500)
  answers.take(1, 0, BLOCK)
  expect([answers.heldCount, answers.deadline]).toEqual([0, Number.POSITIVE_INFINITY])
})
