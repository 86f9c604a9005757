// Every phase with every cause: legal moves happen, all others are bugs of ours.
import { InvariantError } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { type Cause, NEXT_PHASE, type Phase, nextPhase } from '../src/connection-phase.ts'

const CAUSES: readonly Cause[] = [
  'asked-for',
  'head-agreed',
  'admitted',
  'peer-id-received',
  'refused',
  'failed',
  'close-asked',
]

// The table as a person reads it: one row a phase, one column a cause in the order above; . means: a bug.
const EXPECTED: Readonly<Record<Phase, string>> = {
  'awaiting-head': 'asked awaiting-peer-id . . . closed closed',
  asked: '. . awaiting-peer-id . closed closed closed',
  'awaiting-peer-id': '. . . open . closed closed',
  open: '. . . . . closed closed',
  closed: '. . . . . . .',
}

describe.each(Object.keys(NEXT_PHASE) as Phase[])('a connection that is %s', (phase) => {
  const row = EXPECTED[phase].split(' ')
  test.each(CAUSES.map((cause, at) => [cause, row[at] as string] as const))(
    'meets %s: %s',
    (cause, next) => {
      if (next === '.') expect(() => nextPhase(phase, cause)).toThrow(InvariantError)
      else expect(nextPhase(phase, cause)).toBe(next)
    },
  )
})
