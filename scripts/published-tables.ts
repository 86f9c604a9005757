// Writes docs/published-tables.md anew from the cells that are finished, ours beside what was published in 2018.
//
//   npm run experiment -- experiments/published.json            # cells; may be interrupted
//   npm run published-tables -- experiments/published.json      # the page, from what is there
//
// The figures of the cells are kept in docs/published-tables.json; the text around the tables is written by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { cellsOf, parseExperiment } from './experiment/matrix.ts'
import { finished } from './experiment/run-cells.ts'
import { readOptions, understood } from './options.ts'
import { type Figures, figuresOf } from './published/figures.ts'
import { tablesOf } from './published/tables.ts'

const PAGE = 'docs/published-tables.md'
const FIGURES = 'docs/published-tables.json'
const BEGIN = '<!-- tables -->'
const END = '<!-- end of tables -->'

const USAGE = `npm run published-tables -- [FILE.json…] [options]: writes ${PAGE} anew.

  --out DIR     where the experiment keeps its cells (results/NAME)
  --help        this

Figures of cells that are finished are added to those in ${FIGURES}.
`
const { values, positionals } = readOptions(USAGE, {
  allowPositionals: true,
  options: { out: { type: 'string' } },
})
const kept = existsSync(FIGURES) ? (JSON.parse(readFileSync(FIGURES, 'utf8')) as Figures[]) : []
const all = new Map(kept.map((figures) => [keyOf(figures), figures]))
for (const file of positionals) {
  const experiment = understood(() =>
    parseExperiment(JSON.parse(readFileSync(file, 'utf8')) as unknown, file),
  )
  const folder = values.out ?? join('results', basename(file, '.json'))
  for (const cell of finished(cellsOf(experiment), folder)) {
    const figures = figuresOf(cell)
    all.set(keyOf(figures), figures)
  }
}
const figures = [...all.values()].toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
writeFileSync(FIGURES, `${JSON.stringify(figures, undefined, 2)}\n`)
const page = readFileSync(PAGE, 'utf8')
const before = page.slice(0, page.indexOf(BEGIN) + BEGIN.length)
const after = page.slice(page.indexOf(END))
writeFileSync(PAGE, `${before}\n\n${tablesOf(figures)}\n${after}`)
console.log(`${figures.length} cells stand in ${PAGE}`)

function keyOf({ row, seed, peers, pieces }: Figures): string {
  return [String(peers).padStart(6, '0'), String(pieces).padStart(6, '0'), row, seed].join(' ')
}
