// What can be wrong with a tracker message.

export type TrackerProtocolErrorCode =
  | 'MISSING'
  | 'MALFORMED'
  | 'OUT_OF_RANGE'
  | 'TOO_LONG'
  | 'TOO_SHORT'
  | 'UNKNOWN_ACTION'

/** A tracker message that breaks the protocol; the message may be shown to the other side. */
export class TrackerProtocolError extends Error {
  override readonly name = 'TrackerProtocolError'
  readonly code: TrackerProtocolErrorCode
  /** The parameter, key or field that is wrong. */
  readonly field: string
  constructor(code: TrackerProtocolErrorCode, field: string, message: string) {
    super(message)
    this.code = code
    this.field = field
  }
}
