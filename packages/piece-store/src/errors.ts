// What a piece store reports: a disk that fails, or content that is not what it was.

export type PieceStoreErrorCode =
  | 'DISK_FULL'
  | 'NO_PERMISSION'
  | 'READ_FAILED'
  | 'WRITE_FAILED'
  | 'CHANGED_UNDER_US'
  | 'NOT_HERE'
  | 'LOCKED'
  | 'OUTSIDE_ROOT'
  | 'DISCARDED'
  | 'BUSY'
  | 'CLOSED'
  | 'NO_PART_FILE'

/** `file` and `piece` where one is concerned; `cause` is the storage's own error. */
export class PieceStoreError extends Error {
  override readonly name = 'PieceStoreError'
  readonly code: PieceStoreErrorCode
  readonly file: number | undefined
  readonly piece: number | undefined
  constructor(
    code: PieceStoreErrorCode,
    message: string,
    facts: { readonly file?: number; readonly piece?: number; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in facts ? { cause: facts.cause } : undefined)
    this.code = code
    this.file = facts.file
    this.piece = facts.piece
  }
}
