// What is wrong with a torrent, an info dictionary or a magnet link, and where in it.

export type MetainfoErrorCode =
  | 'NOT_A_DICT'
  | 'MISSING_INFO'
  | 'MISSING_NAME'
  | 'WRONG_TYPE'
  | 'BAD_PATH'
  | 'PATH_COLLISION'
  | 'BAD_SYMLINK'
  | 'BAD_LENGTH'
  | 'BAD_PIECE_LENGTH'
  | 'BAD_PIECES'
  | 'PIECE_COUNT_MISMATCH'
  | 'TOO_MANY_PIECES'
  | 'NO_FILES'
  | 'UNSUPPORTED_VERSION'
  | 'BAD_FILE_TREE'
  | 'MISSING_PIECES_ROOT'
  | 'BAD_PIECE_LAYER'
  | 'INCONSISTENT_V1_V2'
  | 'BAD_PAD_FILE'
  | 'WRONG_INFO_HASH'
  | 'BAD_MAGNET'
  | 'TOO_LARGE'

/** `code` says what, `where` the place in the torrent ("info.files[3].length") or magnet ("xt"). */
export class MetainfoError extends Error {
  override readonly name = 'MetainfoError'
  readonly code: MetainfoErrorCode
  readonly where: string

  constructor(code: MetainfoErrorCode, where: string, message: string, cause?: unknown) {
    super(`${where}: ${message}`, cause === undefined ? undefined : { cause })
    this.code = code
    this.where = where
  }
}
