// What went wrong, as an exit code and one line that a person can act on: what, where, what to do.

import { CommanderError } from 'commander'

/** Scripts rely on these. */
export const EXIT = {
  done: 0,
  /** Not complete, or a check did not hold. */
  failed: 1,
  usage: 2,
  /** A bad torrent or magnet. */
  torrent: 3,
  /** Full, no permission, locked. */
  disk: 4,
  /** Cannot listen. */
  network: 5,
  interrupted: 130,
} as const

/** A failure of the command itself, with the facts that `--json` shows. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly exitCode: number
  readonly code: string
  readonly facts: Readonly<Record<string, unknown>>
  constructor(
    exitCode: number,
    code: string,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.exitCode = exitCode
    this.code = code
    this.facts = facts
  }
}

const DISK_ADVICE: Readonly<Record<string, string>> = {
  DISK_FULL: 'free some space there and start again; what is here is kept',
  NO_PERMISSION: 'check who may write there, or choose another folder with -o',
  NOT_HERE: 'check the path',
  CHANGED_UNDER_US: 'run the same command again: what is there is checked first',
  OUTSIDE_ROOT:
    'a link there leads out of the folder; take it away or choose another folder with -o',
}

/** Any error as a Failure; the cause's code decides. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error
  // Commander has printed its own.
  if (error instanceof CommanderError)
    return new Failure(
      error.exitCode === 0 ? EXIT.done : EXIT.usage,
      error.code,
      error.message.replace(/^error: /, ''),
    )
  const chain = causes(error)
  for (const { name, code, message = String(error), offset } of chain) {
    if (name === 'MetainfoError' || name === 'BencodeError')
      return new Failure(
        EXIT.torrent,
        String(code),
        `not a usable torrent: ${message}`,
        offset === undefined || offset < 0 ? {} : { offset },
        error,
      )
    if (name === 'StorageError' || name === 'PieceStoreError') {
      const advice = DISK_ADVICE[String(code)]
      return new Failure(
        EXIT.disk,
        String(code),
        advice === undefined ? message : `${message}; ${advice}`,
        {},
        error,
      )
    }
    if (code === 'CANNOT_LISTEN')
      return new Failure(EXIT.network, 'CANNOT_LISTEN', `${message} (--port)`, {}, error)
    if (code === 'ENOSPC' || code === 'EDQUOT') return disk('DISK_FULL', message, error)
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
      return disk('NO_PERMISSION', message, error)
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR')
      return disk('NOT_HERE', message, error)
  }
  const { message, code } = chain[0] ?? { message: String(error), code: undefined }
  return new Failure(
    EXIT.failed,
    typeof code === 'string' ? code : 'FAILED',
    message ?? String(error),
    {},
    error,
  )
}

function disk(code: string, message: string, cause: unknown): Failure {
  return new Failure(EXIT.disk, code, `${message}; ${DISK_ADVICE[code]}`, {}, cause)
}

interface Cause {
  readonly name?: string
  readonly code?: string | number
  readonly message?: string
  readonly offset?: number
}

function causes(error: unknown): readonly Cause[] {
  const chain: Cause[] = []
  for (let at = error; at instanceof Error && chain.length < 10; at = at.cause)
    chain.push(at as Cause)
  return chain
}
