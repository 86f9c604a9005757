// The schemes that a scenario can be run under. A new one is a file in schemes/ and a line here.

import { ScenarioError } from './errors.ts'
import type { Scheme } from './scheme.ts'
import { biased } from './schemes/biased.ts'
import { bittorrent } from './schemes/bittorrent.ts'
import { biasedClassic, classic, multi } from './schemes/classic.ts'
import { owned } from './schemes/owned.ts'
import { published, randomChoker } from './schemes/published.ts'

export const SCHEMES: readonly Scheme[] = [
  bittorrent,
  biased,
  owned,
  published,
  randomChoker,
  classic,
  biasedClassic,
  multi,
]

/** @throws {ScenarioError} NO_SUCH_SCHEME */
export function schemeNamed(name: string): Scheme {
  const scheme = SCHEMES.find((each) => each.name === name)
  if (scheme !== undefined) return scheme
  const names = SCHEMES.map((each) => each.name).join(', ')
  throw new ScenarioError('NO_SUCH_SCHEME', name, `there is no scheme "${name}": use ${names}`)
}
