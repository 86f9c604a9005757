// `--set KEY=VALUE`: a number of the scheme, or any field of the scenario by its path, as in `sites.0.count`.

import { ScenarioError } from './errors.ts'
import type { Scheme, Settings } from './scheme.ts'

/** Short names of fields that experiments change. */
const SHORT: Readonly<Record<string, string>> = {
  out: 'neighbours.out',
  links: 'neighbours.max',
}

export interface Applied {
  /** The scenario's JSON with the fields changed; the one that was given is left as it is. */
  readonly scenario: unknown
  readonly settings: Settings
}

/**
 * @param json the scenario as parsed JSON
 * @param pairs texts of the form KEY=VALUE
 * @throws {ScenarioError} BAD_SETTING
 */
export function applySettings(json: unknown, scheme: Scheme, pairs: readonly string[]): Applied {
  const scenario = structuredClone(json)
  const settings: Record<string, number> = {}
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = pair.slice(0, at)
    const value = pair.slice(at + 1)
    if (at < 1) throw bad(pair, `--set ${pair}: write KEY=VALUE`)
    if (key in scheme.settings) {
      const number = Number(value)
      if (value === '' || Number.isNaN(number)) throw bad(key, `--set ${pair}: ${key} is a number`)
      settings[key] = number
    } else setField(scenario, SHORT[key] ?? key, value, scheme)
  }
  return { scenario, settings }
}

function setField(scenario: unknown, key: string, value: string, scheme: Scheme): void {
  const names = key.split('.')
  const last = names.pop() as string
  let at: unknown = scenario
  for (const name of names) at = childOf(at, name)
  const known = typeof at === 'object' && at !== null && (names.length > 0 || last in at)
  if (!known) {
    const own = Object.keys(scheme.settings).join(', ') || 'none'
    const fields = Object.keys(Object(scenario)).join(', ')
    throw bad(
      key,
      `--set ${key}: neither a setting of ${scheme.name} (${own}) nor a field of the scenario (${fields})`,
    )
  }
  ;(at as Record<string, unknown>)[last] = parsed(value)
}

function childOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined
}

/** As JSON where it is some, else as a text. */
function parsed(value: string): unknown {
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value
  }
}

function bad(path: string, message: string): ScenarioError {
  return new ScenarioError('BAD_SETTING', path, message)
}
