import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { countersAt, type Film, frameAt, parseFilm } from '../src/film.ts'

const HEAD = {
  format: 'bt-replay',
  version: 1,
  scenario: 's',
  scheme: 'owned',
  seed: 7,
  pieces: 10,
  pieceLength: 100,
  frameSeconds: 1,
  boundSeconds: 5,
  sites: [{ name: 'a' }, { name: 'b' }],
  peers: [
    { site: 0, seed: true, class: 'seed' },
    { site: 1, seed: false, class: 'all' },
  ],
}

function film(...lines: readonly object[]): Film {
  return parseFilm([HEAD, ...lines].map((line) => JSON.stringify(line)).join('\n'))
}

const sample = (scheme: string): Film =>
  parseFilm(readFileSync(join(import.meta.dirname, `../samples/office-${scheme}.jsonl`), 'utf8'))

describe('a film', () => {
  test('each frame has the state of every peer, from lines that say what changed', () => {
    const { frames } = film(
      { t: 0, have: [0, 10], up: [0, 1] },
      { t: 1, have: [1, 3], roles: [1, 1], moves: [0, 1, 300], in: [0, 300], out: [300, 0] },
      { t: 2, down: [1] },
      { end: { completed: 0 } },
    )
    expect(frames.map(({ have }) => [...have])).toEqual([
      [10, 0],
      [10, 3],
      [10, 3],
    ])
    expect(frames.map(({ roles }) => roles[1])).toEqual([0, 1, 1])
    expect(frames.map(({ up }) => [...up])).toEqual([
      [1, 1],
      [1, 1],
      [1, 0],
    ])
    expect(frames.map(({ entered }) => entered[1])).toEqual([0, 300, 300])
    expect(frames[1]?.moves).toEqual([0, 1, 300])
  })

  test('between two frames the state is the earlier one, and bytes count on evenly', () => {
    const one = film({ t: 0 }, { t: 10, in: [0, 500], out: [500, 0] })
    expect([frameAt(one, -1), frameAt(one, 9.9), frameAt(one, 10), frameAt(one, 99)]).toEqual([
      0, 0, 1, 1,
    ])
    expect(countersAt(one, 5)).toMatchObject({ copies: [0, 0.25], crossedBytes: 250 })
    // the seed's own site is no part of R
    expect(countersAt(one, 10).redundancy).toBe(0.5)
  })

  test('what is no film is refused, with the line', () => {
    const of =
      (...lines: readonly string[]) =>
      () =>
        parseFilm(lines.join('\n'))
    const head = JSON.stringify(HEAD)
    expect(of('')).toThrow('line 1 is no JSON object')
    expect(of('{}')).toThrow('bt simulate --replay')
    expect(of(JSON.stringify({ ...HEAD, version: 2 }))).toThrow('version 2; this page knows 1')
    expect(of(head)).toThrow('without frames')
    expect(of(head, '{"t":0}', '{"t":')).toThrow('line 3 is no JSON object')
    expect(of(head, '{"t":0,"have":[7,1]}')).toThrow('line 2: no peer 7')
    expect(of(head, '{"t":0,"moves":[1,2]}')).toThrow('line 2: moves is no list of numbers')
    expect(of(JSON.stringify({ ...HEAD, peers: [{ site: 4 }] }), '{"t":0}')).toThrow('no site 4')
  })

  test('the two that come with the page are of the same hosts, complete, and far apart in what crossed', () => {
    const [plain, owned] = [sample('bittorrent'), sample('owned')]
    expect(owned.peers).toEqual(plain.peers)
    const last = ({ frames }: Film): number => frames.at(-1)?.t ?? 0
    expect(countersAt(plain, last(plain)).completed).toBe(plain.peers.length)
    expect(countersAt(owned, last(owned)).completed).toBe(owned.peers.length)
    expect(countersAt(owned, last(owned)).redundancy).toBeLessThan(1.1)
    expect(countersAt(plain, last(plain)).redundancy).toBeGreaterThan(3)
  })
})
