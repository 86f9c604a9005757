import type { PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { CLAIM_LAPSE_MS, PASSED_ON_MS } from '../src/limits.ts'
import type { CacheMessage } from '../src/messages.ts'
import { PassedOn } from '../src/passed-on.ts'

const id = (letter: string): PeerId => letter.repeat(40) as PeerId
const [SELF, A, B, M, N] = [id('a'), id('b'), id('c'), id('d'), id('e')]

/** A leader, and another one that decides about all pieces but 0. */
class Seat {
  arbiter = A
  readonly ours = new Set<number>()
  readonly had = new Set<number>()
  readonly said: (readonly [PeerId, CacheMessage])[] = []
  readonly silent: PeerId[] = []
  readonly passedOn = new PassedOn({
    self: SELF,
    claimsMaxOf: () => 2,
    leadership: { term: 3, silent: (peerId) => this.silent.push(peerId) },
    goBetween: { whomToAsk: (piece) => (piece === 0 ? SELF : this.arbiter) },
    imports: { isAfter: (piece) => this.ours.has(piece) },
    arbiter: { isHad: (piece) => this.had.has(piece) },
    voice: {
      tell: (to, message) => {
        this.said.push([to, message])
        return true
      },
    },
  })

  ask(pieces: readonly number[], asker = M, now = 0) {
    return this.passedOn.asked({ pieces }, asker, now)
  }
}

const claim = (...pieces: number[]) => ({ kind: 'claim', pieces, term: 3 })
const done = (verified: number[], givenBack: number[]) => {
  return { kind: 'claim-done', verified, givenBack, term: 3 }
}

describe('a leader that is asked about what another one decides', () => {
  test('asks that one in its own name, and decides itself what it decides', () => {
    const seat = new Seat()
    expect(seat.ask([0, 1]).rest).toEqual([0])
    expect(seat.said).toEqual([[A, claim(1)]])
    const answers = seat.passedOn.answered(new Map([[1, 'granted']]), A)
    expect(answers).toEqual(new Map([[M, new Map([[1, 'granted']])]]))
  })

  test('believes only whom it asked', () => {
    const seat = new Seat()
    seat.ask([1])
    expect(seat.passedOn.answered(new Map([[1, 'granted']]), B).size).toBe(0)
  })

  test('passes a piece on for one member at a time, and none that it is after itself', () => {
    const seat = new Seat()
    seat.ask([1])
    seat.ours.add(2)
    expect(seat.ask([1, 2], N).verdicts).toEqual(
      new Map([
        [1, 'taken'],
        [2, 'taken'],
      ]),
    )
    expect(seat.said).toHaveLength(1)
  })

  test('passes on nothing that a neighbour has', () => {
    const seat = new Seat()
    seat.had.add(1)
    expect(seat.ask([1]).verdicts.get(1)).toBe('have')
    expect(seat.said).toEqual([])
  })

  test('lets a member hold no more claims than any, whoever grants them', () => {
    const seat = new Seat()
    expect(seat.ask([1, 2, 3]).verdicts).toEqual(new Map([[3, 'taken']]))
    seat.passedOn.done([1], [], M)
    expect(seat.ask([3]).verdicts.size).toBe(0)
  })

  test('passes on how claims end, and frees what a member held that is gone', () => {
    const seat = new Seat()
    seat.ask([1, 2])
    seat.said.length = 0
    seat.passedOn.done([1], [], N)
    expect(seat.said).toEqual([])
    seat.passedOn.done([1], [], M)
    seat.passedOn.gone(M)
    expect(seat.said).toEqual([
      [A, done([1], [])],
      [A, done([], [2])],
    ])
  })

  test('is no longer silent than its members wait: it answers for who does not', () => {
    const seat = new Seat()
    seat.ask([1])
    expect(seat.passedOn.look(PASSED_ON_MS - 1).size).toBe(0)
    expect(seat.passedOn.look(PASSED_ON_MS)).toEqual(new Map([[M, new Map([[1, 'taken']])]]))
    expect(seat.silent).toEqual([A])
    // what it may be granted yet is given back
    expect(seat.said.at(-1)).toEqual([A, done([], [1])])
    expect(seat.passedOn.has(1)).toBe(false)
  })

  test('renews what was granted with who decides next', () => {
    const seat = new Seat()
    seat.ask([1])
    seat.passedOn.answered(new Map([[1, 'granted']]), A)
    seat.arbiter = B
    seat.passedOn.look(1000)
    expect(seat.said.at(-1)).toEqual([B, { ...claim(1), renewed: true }])
  })

  test('gives back what its member renews no longer', () => {
    const seat = new Seat()
    seat.ask([1])
    seat.passedOn.answered(new Map([[1, 'granted']]), A)
    seat.passedOn.asked({ pieces: [1], renewed: true }, M, 10_000)
    seat.passedOn.look(CLAIM_LAPSE_MS)
    expect(seat.passedOn.has(1)).toBe(true)
    seat.passedOn.look(10_000 + CLAIM_LAPSE_MS)
    expect(seat.said.at(-1)).toEqual([A, done([], [1])])
  })
})
