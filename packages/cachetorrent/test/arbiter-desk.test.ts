import type { PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { ArbiterDesk, type ArbiterDeskParts } from '../src/arbiter-desk.ts'
import {
  CONFIRM_MS,
  DONE_MS,
  GONE_MS,
  HEARD_CLAIM_MS_MAX,
  LEASE_CLAIMS_MAX,
  TAKEOVER_MS,
} from '../src/limits.ts'

const id = (letter: string): PeerId => letter.repeat(40) as PeerId
const [A, B, M, N] = [id('a'), id('b'), id('c'), id('d')]

const desk = (self: PeerId, more: Partial<ArbiterDeskParts> = {}): ArbiterDesk =>
  new ArbiterDesk({
    self,
    pieceLength: 16_384,
    claimsMax: 4,
    claimsMaxOf: () => 4,
    seesAll: () => true,
    leads: () => true,
    decides: () => true,
    isFirst: () => true,
    isSplit: () => false,
    isHad: () => false,
    wasHad: () => false,
    confirmLater: () => {},
    isHere: () => true,
    copiesMax: () => 1,
    ...more,
  })

describe('a leader that is asked', () => {
  test('answers at once while all leaders see the same leaders', () => {
    const one = desk(A)
    expect(one.asked({ pieces: [1] }, M, 0).get(1)).toBe('granted')
    expect(one.asked({ pieces: [1] }, N, 0).get(1)).toBe('taken')
  })

  test('who does not lead gives nothing, and says so', () => {
    const one = desk(A, { leads: () => false })
    expect(one.asked({ pieces: [1] }, M, 0).get(1)).toBe('taken')
  })

  test('[M18] two that were asked about one piece in the same moment give it once', () => {
    const split = { isSplit: () => true }
    const [one, other] = [desk(A, split), desk(B, split)]
    expect(one.asked({ pieces: [1] }, M, 0).size).toBe(0)
    expect(other.asked({ pieces: [1] }, N, 5).size).toBe(0)
    other.heardLease(A, one.lease(5), 20)
    one.heardLease(B, other.lease(5), 20)
    const late = CONFIRM_MS + 5
    expect(one.confirmed(late).get(M)?.get(1)).toBe('granted')
    expect(other.confirmed(late).get(N)?.get(1)).toBe('taken')
    expect(other.book.holderOf(1)).toBeUndefined()
  })

  test('[M18] a grant of which another leader told before is not given again', () => {
    const one = desk(A, { isSplit: () => true })
    one.heardLease(B, [[1, N]], 0)
    expect(one.asked({ pieces: [1] }, M, 10).get(1)).toBe('taken')
  })

  test('[M12] a leader that goes on naming a claim for minutes is no longer believed', () => {
    const one = desk(A)
    for (let now = 0; now <= HEARD_CLAIM_MS_MAX; now += 2000) one.heardLease(B, [[1, N]], now)
    expect(one.asked({ pieces: [1] }, M, HEARD_CLAIM_MS_MAX).get(1)).toBe('granted')
  })

  test('what a member says to have is not given again, until its have should be here', () => {
    const one = desk(A)
    one.asked({ pieces: [1] }, M, 0)
    one.done([1], [], M, 0)
    expect(one.asked({ pieces: [1] }, N, 1).get(1)).toBe('have')
    // and other leaders are told as long: the piece's own have may take longer than a lease
    expect([...one.lease(DONE_MS - 1)]).toEqual([[1, M]])
    expect([...one.lease(DONE_MS)]).toEqual([])
    expect(one.asked({ pieces: [1] }, N, DONE_MS).get(1)).toBe('again')
    expect([...one.book.again]).toEqual([[1, 'holder-gone']])
  })

  test('who does not see all members takes a piece that was here for gone only when it is asked for in vain for long', () => {
    const one = desk(A, { seesAll: () => false })
    one.asked({ pieces: [1] }, M, 0)
    one.done([1], [], M, 0)
    const askedAt = 2 * DONE_MS
    expect(one.asked({ pieces: [1] }, N, askedAt).get(1)).toBe('have')
    expect(one.asked({ pieces: [1] }, M, askedAt + GONE_MS - 1).get(1)).toBe('have')
    expect(one.asked({ pieces: [1] }, M, askedAt + GONE_MS).get(1)).toBe('again')
  })

  test('what is granted a second time is granted as such', () => {
    let had = false
    const one = desk(A, { isHad: () => had, wasHad: () => true })
    had = true
    expect(one.asked({ pieces: [1] }, M, 0).get(1)).toBe('have')
    had = false
    expect(one.asked({ pieces: [1] }, M, 1).get(1)).toBe('again')
    const other = desk(B)
    other.asked({ pieces: [2] }, M, 0)
    other.book.gone(M)
    expect(other.asked({ pieces: [2] }, N, 1).get(2)).toBe('again')
  })

  test('what is granted while leaders do not see the same leaders has that as its reason', () => {
    const one = desk(A, { isSplit: () => true })
    one.asked({ pieces: [1] }, M, 0)
    expect(one.confirmed(CONFIRM_MS).get(M)?.get(1)).toBe('granted')
    expect([...one.book.again]).toEqual([[1, 'split-view']])
  })

  test('[M07] who says to have a piece that it never claimed changes nothing', () => {
    const one = desk(A)
    one.done([1], [], N, 0)
    expect(one.asked({ pieces: [1] }, M, 1).get(1)).toBe('granted')
  })
})

describe('when the leaders are others', () => {
  const nobody: readonly (readonly [number, PeerId])[] = []

  test('a leader is lost: what is asked is answered when standing claims had their time, whatever others say', () => {
    const one = desk(A)
    one.tookOver([B], [N], 0)
    expect(one.asked({ pieces: [1] }, M, 10).size).toBe(0)
    one.heardLease(N, nobody, 20, true)
    expect(one.confirmed(TAKEOVER_MS - 1).size).toBe(0)
    expect(one.confirmed(TAKEOVER_MS).get(M)?.get(1)).toBe('granted')
    expect(one.confirmed(TAKEOVER_MS).size).toBe(0)
  })

  test('a claim that its holder renews meanwhile stands, and who asked for its piece hears so', () => {
    const one = desk(A)
    one.tookOver([B], [], 0)
    one.asked({ pieces: [1] }, M, 10)
    expect(one.asked({ pieces: [1], renewed: true }, N, 20).get(1)).toBe('granted')
    expect(one.confirmed(TAKEOVER_MS).get(M)?.get(1)).toBe('taken')
  })

  test('there is a new one and none is lost: nothing waits longer than for the lease of each other one', () => {
    const one = desk(A)
    one.tookOver([], [B, N], 0)
    one.heardLease(B, nobody, 10, true)
    expect(one.asked({ pieces: [1] }, M, 20).size).toBe(0)
    one.heardLease(N, [[2, M]], 30, true)
    expect(one.confirmed(30).get(M)?.get(1)).toBe('granted')
    expect(one.asked({ pieces: [2] }, B, 40).get(2)).toBe('taken')
  })

  test('a lease of another term, and one that is full, may not say everything', () => {
    const full = Array.from({ length: LEASE_CLAIMS_MAX }, (_, at) => [at + 10, N] as const)
    for (const [claims, isOurTerm] of [
      [nobody, false],
      [full, true],
    ] as const) {
      const one = desk(A)
      one.tookOver([], [B], 0)
      one.heardLease(B, claims, 10, isOurTerm)
      expect(one.asked({ pieces: [1] }, M, 20).size).toBe(0)
      expect(one.confirmed(TAKEOVER_MS).get(M)?.get(1)).toBe('granted')
    }
  })

  test('a new one shortly after one was lost does not end the waiting', () => {
    const one = desk(A)
    one.tookOver([B], [], 0)
    one.tookOver([], [N], 100)
    one.heardLease(N, nobody, 200, true)
    expect(one.asked({ pieces: [1] }, M, 300).size).toBe(0)
    expect(
      one
        .confirmed(100 + TAKEOVER_MS)
        .get(M)
        ?.get(1),
    ).toBe('granted')
  })

  test('nobody waits for more than it may hold, and who leaves waits for nothing', () => {
    const one = desk(A)
    one.tookOver([B], [], 0)
    one.asked({ pieces: [1, 2, 3, 4, 5, 6] }, M, 10)
    one.asked({ pieces: [1, 7] }, M, 20)
    one.asked({ pieces: [8] }, N, 20)
    one.gone(N)
    const answers = one.confirmed(TAKEOVER_MS)
    expect([...(answers.get(M)?.keys() ?? [])]).toEqual([1, 2, 3, 4])
    expect(answers.has(N)).toBe(false)
  })
})

describe('[M25] a leader that leaves in order', () => {
  const other = (): ArbiterDesk => {
    const one = desk(A)
    // its claims stand, and the gate is open
    one.heardLeave(B, [[1, M]], 10_000)
    one.tookOver([B], [], 10_000)
    return one
  }

  test('has said what it granted: who is left goes on at once, and gives nothing of it to another', () => {
    const one = other()
    expect(one.book.holderOf(1)).toBe(M)
    expect(one.asked({ pieces: [1, 2] }, N, 10_000)).toEqual(
      new Map([
        [1, 'taken'],
        [2, 'granted'],
      ]),
    )
  })

  test('and had so many claims that it may not have said all: nothing is granted for a while', () => {
    const one = desk(A, { isHere: () => false })
    const claims = Array.from({ length: LEASE_CLAIMS_MAX }, (_, piece) => [piece, M] as const)
    one.heardLeave(B, claims, 10_000)
    one.tookOver([B], [], 10_000)
    expect(one.asked({ pieces: [99] }, N, 10_000).get(99)).toBeUndefined()
    expect(
      one
        .confirmed(10_000 + TAKEOVER_MS)
        .get(N)
        ?.get(99),
    ).toBe('granted')
  })

  test('is waited for where another was lost without a word', () => {
    const one = desk(A)
    one.heardLeave(B, [], 10_000)
    one.tookOver([B, M], [], 10_000)
    expect(one.asked({ pieces: [2] }, N, 10_000).get(2)).toBeUndefined()
  })

  test('what a member had imported is free when it is gone, though it said that it is here', () => {
    const one = desk(A)
    one.asked({ pieces: [1] }, M, 0)
    one.done([1], [], M, 100)
    expect(one.asked({ pieces: [1] }, N, 200).get(1)).toBe('have')
    one.gone(M)
    expect(one.asked({ pieces: [1] }, N, 300).get(1)).toBe('again')
    expect(one.lease(300)).toEqual([[1, N]])
  })
})

test('a grant that waits for others is confirmed as soon as they had their time', () => {
  const alarms: number[] = []
  const one = desk(A, { isSplit: () => true, confirmLater: (at) => alarms.push(at) })
  one.asked({ pieces: [1] }, M, 0)
  one.asked({ pieces: [2] }, N, 100)
  expect(alarms).toEqual([CONFIRM_MS + 1])
  expect(
    one
      .confirmed(CONFIRM_MS + 1)
      .get(M)
      ?.get(1),
  ).toBe('granted')
  // the next one's time
  expect(alarms).toEqual([CONFIRM_MS + 1, CONFIRM_MS + 101])
})
