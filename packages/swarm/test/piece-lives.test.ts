import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import {
  NEXT_LIFE,
  type PieceCause,
  type PieceLife,
  PieceLives,
} from '../src/picking/piece-lives.ts'

const LIVES: readonly PieceLife[] = ['open', 'partial', 'checking', 'had']
const CAUSES: readonly PieceCause[] = [
  'begun',
  'filled',
  'verified',
  'corrupt',
  'blocks-wrong',
  'forgotten',
]
/** How to get there from the start. */
const WAY: Readonly<Record<PieceLife, readonly PieceCause[]>> = {
  open: [],
  partial: ['begun'],
  checking: ['begun', 'filled'],
  had: ['begun', 'filled', 'verified'],
}

describe("a piece's life", () => {
  test.each(LIVES.flatMap((life) => CAUSES.map((cause) => [life, cause] as const)))(
    'from %s, when %s: as the table says, and nothing else',
    (life, cause) => {
      const lives = new PieceLives(1, new Bitfield(1))
      for (const step of WAY[life]) lives.move(0, step)
      expect(lives.life(0)).toBe(life)
      const next = (NEXT_LIFE[life] as Partial<Record<PieceCause, PieceLife>>)[cause]
      if (next === undefined)
        expect(() => lives.move(0, cause)).toThrow(`a piece that is ${life} is not ${cause}`)
      else expect(lives.move(0, cause)).toBe(next)
      expect(lives.life(0)).toBe(next ?? life)
    },
  )

  test('what is left counts wanted pieces that are not had', () => {
    const have = new Bitfield(4)
    have.set(3)
    const lives = new PieceLives(4, have)
    expect(lives.wantedLeft).toBe(3)
    lives.prioritise(0, 0)
    lives.prioritise(3, 0)
    expect(lives.wantedLeft).toBe(2)
    lives.move(0, 'verified')
    lives.prioritise(0, 7)
    expect(lives.wantedLeft).toBe(2)
    lives.move(1, 'verified')
    lives.move(0, 'forgotten')
    expect(lives.wantedLeft).toBe(2)
    expect([0, 1, 2, 3].map((piece) => lives.needed(piece))).toEqual([true, false, true, false])
    expect(() => lives.prioritise(0, 8)).toThrow('priority')
  })
})
