// bt simulate: runs a scenario in the simulator and says what came out, with what nobody could beat beside it.

import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import {
  applySettings,
  CATALOGUE,
  catalogued,
  parseScenario,
  type ProfileName,
  type Progress,
  randomScenario,
  ReplayRecorder,
  reportLines,
  type RunResult,
  runScenario,
  type Scenario,
  ScenarioError,
  schemeNamed,
  SCHEMES,
} from '@bt/scenarios'
import { withHeap } from '../big-heap.ts'
import { EXIT, Failure } from '../failure.ts'
import type { Output } from '../output.ts'

export interface SimulateOptions {
  readonly scheme: string
  readonly seed: string
  readonly set: readonly string[]
  readonly out?: string
  readonly trace?: string
  readonly replay?: string
  readonly profile?: ProfileName
  readonly list?: boolean
}

/** Answers the exit code: 1 when somebody did not complete or a rule did not hold. */
export async function simulate(
  source: string | undefined,
  options: SimulateOptions,
  output: Output,
): Promise<number> {
  if (options.list === true) return list(output)
  if (source === undefined)
    throw new Failure(EXIT.usage, 'USAGE', 'name a scenario or a file; --list shows what there is')
  const { scenario, settings } = refusing(() => read(source, options))
  const again = await withHeap(heapBytes(scenario))
  if (again !== undefined) return again
  const trace = options.trace === undefined ? undefined : new LineFile(options.trace)
  const replay = options.replay === undefined ? undefined : new LineFile(options.replay)
  const progress = new ProgressLine(output, scenario.name)
  const result = runScenario({
    scenario,
    scheme: options.scheme,
    seed: seedOf(options.seed),
    settings,
    meter: {
      seconds: () => performance.now() / 1000,
      memoryBytes: () => process.memoryUsage().rss,
    },
    onProgress: (now) => progress.draw(now),
    ...(options.profile === undefined ? {} : { profile: options.profile }),
    ...(replay === undefined
      ? {}
      : { onlooker: new ReplayRecorder(scenario, options.scheme, (line) => replay.add(line)) }),
    ...(trace === undefined ? {} : { trace: (entry) => trace.add(entry) }),
  })
  progress.end()
  trace?.end()
  replay?.end()
  return report(result, source, options, output)
}

function list(output: Output): number {
  for (const [name, json] of Object.entries(CATALOGUE)) {
    const { description } = parseScenario(json, name)
    output.event('scenario', { name, description }, `${name.padEnd(22)} ${description}`)
  }
  output.line('')
  for (const { name, description, settings } of SCHEMES) {
    output.event(
      'scheme',
      { name, description, settings },
      `--scheme ${name.padEnd(13)} ${description}`,
    )
    for (const [key, { default: value, description: what }] of Object.entries(settings))
      output.line(`    --set ${key}=${value}`.padEnd(23) + what)
  }
  return EXIT.done
}

function read(
  source: string,
  { scheme, set, seed }: SimulateOptions,
): { readonly scenario: Scenario; readonly settings: Readonly<Record<string, number>> } {
  const isFile = source.endsWith('.json') || source.includes('/')
  const json = isFile
    ? parsed(source)
    : source === 'random'
      ? withoutName(randomScenario(seedOf(seed)))
      : catalogued(source)
  const applied = applySettings(json, schemeNamed(scheme), set)
  const name = basename(source, extname(source))
  return { scenario: parseScenario(applied.scenario, name), settings: applied.settings }
}

/** As in a file, whose name is the scenario's. */
function withoutName({ name: _name, ...fields }: Scenario): unknown {
  return fields
}

function parsed(file: string): unknown {
  const text = readFileSync(file, 'utf8')
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new Failure(EXIT.usage, 'BAD_SCENARIO', `${file} is not JSON: ${what}`)
  }
}

/** What is wrong with a scenario or a setting is wrong usage. */
function refusing<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error
    throw new Failure(EXIT.usage, error.code, error.message, { path: error.path }, error)
  }
}

function seedOf(text: string): number | string {
  return /^\d{1,15}$/.test(text) ? Number(text) : text
}

/** A peer costs about so much, each piece of it a little more, and each connection has two ends. */
function heapBytes({ sites, pieces, neighbours }: Scenario): number {
  const peers = sites.reduce((sum, { count, hosts = 0, peers: all }) => {
    return sum + (all ?? count * hosts)
  }, 0)
  const links = Math.min(neighbours.max, 2 * neighbours.out)
  return Math.min(8 * 1024 ** 3, peers * (100_000 + 60 * pieces + links * (20_000 + 12 * pieces)))
}

function report(
  result: RunResult,
  source: string,
  options: SimulateOptions,
  output: Output,
): number {
  for (const line of reportLines(result)) output.line(line)
  const { brokenInvariants, completed, reachable } = result
  const isFine = brokenInvariants.length === 0 && completed >= reachable
  if (!isFine) output.line(`again: ${commandOf(source, options)}`)
  if (options.out !== undefined) {
    mkdirSync(options.out, { recursive: true })
    writeFileSync(join(options.out, 'result.json'), `${JSON.stringify(result, undefined, 1)}\n`)
    writeFileSync(join(options.out, 'summary.txt'), `${[...reportLines(result)].join('\n')}\n`)
  }
  const {
    completionSeconds: _times,
    perSite: _sites,
    bounds: _bounds,
    timeline: _line,
    ...facts
  } = result
  output.event('result', facts)
  return isFine ? EXIT.done : EXIT.failed
}

/** What repeats the run. */
function commandOf(source: string, { scheme, seed, set, profile }: SimulateOptions): string {
  const sets = set.map((pair) => ` --set ${pair}`).join('')
  const how = profile === undefined ? '' : ` --profile ${profile}`
  return `bt simulate ${source} --scheme ${scheme} --seed ${seed}${sets}${how}`
}

/** One line that redraws itself on a terminal, a line each quarter elsewhere, an event a second with --json. */
class ProgressLine {
  readonly #output: Output
  readonly #name: string
  #drawnAt = Number.NEGATIVE_INFINITY
  #quarter = 0

  constructor(output: Output, name: string) {
    this.#output = output
    this.#name = name
  }

  draw({ share, virtualSeconds, completed, peers }: Progress): void {
    const percent = Math.floor(100 * share)
    const text = `${this.#name} ${percent} %, ${Math.round(virtualSeconds)} virtual s, ${completed} of ${peers} peers done`
    const now = performance.now()
    if (this.#output.isLive) {
      if (now < this.#drawnAt + 125) return
      process.stdout.write(`\r${text.slice(0, (process.stdout.columns || 80) - 1)}\u001B[K`)
    } else if (this.#output.isJson) {
      if (now < this.#drawnAt + 1000) return
      this.#output.event('progress', { share, virtualSeconds, completed, peers })
    } else {
      const quarter = Math.floor(4 * share)
      if (quarter <= this.#quarter) return
      this.#quarter = quarter
      this.#output.line(text)
    }
    this.#drawnAt = now
  }

  end(): void {
    if (this.#output.isLive) process.stdout.write('\r\u001B[K')
  }
}

/** JSON lines to a file, in large writes. */
class LineFile {
  readonly #descriptor: number
  #lines: string[] = []

  constructor(path: string) {
    this.#descriptor = openSync(path, 'w')
  }

  add(value: unknown): void {
    this.#lines.push(JSON.stringify(value))
    if (this.#lines.length >= 10_000) this.#flush()
  }

  end(): void {
    this.#flush()
    closeSync(this.#descriptor)
  }

  #flush(): void {
    if (this.#lines.length > 0) writeSync(this.#descriptor, `${this.#lines.join('\n')}\n`)
    this.#lines = []
  }
}
