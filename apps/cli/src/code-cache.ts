// The bytecode of the program, kept from one run of a command for the next: V8's code cache.
//
// Without it each start compiles a megabyte of source, and again each function when it is first called. The
// first run of a command that ends well leaves what it compiled in the user's own cache folder; nothing depends on it. V8
// itself refuses what another version of it or other flags have made. Variables of the environment are those of Node's own
// cache (22.1), which keeps the bytecode of a file as it was before anything ran.

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Script } from 'node:vm'
import manifest from '../package.json' with { type: 'json' }

/** What is older is made anew, or not used any more. */
const KEPT_MS = 30 * 24 * 3600 * 1000

/** What a program finds around itself. */
export interface Surroundings {
  readonly require: NodeJS.Require
  /** Its `import.meta.url`. */
  readonly moduleUrl: string
}

/** Runs a script that is a function, from what an earlier run with this command left; the first that ends well leaves it. */
export function runKept(file: string, command: string, { require, moduleUrl }: Surroundings): void {
  // The bundler writes nothing but ASCII, and so it need not be looked at byte by byte.
  const source = readFileSync(file, 'latin1')
  const kept = placeOf(file, command)
  const cachedData = kept === undefined ? undefined : contentOf(kept.path)
  const script = new Script(source, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
  })
  if (kept !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    process.once('exit', (code) => {
      if (code === 0) keep(script, kept)
    })
  }
  const module = { exports: {} }
  const run = script.runInThisContext() as (...words: unknown[]) => void
  run(require, module, module.exports, moduleUrl)
}

interface Place {
  readonly folder: string
  readonly path: string
}

/**
 * Where the bytecode of this program is kept for this command; undefined: nowhere. V8 compares no more than the length of
 * the source, so the name says which source it is: our version, and for whoever builds by himself when.
 */
function placeOf(file: string, command: string): Place | undefined {
  const { env, version, arch } = process
  const isWanted = env['NODE_DISABLE_COMPILE_CACHE'] === undefined && /^[a-z]+$/.test(command)
  // Help compiles little of a command; and flags of one start are not those of the next.
  const isPlain = process.execArgv.length === 0 && !process.argv.includes('--help')
  if (!isWanted || !isPlain) return undefined
  const { size, mtimeMs } = statSync(file)
  const name = [command, manifest.version, size, Math.floor(mtimeMs), version, arch].join('-')
  const parent = env['NODE_COMPILE_CACHE'] || ownFolder()
  if (parent === undefined) return undefined
  const folder = join(parent, 'bt-code')
  return { folder, path: join(folder, name) }
}

function ownFolder(): string | undefined {
  const { env, platform } = process
  const own = platform === 'win32' ? env['LOCALAPPDATA'] : env['XDG_CACHE_HOME']
  if (own) return own
  try {
    return join(homedir(), '.cache')
  } catch {
    return undefined
  }
}

/** It is run unread: one that another user could have written is left alone. */
function contentOf(path: string): Buffer | undefined {
  try {
    const descriptor = openSync(path, 'r')
    try {
      const { uid, mode } = fstatSync(descriptor)
      const isOurs = process.getuid === undefined || (uid === process.getuid() && !(mode & 0o022))
      return isOurs ? readFileSync(descriptor) : undefined
    } finally {
      closeSync(descriptor)
    }
  } catch {
    return undefined
  }
}

/** And takes away what other versions left long ago. A folder that cannot be written costs the next start its gain. */
function keep(script: Script, { folder, path }: Place): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const unfinished = `${path}.${process.pid}`
    // On the disk before it has its name: newer versions of V8 do not look whether all of it is right.
    writeFileSync(unfinished, script.createCachedData(), { mode: 0o600, flush: true })
    renameSync(unfinished, path)
    for (const name of readdirSync(folder)) {
      const other = join(folder, name)
      if (Date.now() - statSync(other).mtimeMs > KEPT_MS) rmSync(other)
    }
  } catch {
    // Nothing depends on it.
  }
}
