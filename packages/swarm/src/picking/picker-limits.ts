// Limits of the picker, each with its unit and reason.

export interface PickerLimits {
  /** Pieces had before rarest-first begins. */
  readonly randomFirstPieces: number
  /** A peer that would need no more than this for a whole piece (ms) gets pieces of its own. */
  readonly wholePieceMs: number
  /** Begun pieces beyond which fast peers share too, as a floor and per connected peer. */
  readonly partialsMin: number
  readonly partialsPerPeer: number
  /** Peers asked for one block at a time, in the endgame. */
  readonly endgameAskersMax: number
  /** Blocks asked of one peer that others were asked for too. */
  readonly duplicatesPerPeerMax: number
  /** Blocks asked twice only because their peer is slow, as a share of all and as a floor; over the torrent's life. */
  readonly lateShare: number
  readonly lateBlocksMin: number
  /** A piece that has stood still for so long (ms) may be given up when its memory is needed. */
  readonly deadMs: number
  /** A peer for which there was nothing is looked at again after so long (ms) even when nothing changed. */
  readonly idleMs: number
}

export const PICKER_LIMITS: PickerLimits = {
  randomFirstPieces: 4, // BEP 3: something to trade soon, whatever is rare
  wholePieceMs: 20_000, // libtorrent's threshold: such a piece is done before the next choke round but one
  partialsMin: 8, // a few slow peers may each hold a piece without making fast ones share
  partialsPerPeer: 1.5, // one under way and one being begun; memory bounds it too
  endgameAskersMax: 3, // two slow peers in a row are likely, three are not; the third only after ten still seconds
  duplicatesPerPeerMax: 8, // 128 KiB at most are wasted per peer in flight
  lateShare: 1 / 64, // more than 2 % are never wasted for the sake of the last seconds
  lateBlocksMin: 4, // small torrents end soon whatever happens
  deadMs: 60_000, // as long as a snubbed peer gets
  idleMs: 1_000, // pieces begin to stand still, refusals end
}

/** Ranks of a policy that are told apart: 0 … 1023; larger ones count as the largest. */
export const RANKS_MAX = 1024
