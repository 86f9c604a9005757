// Every limit of this package, with its unit and its reason.

/** Bytes of a block of ours and of a v2 merkle leaf: what every client asks for at once (BEP 3 in practice, BEP 52). */
export const BLOCK_LENGTH = 16_384

/** Bytes of a torrent file: the hashes of 2^21 v1 pieces are 40 MiB, and a v2 layer of as many is 64 MiB. */
export const TORRENT_BYTES_MAX = 128 * 1024 * 1024

/** Bytes of an info dictionary that comes from peers (BEP 9): real ones end at some 10 MiB, and it is kept in memory. */
export const INFO_BYTES_MAX = 32 * 1024 * 1024

/** Bencoded values in a torrent: some eight a file, so 10^6 files pass; each costs a few bytes while parsing. */
export const VALUES_MAX = 8_000_000

/** Dictionaries and lists inside one another: libtorrent's limit, far above any real folder tree. */
export const DEPTH_MAX = 100

/** Digits of an integer: enough to name a wrong length in the error; never a cost. */
export const DIGITS_MAX = 40

/** Bytes of a piece: a piece is kept in memory whole. The largest in use is 536,854,528 (libtorrent's bound). */
export const PIECE_LENGTH_MAX = 2 ** 29

/** Bytes of a v2 piece, at least: one leaf (BEP 52). v1 has no lower bound but 1. */
export const PIECE_LENGTH_V2_MIN = 16_384

/** Pieces of a torrent: bitfields, availability and picking cost memory by piece; libtorrent's default too. */
export const PIECES_MAX = 2 ** 21

/**
 * Pieces that a v1 torrent declares past which it is too many whatever its `pieces` string says; below, a string of
 * another length is told as such first.
 */
export const PIECES_PLAUSIBLE_MAX = 2 ** 26

/** Bytes of one file, v1: 64 PiB; below it an impossible length is told by its count of pieces. */
export const FILE_LENGTH_MAX = 2 ** 56

/** Bytes of one file, v2, which has no `pieces` to compare with: 256 TiB, libtorrent's bound. */
export const FILE_LENGTH_V2_MAX = 2 ** 48 - 1

/** Bytes of one name on disk: ext4, XFS, NTFS (which counts UTF-16 units, never more than bytes), APFS. */
export const NAME_BYTES_MAX = 255

/** Bytes of a whole path below the download folder: Linux allows 4,096, so 512 are left for the folder's own path. */
export const PATH_BYTES_MAX = 3_584

/** Folders inside one another in a v1 path: as deep as a v2 tree can be inside `DEPTH_MAX`. */
export const PATH_DEPTH_MAX = 96

/** Files that come out with the same name: more is an attack or garbage, libtorrent's bound is alike. */
export const SAME_NAME_MAX = 100

/** Bytes of a tracker or web seed URL: longer ones are attacks on buffers. */
export const URL_BYTES_MAX = 4_096

/** Trackers of a torrent or magnet, over all tiers: real lists end at some 200, each costs a timer and sockets. */
export const TRACKERS_MAX = 500

/** Web seeds of a torrent or magnet. */
export const WEB_SEEDS_MAX = 200

/** DHT nodes and peers named by a torrent or magnet: a hint to start with, not a peer list. */
export const ENDPOINTS_MAX = 200

/** Characters of a magnet link: trackers and web seeds included. */
export const MAGNET_LENGTH_MAX = 1024 * 1024

/** File numbers that `so=` of a magnet may name (BEP 53), repeated ones included: twice the largest torrents in use. */
export const SELECT_MAX = 200_000

/** Hashes asked for in one hash request (BEP 52: should be at most 512; twice that is tolerated). */
export const HASHES_PER_REQUEST_MAX = 1_024
