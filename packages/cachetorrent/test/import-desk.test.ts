import { Bitfield, type PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { ImportDesk } from '../src/import-desk.ts'
import {
  CLAIM_FAILED_MS,
  CLAIM_IDLE_MS,
  CLAIM_QUEUED_MS,
  DEPARTED_MS,
  HAVE_RETRY_MS,
} from '../src/limits.ts'
import { plainPeer } from './peers.ts'

const PIECES = 8
const LEADER = 'aa'.repeat(20) as PeerId
const source = plainPeer(1, PIECES, [3, 4])
const all = (): boolean => true
const nobody = (): boolean => false

/** Blocks of no length, so that an idle claim is one of 20 s. */
function holding(...pieces: readonly number[]): ImportDesk {
  const desk = new ImportDesk(PIECES, 0)
  for (const piece of pieces) desk.taken(piece, LEADER, { reason: 'claim', term: 1 }, 0)
  return desk
}

describe('a claim without a byte', () => {
  test('is given back after 20 s where nobody lives who owes it', () => {
    const desk = holding(3)
    desk.requested(3, source)
    expect(desk.idle(CLAIM_IDLE_MS - 1, nobody)).toEqual([])
    expect(desk.idle(CLAIM_IDLE_MS, nobody)).toEqual([3])
  })

  test('may wait in the queue of who shows life, but not for ever', () => {
    const desk = holding(3)
    desk.requested(3, source)
    expect(desk.idle(CLAIM_IDLE_MS + CLAIM_QUEUED_MS - 1, all)).toEqual([])
    expect(desk.idle(CLAIM_IDLE_MS + CLAIM_QUEUED_MS, all)).toEqual([3])
  })

  test('that was asked of nobody yet waits while another of ours comes', () => {
    const desk = holding(3, 4)
    desk.requested(3, source)
    expect(desk.idle(CLAIM_IDLE_MS, nobody)).toEqual([3, 4])
    desk.progressed(3, CLAIM_IDLE_MS - 1)
    expect(desk.idle(CLAIM_IDLE_MS, nobody)).toEqual([])
    expect(desk.idle(2 * CLAIM_IDLE_MS, nobody)).toEqual([3, 4])
  })
})

describe('a piece that was put off', () => {
  const had = new Bitfield(PIECES)
  had.set(3)

  test('because a member has it is asked about soon after that member left, and no other', () => {
    const desk = new ImportDesk(PIECES, 0)
    for (const piece of [3, 4]) desk.refused(piece, 'have', 0)
    desk.memberLeft(had, 100)
    expect(desk.isFree(3, 100 + DEPARTED_MS - 1)).toBe(false)
    expect(desk.isFree(3, 100 + DEPARTED_MS)).toBe(true)
    expect(desk.isFree(4, HAVE_RETRY_MS - 1)).toBe(false)
  })

  test('because a member imports it is asked about soon after any member left: it may have been that one', () => {
    const desk = new ImportDesk(PIECES, 0)
    desk.heard(4, 0)
    desk.refused(5, 'taken', 0)
    desk.memberLeft(undefined, 100)
    for (const piece of [4, 5]) expect(desk.isFree(piece, 100 + DEPARTED_MS)).toBe(true)
  })

  test('because we did not get it stays put off', () => {
    const desk = new ImportDesk(PIECES, 0)
    desk.putOff(3, CLAIM_FAILED_MS, 0)
    desk.memberLeft(had, 100)
    expect(desk.isFree(3, CLAIM_FAILED_MS - 1)).toBe(false)
  })
})
