// One call per event with facts; no sentences, no formatting, nothing on hot paths.

export type Log = (
  level: 'debug' | 'info' | 'warn',
  event: string,
  facts: Readonly<Record<string, unknown>>,
) => void
