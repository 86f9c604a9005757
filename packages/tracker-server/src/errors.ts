// Why an announce was refused; the sentence reaches the client.

export type TrackerErrorCode = 'NOT_SERVED' | 'FULL' | 'REFUSED'

/** A refusal that may be shown to the client. Hooks throw it, too. */
export class TrackerError extends Error {
  override readonly name = 'TrackerError'
  readonly code: TrackerErrorCode
  /** When to come back (BEP 31); undefined: as usual. */
  readonly retryInMinutes: number | 'never' | undefined
  constructor(code: TrackerErrorCode, message: string, retryInMinutes?: number | 'never') {
    super(message)
    this.code = code
    this.retryInMinutes = retryInMinutes
  }
}
