import { PieceGeometry } from '@bt/metainfo'
import { Bitfield, Prng, type ReadonlyBitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { PeerPieces } from '../src/peer-pieces.ts'
import { hex } from './bytes.ts'
import { GEOMETRY } from './pair.ts'

function list(pieces: ReadonlyBitfield | undefined): number[] {
  if (pieces === undefined) throw new Error('no pieces are known')
  return Array.from({ length: pieces.length }, (_, piece) => piece).filter((piece) =>
    pieces.has(piece),
  )
}

function geometryOf(pieces: number): PieceGeometry {
  return new PieceGeometry({ pieceLength: 16_384, files: [{ length: pieces * 16_384 }] })
}

describe('with the geometry', () => {
  test('a bitfield, have-all and have-none tell the whole', () => {
    const told = (tell: (pieces: PeerPieces) => void): number[] => {
      const pieces = new PeerPieces(1000)
      pieces.adopt(GEOMETRY)
      tell(pieces)
      return list(pieces.known)
    }
    expect(told((pieces) => pieces.bitfield(hex('a540')))).toEqual([0, 2, 5, 7, 9])
    expect(told((pieces) => pieces.all())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(told((pieces) => pieces.none())).toEqual([])
  })

  test.each([
    ['too short', 'ff', 'MESSAGE_LENGTH_WRONG'],
    ['too long', 'ffc000', 'MESSAGE_LENGTH_WRONG'],
    ['empty', '', 'MESSAGE_LENGTH_WRONG'],
    ['with a spare bit set', 'ffe0', 'OUT_OF_RANGE'],
  ])('[D08] a bitfield %s is refused', (_, bits, code) => {
    const pieces = new PeerPieces(1000)
    pieces.adopt(GEOMETRY)
    expect(() => pieces.bitfield(hex(bits))).toThrow(
      expect.objectContaining({ code, blame: 'remote' }),
    )
  })

  test('[D08] the whole is told once, and not after a have', () => {
    const tell = [
      (pieces: PeerPieces) => pieces.bitfield(hex('ffc0')),
      (pieces: PeerPieces) => pieces.all(),
      (pieces: PeerPieces) => pieces.none(),
    ]
    for (const first of [...tell, (pieces: PeerPieces) => pieces.gained(0)]) {
      for (const second of tell) {
        const pieces = new PeerPieces(1000)
        pieces.adopt(GEOMETRY)
        first(pieces)
        expect(() => second(pieces)).toThrow(
          expect.objectContaining({ code: 'MESSAGE_OUT_OF_TURN' }),
        )
      }
    }
  })

  test('single pieces change it, and say whether they did', () => {
    const pieces = new PeerPieces(1000)
    pieces.adopt(GEOMETRY)
    expect([pieces.gained(3), pieces.gained(3), pieces.lost(3), pieces.lost(3)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    for (const change of [() => pieces.gained(10), () => pieces.lost(10)]) {
      expect(change).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE' }))
    }
  })
})

describe('before the geometry', () => {
  test('what was told is kept and told at once when it comes', () => {
    const pieces = new PeerPieces(1000)
    expect(pieces.bitfield(hex('8000'))).toBeUndefined()
    expect(pieces.gained(9)).toBe(true)
    expect(pieces.gained(9)).toBe(false)
    expect(pieces.known).toBeUndefined()
    expect(list(pieces.adopt(GEOMETRY))).toEqual([0, 9])
  })

  test('nothing told is nothing to tell', () => {
    const pieces = new PeerPieces(1000)
    expect(pieces.adopt(GEOMETRY)).toBeUndefined()
    expect(list(pieces.known)).toEqual([])
    expect(list(pieces.bitfield(hex('8000')))).toEqual([0])
  })

  test('have-all less a piece lost is all but that', () => {
    const pieces = new PeerPieces(1000)
    pieces.all()
    expect([pieces.lost(4), pieces.lost(4), pieces.lost(5), pieces.gained(5)]).toEqual([
      true,
      false,
      true,
      true,
    ])
    expect(list(pieces.adopt(GEOMETRY))).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9])
  })

  test('have-none is told as none', () => {
    const pieces = new PeerPieces(1000)
    pieces.none()
    expect(pieces.adopt(GEOMETRY)?.count).toBe(0)
  })

  test.each([
    [
      'a bitfield of another length',
      (pieces: PeerPieces) => pieces.bitfield(hex('ff')),
      'MESSAGE_LENGTH_WRONG',
    ],
    [
      'a bitfield with spare bits',
      (pieces: PeerPieces) => pieces.bitfield(hex('fff0')),
      'OUT_OF_RANGE',
    ],
    ['a have beyond the end', (pieces: PeerPieces) => pieces.gained(10), 'OUT_OF_RANGE'],
  ])('[D08] %s is found out when it comes', (_, tell, code) => {
    const pieces = new PeerPieces(1000)
    tell(pieces)
    expect(() => pieces.adopt(GEOMETRY)).toThrow(expect.objectContaining({ code, blame: 'remote' }))
  })

  test('a piece past what is believed is refused at once', () => {
    const pieces = new PeerPieces(1000)
    expect(pieces.gained(999)).toBe(true)
    expect(() => pieces.gained(1000)).toThrow(expect.objectContaining({ code: 'OUT_OF_RANGE' }))
  })

  test('it makes no difference when the geometry comes', () => {
    const random = new Prng('when')
    for (let round = 0; round < 200; round++) {
      const count = 1 + random.below(60)
      const early = new PeerPieces(1000)
      early.adopt(geometryOf(count))
      const late = new PeerPieces(1000)
      const whole = random.below(4)
      const bits = new Bitfield(count)
      for (let piece = 0; piece < count; piece++) if (random.below(2) === 0) bits.set(piece)
      for (const pieces of [early, late]) {
        if (whole === 0) pieces.bitfield(bits.toBytes())
        if (whole === 1) pieces.all()
        if (whole === 2) pieces.none()
      }
      for (let change = random.below(40); change > 0; change--) {
        const piece = random.below(count)
        const gained = random.below(2) === 0
        for (const pieces of [early, late]) {
          if (gained) pieces.gained(piece)
          else pieces.lost(piece)
        }
      }
      late.adopt(geometryOf(count))
      expect(list(late.known), `round ${round}`).toEqual(list(early.known))
    }
  })
})
