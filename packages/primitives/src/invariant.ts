// A programmer error stops here, in production too.

/** One of ours broke a rule of ours: a bug, never a peer's fault. Not caught below the app. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
  readonly code = 'INVARIANT'
}

/** Throws an `InvariantError` that says `sentence` unless `condition` holds. */
export function invariant(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(sentence)
}
