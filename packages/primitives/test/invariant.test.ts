import { expect, test } from 'vitest'
import { InvariantError, invariant } from '../src/invariant.ts'

test('a broken rule throws its sentence, one that holds does nothing', () => {
  expect(() => invariant(1, 'holds')).not.toThrow()
  for (const broken of [false, 0, '', null, undefined]) {
    expect(() => invariant(broken, 'it must hold')).toThrow('it must hold')
  }
  const error = new InvariantError('it must hold')
  expect([error.name, error.code]).toEqual(['InvariantError', 'INVARIANT'])
  expect(error).toBeInstanceOf(Error)
})
