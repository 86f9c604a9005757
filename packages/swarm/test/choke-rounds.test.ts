import { describe, expect, test } from 'vitest'
import { ChokeRounds } from '../src/choking/choke-rounds.ts'

/** Follows the deadlines until `untilMs`; answers when rounds were done, '*' with a rotation, '-' early. */
function rounds(beat: ChokeRounds, from: number, untilMs: number): string[] {
  const done: string[] = []
  for (let now = beat.deadline(); now <= untilMs; now = beat.deadline()) {
    const due = beat.due(Math.max(now, from))
    if (due === undefined) throw new Error(`nothing is due at ${now}`)
    done.push(`${now}${due.rotate ? '*' : ''}${due.early ? '-' : ''}`)
  }
  return done
}

describe('rounds of choking', () => {
  test('come every ten seconds, every third with another optimistic peer', () => {
    expect(rounds(new ChokeRounds(500), 500, 60_500)).toEqual([
      '500*',
      '10500',
      '20500',
      '30500*',
      '40500',
      '50500',
      '60500*',
    ])
  })

  test('come at once when interest changes or a slot is free, and do not shift the beat', () => {
    const beat = new ChokeRounds(0)
    beat.due(0)
    beat.interestChanged()
    expect(beat.due(249)).toBe(undefined)
    expect(rounds(beat, 0, 20_000)).toEqual(['250-', '10000', '20000'])
    beat.slotFreed()
    expect(beat.due(23_000)).toEqual({ rotate: false, early: true })
  })

  test('a peer that changes its mind in a loop costs four rounds a second', () => {
    const beat = new ChokeRounds(0)
    let done = 0
    for (let now = 0; now < 10_000; now++) {
      beat.interestChanged()
      if (beat.due(now) !== undefined) done++
    }
    expect(done).toBe(40)
  })

  test('after a suspended hour there is one round, not three hundred and sixty', () => {
    const beat = new ChokeRounds(0)
    beat.due(0)
    expect(beat.due(3_600_007)).toEqual({ rotate: true, early: false })
    expect(beat.due(3_600_008)).toBe(undefined)
    expect(beat.deadline()).toBe(3_610_000)
  })
})
