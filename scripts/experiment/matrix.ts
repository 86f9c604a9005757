// An experiment file: blocks of scenarios × schemes × settings × seeds, and the cells that they make.

export interface SchemeChoice {
  readonly scheme: string
  readonly set: readonly string[]
  /** What tables and plots call it. */
  readonly label: string
}

export interface Block {
  readonly scenarios: readonly string[]
  readonly schemes: readonly SchemeChoice[]
  /** Settings of every cell of the block. */
  readonly set: readonly string[]
  readonly seeds: readonly number[]
  readonly profile: string | undefined
}

export interface Experiment {
  readonly title: string
  readonly blocks: readonly Block[]
}

export interface Cell {
  /** Name of its file. */
  readonly id: string
  readonly scenario: string
  readonly scheme: string
  readonly label: string
  readonly set: readonly string[]
  readonly seed: number
  readonly profile: string | undefined
}

/**
 * `{ title, blocks: [{ scenarios, schemes: [name | { scheme, set?, label? }], settings?: [[…], …], set?, seeds, profile? }] }`;
 * `settings` is one more dimension: lists of KEY=VALUE, each of which runs under every scheme of the block.
 * @throws {Error} what is wrong, and where
 */
export function parseExperiment(json: unknown, file: string): Experiment {
  const fields = object(json, file)
  const blocks = list(fields['blocks'], `${file}: blocks`)
  return {
    title: text(fields['title'], `${file}: title`),
    blocks: blocks.map((block, at) => parseBlock(object(block, file), `${file}: blocks[${at}]`)),
  }
}

/** In the order of the file; the same cell twice is one. */
export function cellsOf({ blocks }: Experiment): readonly Cell[] {
  const cells = new Map<string, Cell>()
  for (const { scenarios, schemes, set, seeds, profile } of blocks) {
    for (const scenario of scenarios) {
      for (const choice of schemes) {
        for (const seed of seeds) {
          const all = [...choice.set, ...set]
          const id = [scenario.replace(/[^\w.-]/g, '_'), choice.scheme, ...all, seed]
            .join('--')
            .replace(/[^\w.=-]/g, '_')
          const { scheme, label } = choice
          cells.set(id, { id, scenario, scheme, label, set: all, seed, profile })
        }
      }
    }
  }
  return [...cells.values()]
}

function parseBlock(block: Readonly<Record<string, unknown>>, where: string): Block {
  const settings =
    block['settings'] === undefined
      ? [[]]
      : list(block['settings'], where).map((set) => texts(set, `${where}.settings`))
  const choices = list(block['schemes'], `${where}.schemes`).map((choice) =>
    parseScheme(choice, where),
  )
  const { profile } = block
  return {
    scenarios: texts(block['scenarios'], `${where}.scenarios`),
    schemes: choices.flatMap((choice) =>
      settings.map((set) => ({
        ...choice,
        set: [...choice.set, ...set],
        label: [choice.label, ...set].join(' '),
      })),
    ),
    set: block['set'] === undefined ? [] : texts(block['set'], `${where}.set`),
    seeds: list(block['seeds'], `${where}.seeds`).map(Number),
    profile: profile === undefined ? undefined : text(profile, `${where}.profile`),
  }
}

function parseScheme(choice: unknown, where: string): SchemeChoice {
  if (typeof choice === 'string') return { scheme: choice, set: [], label: choice }
  const fields = object(choice, `${where}.schemes`)
  const scheme = text(fields['scheme'], `${where}.schemes: scheme`)
  const set = fields['set'] === undefined ? [] : texts(fields['set'], `${where}.schemes: set`)
  const label = fields['label']
  return { scheme, set, label: typeof label === 'string' ? label : [scheme, ...set].join(' ') }
}

function object(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as never
  throw new Error(`${where} is not an object`)
}

function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Error(`${where} is not a list`)
}

function text(value: unknown, where: string): string {
  if (typeof value === 'string') return value
  throw new Error(`${where} is not a text`)
}

function texts(value: unknown, where: string): readonly string[] {
  return list(value, where).map((each) => text(each, where))
}
