// Protocol code never touches the world: no Node module, clock, randomness or timer; the same engine runs on
// sockets and in the simulator, and the same seed gives the same run on any machine.
import { expect, test } from 'vitest'
import { rooms, sources, withoutComments } from '../support/sources.ts'

/** The rooms that may touch the world. */
const EDGE = new Set(['runtime-node', 'cli', 'tracker', 'replay'])
/** One file below the runtime may name node:crypto (docs/adr/0006-small-digests.md). */
const DIGEST = 'packages/primitives/src/digest-node.ts'
/** Promises belong to the façade that people await, and to what lets virtual time pass while they do. */
const FACADE =
  /^packages\/(swarm\/src\/(swarm|session)[a-z-]*\.ts|ports\/contract\/|simulator\/src\/settle\.ts)/

const WORLD: readonly (readonly [RegExp, string])[] = [
  [/\bfrom\s+['"]node:|\bimport\(\s*['"]node:|\brequire\(/, 'a port instead of a Node module'],
  [/\bDate\b(?!\w)/, 'Clock.wallSeconds, or `now` as an argument'],
  [/\bperformance\./, 'Clock.now, or `now` as an argument'],
  [/\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/, 'Clock.at'],
  [/\bprocess\.(?!env\.NODE_ENV)/, 'options'],
  [/\bconsole\./, 'Log'],
  [/\bBuffer\b/, 'Uint8Array'],
  [/\bcrypto\./, 'Random or Hasher'],
  [/\bfetch\(/, 'Http'],
]
const REPEATABLE: readonly (readonly [RegExp, string])[] = [
  [/\bMath\.random\b/, 'Random'],
  [
    /\bMath\.(pow|exp|expm1|log|log2|log10|log1p|sin|cos|tan|atan2?|sinh|cosh|tanh|asin|acos|asinh|acosh|atanh|cbrt|hypot)\b/,
    'integers or + − × ÷ √',
  ],
  [
    /\*\*=?\s*(?:[A-Za-z_$(#]|-|\d*\.\d)/,
    'multiplication: ** with a variable or a fraction is Math.pow',
  ],
  [/\blocaleCompare\b|\btoLocale\w*|\bIntl\./, 'comparison of code units or bytes'],
  [/\.(sort|toSorted)\(\s*\)/, 'a sort with a total order written out'],
  [/\bWeakRef\b|\bFinalizationRegistry\b/, 'nothing: when garbage is collected is chance'],
]

for (const room of rooms()) {
  if (EDGE.has(room.name)) continue
  test(`${room.name} reaches the world only through ports`, () => {
    for (const source of sources(room)) {
      if (source.path === DIGEST) continue
      refuse(source.path, source.text, WORLD)
      if (!FACADE.test(source.path))
        refuse(source.path, source.text, [
          [/\basync\b|\bawait\b|\bnew Promise\b/, 'Done callbacks'],
        ])
    }
  })
  test(`${room.name} gives the same run for the same seed`, () => {
    for (const source of sources(room)) refuse(source.path, source.text, REPEATABLE)
  })
}

test('the ban sees what it forbids', () => {
  expect(() => refuse('x.ts', 'const a = Date.now()', WORLD)).toThrow('x.ts:1')
  expect(() => refuse('x.ts', '\nMath.pow(2, 3)', REPEATABLE)).toThrow('x.ts:2')
  expect(() => refuse('x.ts', '// Date.now()', WORLD)).not.toThrow()
  for (const line of ['x ** y', '2 ** -1', 'x ** 0.5', 'x **= rate', 'x ** (y)', 'a.sort()'])
    expect(() => refuse('x.ts', line, REPEATABLE), line).toThrow('x.ts:1')
  for (const line of ['2 ** 32', 'x ** 2', 'a.sort((x, y) => x - y)'])
    expect(() => refuse('x.ts', line, REPEATABLE), line).not.toThrow()
})

function refuse(path: string, text: string, bans: readonly (readonly [RegExp, string])[]): void {
  for (const [at, line] of withoutComments(text).split('\n').entries()) {
    const code = line.replace(/'(?:[^'\\]|\\.)*'/g, (quoted) =>
      quoted.startsWith("'node:") ? quoted : "''",
    )
    for (const [ban, instead] of bans)
      if (ban.test(code)) throw new Error(`${path}:${at + 1}: ${line.trim()} (use ${instead})`)
  }
}
