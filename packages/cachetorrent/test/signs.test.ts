import { describe, expect, test } from 'vitest'
import { HELD_UP_MS, lateMs, QUIET_MS, SILENT_MS } from '../src/limits.ts'
import { type Neighbour, Neighbours } from '../src/neighbours.ts'
import { Signs } from '../src/signs.ts'
import { plainPeer } from './peers.ts'

/** One neighbour that speaks our extension, and a clock that is looked at every half second. */
class Seat {
  readonly asked: number[] = []
  readonly neighbour: Neighbour
  readonly signs: Signs
  #now = 0

  constructor(upload = 0) {
    const neighbours = new Neighbours({
      ourSite: () => undefined,
      siteName: undefined,
      siteOf: undefined,
    })
    this.neighbour = neighbours.opened(plainPeer(1, 8), 0)
    this.neighbour.speaks = true
    this.neighbour.upload = upload
    this.signs = new Signs({
      neighbours,
      ask: () => {
        this.asked.push(this.#now)
        return true
      },
      changed: () => {},
    })
  }

  run(untilMs: number, asks = true): void {
    for (; this.#now <= untilMs; this.#now += 500) this.signs.look(this.#now, asks)
  }
}

describe('signs of life', () => {
  test('who was quiet for 3 s is asked every 2 s, and is silent when it owes the answer for too long', () => {
    const seat = new Seat()
    seat.run(SILENT_MS - 500)
    expect(seat.asked).toEqual([QUIET_MS, QUIET_MS + 2000, QUIET_MS + 4000])
    expect(seat.neighbour.isSilent).toBe(false)
    seat.run(SILENT_MS)
    expect(seat.neighbour.isSilent).toBe(true)
    seat.signs.heard(seat.neighbour, SILENT_MS + 100)
    expect(seat.neighbour.isSilent).toBe(false)
  })

  test('a block that is under way is one, however slowly it comes', () => {
    const seat = new Seat()
    const peer = seat.neighbour.peer as { heardAt: number }
    for (let now = 1000; now <= 60_000; now += 1000) {
      peer.heardAt = now
      seat.run(now)
    }
    expect(seat.asked).toEqual([])
    seat.run(60_000 + SILENT_MS + 500)
    expect(seat.neighbour.isSilent).toBe(true)
  })

  test('who waits for nothing asks nobody, and takes nobody for dead', () => {
    const seat = new Seat()
    seat.run(60_000, false)
    expect(seat.asked).toEqual([])
    expect(seat.neighbour.isSilent).toBe(false)
    // after that pause it has time to answer, as anybody
    seat.run(60_500)
    expect(seat.neighbour.isSilent).toBe(false)
  })

  test('the word of a slow line may be late', () => {
    const seat = new Seat(15_000)
    expect(lateMs(15_000)).toBeGreaterThan(4000)
    expect(lateMs(250_000)).toBe(0)
    seat.run(SILENT_MS)
    expect(seat.neighbour.isSilent).toBe(false)
    seat.run(SILENT_MS + lateMs(15_000) + 500)
    expect(seat.neighbour.isSilent).toBe(true)
  })

  test('[M13] who takes requests and sends nothing is not counted on for a minute, unless it delivers', () => {
    const seat = new Seat()
    seat.signs.heldUp(seat.neighbour, 0)
    expect(seat.neighbour.isSilent).toBe(true)
    seat.signs.heard(seat.neighbour, 1000)
    expect(seat.neighbour.isSilent).toBe(true)
    seat.signs.delivered(seat.neighbour, 2000)
    expect(seat.neighbour.isSilent).toBe(false)
    seat.signs.heldUp(seat.neighbour, 3000)
    seat.signs.heard(seat.neighbour, 3000 + HELD_UP_MS)
    expect(seat.neighbour.isSilent).toBe(false)
  })
})
