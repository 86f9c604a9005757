// Random small swarms with random faults, many of them: no rule may break, and everybody in reach completes.
//
//   npm run soak -- --help
//
// Every seed that fails is printed with the one command that repeats it, and kept in the seeds that the tests run.
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type ProfileName, randomScenario, runScenario } from '@bt/scenarios'
import { readOptions, wholeNumber } from './options.ts'

interface Outcome {
  readonly scheme: string
  readonly seed: number
  readonly profile: ProfileName
  readonly broken: readonly { readonly invariant: string; readonly what: string }[]
  readonly events: number
  readonly virtualSeconds: number
  readonly redundancy: number
}

const KEPT = fileURLToPath(new URL('../packages/scenarios/seeds/regressions.json', import.meta.url))
const SEEDS = '200'
const SCHEMES = 'owned,bittorrent'
const HELP = `npm run soak -- [options]: random small swarms with random faults; no rule may break, and everybody in reach completes.

  --seeds N        how many seeds (${SEEDS})
  --from N         the first of them (1)
  --scheme A,B     schemes that each seed runs under (${SCHEMES})
  --profile P      fast, or wire: every byte stored and hashed (fast)
  --jobs N         processes at a time (one a core: ${availableParallelism()})

Exit 1 where a rule broke; the seed is printed with the command that repeats it, and kept in
packages/scenarios/seeds/regressions.json, which the tests run.
`
const { values } = readOptions(HELP, {
  options: {
    seeds: { type: 'string', default: SEEDS },
    from: { type: 'string', default: '1' },
    scheme: { type: 'string', default: SCHEMES },
    profile: { type: 'string', default: 'fast' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    step: { type: 'string' },
  },
})
const schemes = values.scheme.split(',')
const profile: ProfileName = values.profile === 'wire' ? 'wire' : 'fast'
const first = wholeNumber('from', values.from, 0)
const end = first + wholeNumber('seeds', values.seeds)
const jobs = wholeNumber('jobs', values.jobs)

if (values.step !== undefined) runEach(Number(values.step))
else await soak()

/** In a process of its own: every `step`-th seed, an outcome a line. */
function runEach(step: number): void {
  for (let seed = first; seed < end; seed += step) {
    for (const scheme of schemes) {
      const result = runScenario({
        scenario: randomScenario(seed),
        scheme,
        seed,
        profile,
        checks: 'all',
      })
      const { brokenInvariants: broken, events, virtualSeconds, redundancy } = result
      const outcome: Outcome = { scheme, seed, profile, broken, events, virtualSeconds, redundancy }
      process.stdout.write(`${JSON.stringify(outcome)}\n`)
    }
  }
}

async function soak(): Promise<void> {
  const began = performance.now()
  const outcomes: Outcome[] = []
  const failed: Outcome[] = []
  let crashed = 0
  const heard = (outcome: Outcome): void => {
    outcomes.push(outcome)
    if (outcomes.length % 200 === 0) console.log(`${outcomes.length} runs, ${failed.length} failed`)
    if (outcome.broken.length === 0) return
    failed.push(outcome)
    const { scheme, seed } = outcome
    for (const { invariant, what } of outcome.broken)
      console.log(`FAILED ${scheme}, seed ${seed}: ${invariant}: ${what}`)
    console.log(
      `  again: bt simulate random --scheme ${scheme} --seed ${seed} --profile ${profile}`,
    )
  }
  await Promise.all(
    Array.from({ length: jobs }, async (_, at) => {
      const code = await worker(first + at, heard)
      if (code !== 0) crashed++
    }),
  )
  keep(failed)
  const seconds = ((performance.now() - began) / 1000).toFixed(0)
  const virtual = outcomes.reduce((sum, { virtualSeconds }) => sum + virtualSeconds, 0)
  const events = outcomes.reduce((sum, each) => sum + each.events, 0)
  for (const scheme of schemes) {
    const own = outcomes.filter((outcome) => outcome.scheme === scheme)
    const mean = own.reduce((sum, { redundancy }) => sum + redundancy, 0) / own.length
    console.log(`${scheme}: ${own.length} runs, mean R ${mean.toFixed(3)}`)
  }
  console.log(
    `${outcomes.length} runs, ${failed.length} failed, ${events} events, ${(virtual / 3600).toFixed(1)} virtual hours in ${seconds} s`,
  )
  process.exitCode = failed.length > 0 || crashed > 0 ? 1 : 0
}

async function worker(from: number, heard: (outcome: Outcome) => void): Promise<number | null> {
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      process.argv[1] as string,
      '--from',
      String(from),
      '--seeds',
      String(end - from),
      '--step',
      String(jobs),
      '--scheme',
      values.scheme,
      '--profile',
      profile,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  createInterface({ input: child.stdout }).on('line', (line) => heard(JSON.parse(line) as Outcome))
  return await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', resolve)
  })
}

/** Adds what failed to the seeds that the tests run. */
function keep(failed: readonly Outcome[]): void {
  if (failed.length === 0) return
  interface Kept {
    readonly scenario: object
    readonly scheme: string
    readonly seed: number
    readonly profile: string
    readonly was: string
  }
  const kept = JSON.parse(readFileSync(KEPT, 'utf8')) as Kept[]
  for (const { scheme, seed, broken } of failed) {
    const isKept = kept.some(
      (each) => each.scheme === scheme && each.seed === seed && each.profile === profile,
    )
    if (!isKept)
      kept.push({
        scheme,
        seed,
        profile,
        was: broken[0]?.invariant ?? '',
        scenario: randomScenario(seed),
      })
  }
  writeFileSync(KEPT, `${JSON.stringify(kept, undefined, 2)}\n`)
}
