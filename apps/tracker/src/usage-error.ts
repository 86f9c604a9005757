// Wrong usage: exit code 2 and one line.

export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'USAGE'
}
