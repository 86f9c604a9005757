// What the two choices cost: which block to ask for next, and whom to unchoke; and how that grows with the torrent.
//
// Run: npm run bench -- choices [--plot FILE.svg (beside it FILE.png)]
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import * as Plot from '@observablehq/plot'
import { pngOf, svgOf } from '../../scripts/experiment/picture.ts'
import { table } from '../data/table.ts'
import { type PickCost, pickCost } from './pick-cost.ts'
import { type RoundCost, roundCost } from './round-cost.ts'

const { values: options } = parseArgs({ options: { plot: { type: 'string' } } })

const number = (value: number): string => Number(value.toPrecision(3)).toString()

function rows(all: readonly object[]): string {
  const head = Object.keys(all[0] ?? {})
  const cells = all.map((row) =>
    Object.values(row).map((value) => (typeof value === 'number' ? number(value) : `${value}`)),
  )
  return table(head, cells)
}

function picture(picks: readonly PickCost[], rounds: readonly RoundCost[]): string {
  const lines = [
    ...picks.map(({ pieces, peers, pickUs }) => ({
      what: `a block and the next pick, ${pieces.toLocaleString('en')} pieces`,
      peers,
      us: pickUs,
    })),
    ...rounds.map(({ peers, role, medianUs }) => ({
      what: `a round of choking as a ${role}`,
      peers,
      us: medianUs,
    })),
  ]
  return svgOf({
    title: 'What picking and choking cost, by connected peers',
    x: { label: 'peers', type: 'log', grid: true },
    y: { label: 'µs', type: 'log', grid: true },
    color: { legend: true },
    marks: [
      Plot.lineY(lines, { x: 'peers', y: 'us', stroke: 'what' }),
      Plot.dot(lines, { x: 'peers', y: 'us', fill: 'what' }),
    ],
  })
}

// What is not shown: the first run of everything.
pickCost(1_000, 10)
const picks: PickCost[] = []
for (const pieces of [1_000, 10_000, 100_000]) {
  for (const peers of [10, 100, 1_000]) picks.push(pickCost(pieces, peers))
}
console.log(`${rows(picks)}\n`)
const rounds: RoundCost[] = []
for (const role of ['leech', 'seed'] as const) {
  for (const peers of [10, 100, 1_000]) rounds.push(await roundCost(peers, role))
}
console.log(rows(rounds))
if (options.plot !== undefined) {
  const svg = picture(picks, rounds)
  writeFileSync(options.plot, svg)
  writeFileSync(options.plot.replace(/\.svg$/, '.png'), pngOf(svg))
}
