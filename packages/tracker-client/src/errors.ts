// Why a tracker gave no answer.

export type TrackerClientErrorCode =
  /** The URL is not one of a tracker that we speak to; trying again is pointless. */
  | 'BAD_URL'
  /** The rules against server-side request forgery forbid this address or redirect. */
  | 'BLOCKED'
  /** Name not found, no connection, no answer in time. */
  | 'UNREACHABLE'
  /** It answered, and it is no tracker's answer. */
  | 'BAD_ANSWER'
  /** It answered, and it refused; the message is the tracker's own. */
  | 'REFUSED'
  /** Scrape: this tracker offers none (BEP 48). */
  | 'NO_SCRAPE'

/** What went wrong with one tracker; the message says which and what to do. */
export class TrackerClientError extends Error {
  override readonly name = 'TrackerClientError'
  readonly code: TrackerClientErrorCode
  /** Its announce URL. */
  readonly tracker: string
  /** With 'REFUSED': when to come back (BEP 31). */
  readonly retryInMinutes: number | 'never' | undefined
  constructor(
    code: TrackerClientErrorCode,
    tracker: string,
    message: string,
    facts: { readonly cause?: unknown; readonly retryInMinutes?: number | 'never' } = {},
  ) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = code
    this.tracker = tracker
    this.retryInMinutes = facts.retryInMinutes
  }
}
