// What is wrong with a torrent, an info dictionary or a magnet link, and where in it.

/**
 * What went wrong.
 *
 * - shape: `NOT_A_DICT` (the document), `MISSING_INFO`, `MISSING_NAME`, `WRONG_TYPE`, `LENGTH_AND_FILES` (BEP 3: one of them)
 * - files: `NO_FILES`, `NO_CONTENT` (all of them empty), `BAD_LENGTH`, `BAD_PATH`, `PATH_COLLISION` (too many of one name),
 *   `BAD_SYMLINK`, `BAD_PAD_FILE`
 * - pieces: `BAD_PIECE_LENGTH`, `BAD_PIECES`, `PIECE_COUNT_MISMATCH`, `TOO_MANY_PIECES`
 * - v2: `UNSUPPORTED_VERSION`, `BAD_FILE_TREE`, `UNSORTED_FILE_TREE`, `MISSING_PIECES_ROOT`, `BAD_PIECE_LAYER`,
 *   `INCONSISTENT_V1_V2`
 * - `TOO_LARGE` (the document), `WRONG_INFO_HASH` (metadata from a peer), `BAD_MAGNET`
 */
export type MetainfoErrorCode =
  | 'NOT_A_DICT'
  | 'MISSING_INFO'
  | 'MISSING_NAME'
  | 'WRONG_TYPE'
  | 'LENGTH_AND_FILES'
  | 'NO_FILES'
  | 'NO_CONTENT'
  | 'BAD_LENGTH'
  | 'BAD_PATH'
  | 'PATH_COLLISION'
  | 'BAD_SYMLINK'
  | 'BAD_PAD_FILE'
  | 'BAD_PIECE_LENGTH'
  | 'BAD_PIECES'
  | 'PIECE_COUNT_MISMATCH'
  | 'TOO_MANY_PIECES'
  | 'UNSUPPORTED_VERSION'
  | 'BAD_FILE_TREE'
  | 'UNSORTED_FILE_TREE'
  | 'MISSING_PIECES_ROOT'
  | 'BAD_PIECE_LAYER'
  | 'INCONSISTENT_V1_V2'
  | 'TOO_LARGE'
  | 'WRONG_INFO_HASH'
  | 'BAD_MAGNET'

/** A torrent or magnet that is refused. Bytes that are no bencode at all are a `BencodeError` instead. */
export class MetainfoError extends Error {
  override readonly name = 'MetainfoError'
  readonly code: MetainfoErrorCode
  /** The place: "info.files[3].length" in a torrent, "xt" in a magnet; empty for the document itself. */
  readonly where: string

  constructor(code: MetainfoErrorCode, where: string, message: string) {
    super(where === '' ? message : `${where} ${message}`)
    this.code = code
    this.where = where
  }
}
