// Runs a matrix of simulations, a process a core, keeps every finished cell, and draws what came out.
//
//   npm run experiment -- experiments/small.json [--out DIR] [--jobs N] [--fresh] [--draw]
//
// May be interrupted: cells that are finished are not run again, unless --fresh. --draw only draws.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Cell, cellsOf, parseExperiment } from './experiment/matrix.ts'
import { draw } from './experiment/plots.ts'
import { finished, runCells } from './experiment/run-cells.ts'
import { tables } from './experiment/tables.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    fresh: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
  },
})
const [file] = positionals
if (file === undefined || !existsSync(file)) {
  console.error('name an experiment: npm run experiment -- experiments/small.json')
  process.exit(2)
}
const experiment = parseExperiment(JSON.parse(readFileSync(file, 'utf8')) as unknown, file)
const folder = values.out ?? join('results', basename(file, '.json'))
const cells: readonly Cell[] = cellsOf(experiment)
if (values.fresh) rmSync(join(folder, 'cells'), { recursive: true, force: true })
mkdirSync(join(folder, 'cells'), { recursive: true })

const failed = values.draw ? [] : await runCells(cells, folder, Number(values.jobs))
const done = finished(cells, folder)
writeFileSync(join(folder, 'tables.md'), tables(experiment, done))
for (const [name, picture] of draw(experiment, done)) writeFileSync(join(folder, name), picture)
console.log(`${done.length} of ${cells.length} cells done; tables and plots are in ${folder}`)
for (const { id, why } of failed) console.error(`${id} failed: ${why}`)
process.exitCode = failed.length > 0 || done.length < cells.length ? 1 : 0
