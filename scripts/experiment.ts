// Runs a matrix of simulations, a process a core, keeps every finished cell, and draws what came out.
//
//   npm run experiment -- --help
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, join } from 'node:path'
import { type Cell, cellsOf, parseExperiment } from './experiment/matrix.ts'
import { draw } from './experiment/plots.ts'
import { finished, runCells } from './experiment/run-cells.ts'
import { tables } from './experiment/tables.ts'
import { readOptions, understood, wholeNumber } from './options.ts'

const USAGE = `npm run experiment -- FILE.json [options]: every cell of a matrix of simulations, then tables and plots.

  --out DIR     where to keep cells, tables and plots (results/NAME)
  --jobs N      processes at a time (one a core: ${availableParallelism()})
  --fresh       run cells that are finished again
  --draw        run nothing, draw what is there
  --help        this

May be interrupted: the same command goes on with the cells that are not finished. What there is: experiments/*.json.
Exit 0: all cells are done; 1: some failed or are not; 2: wrong usage.
`
const { values, positionals } = readOptions(USAGE, {
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    fresh: { type: 'boolean', default: false },
    draw: { type: 'boolean', default: false },
  },
})
const jobs = wholeNumber('jobs', values.jobs)
const [file = ''] = positionals
const experiment = understood(() => {
  if (positionals.length !== 1 || !existsSync(file))
    throw new Error('name one experiment that is there, as in experiments/small.json')
  return parseExperiment(JSON.parse(readFileSync(file, 'utf8')) as unknown, file)
})
const folder = values.out ?? join('results', basename(file, '.json'))
const cells: readonly Cell[] = cellsOf(experiment)
if (values.fresh) rmSync(join(folder, 'cells'), { recursive: true, force: true })
mkdirSync(join(folder, 'cells'), { recursive: true })

const failed = values.draw ? [] : await runCells(cells, folder, jobs)
const done = finished(cells, folder)
writeFileSync(join(folder, 'tables.md'), tables(experiment, done))
for (const [name, picture] of draw(experiment, done)) writeFileSync(join(folder, name), picture)
console.log(`${done.length} of ${cells.length} cells done; tables and plots are in ${folder}`)
for (const { id, why } of failed) console.error(`${id} failed: ${why}`)
process.exitCode = failed.length > 0 || done.length < cells.length ? 1 : 0
