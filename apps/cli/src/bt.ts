// bt: tells V8 how to run, and starts the program from its kept bytecode. The command line itself is main.ts.

import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type * as V8 from 'node:v8'
import { runKept } from './code-cache.ts'
import { SMALL_YOUNG_SPACE } from './young-space.ts'

// Built beside this file, as one script (tsup.config.ts).
const program = new URL('program.cjs', import.meta.url)
const require = createRequire(program)
const [, , command = ''] = process.argv

// Most transfers are over before deep inlining has paid for itself: with the default, compiling took a quarter of all CPU
// time of a short swarm (docs/performance.md). Simulations run long and are made of small
// functions and objects: there V8's own way is a seventh faster. Others compile little, and `node:v8` takes its time.
if (['download', 'seed', 'demo'].includes(command)) {
  const { setFlagsFromString } = require('node:v8') as typeof V8
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=200')
  setFlagsFromString('--max-inlined-bytecode-size=120')
  setFlagsFromString(SMALL_YOUNG_SPACE)
}

runKept(fileURLToPath(program), command, { require, moduleUrl: program.href })
