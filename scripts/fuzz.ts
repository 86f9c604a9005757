// Mutated inputs for every decoder: `npm run fuzz -- --inputs 1000000 --seed 7 [--target bencode/decode]`.
// A finding prints the input in hex and the seed that repeats it, and ends with status 1.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type FuzzTarget, fuzz } from '../tests/support/mutate.ts'
import { ROOT, rooms } from '../tests/support/sources.ts'
import { readOptions, wholeNumber } from './options.ts'

const INPUTS = '1000000'
const USAGE = `npm run fuzz -- [options]: mutated inputs for every decoder.

  --inputs N       for each (${INPUTS})
  --seed N         repeats a run (drawn)
  --target NAME    one of them alone, as in bencode/decode
  --help           this
`
const { values } = readOptions(USAGE, {
  options: {
    inputs: { type: 'string', default: INPUTS },
    seed: { type: 'string', default: String(process.hrtime.bigint() % 1_000_000n) },
    target: { type: 'string' },
  },
})

/** Inputs between two lines of progress. */
const STRIDE = 100_000
const inputs = wholeNumber('inputs', values.inputs)
const firstSeed = wholeNumber('seed', values.seed, 0)
let targetCount = 0

for (const room of rooms()) {
  const file = join(ROOT, room.folder, 'test/fuzz-targets.ts')
  if (!existsSync(file)) continue
  const { targets } = (await import(pathToFileURL(file).href)) as {
    targets: Record<string, FuzzTarget>
  }
  for (const [name, target] of Object.entries(targets)) {
    const title = `${room.name}/${name}`
    if (values.target !== undefined && values.target !== title) continue
    targetCount++
    const started = process.hrtime.bigint()
    for (let done = 0, seed = firstSeed; done < inputs; done += STRIDE, seed++)
      fuzz(target, { inputs: Math.min(STRIDE, inputs - done), seed })
    const seconds = Number(process.hrtime.bigint() - started) / 1e9
    const heap = process.memoryUsage().heapUsed / 2 ** 20
    console.log(
      `${title}: ${inputs} inputs from seed ${values.seed} in ${seconds.toFixed(1)} s, heap ${heap.toFixed(0)} MiB`,
    )
  }
}
if (targetCount === 0) {
  console.error(`there is no target ${values.target}`)
  process.exitCode = 2
}
