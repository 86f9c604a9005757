// What a script takes from its command line: --help says what there is and ends with 0; what is not understood is one line,
// and ends with 2.
import { parseArgs, type ParseArgsConfig } from 'node:util'

/** The options and names given, or the end of the process. `usage` begins with the command. */
export function readOptions<const C extends ParseArgsConfig>(
  usage: string,
  config: C,
): ReturnType<typeof parseArgs<C>> {
  const args = process.argv.slice(2)
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(usage)
    process.exit(0)
  }
  return understood(() => parseArgs(config))
}

/** A whole number from `least` on, or the end of the process. */
export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text)
  return understood(() => {
    if (Number.isSafeInteger(value) && value >= least && text.trim() !== '') return value
    throw new Error(`--${option} takes a whole number from ${least}, not '${text}'`)
  })
}

/** What `read` answers; where it throws, that is said in one line and the process ends. */
export function understood<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    const [first = ''] = (error as Error).message.split(/\.?\s+To specify|\n/)
    process.stderr.write(`${first} (--help says what there is)\n`)
    process.exit(2)
  }
}
