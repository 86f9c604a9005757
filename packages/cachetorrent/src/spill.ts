// Second copies where a site's own uplinks cannot keep up (rule 9): one import per piece is right for the expensive link,
// and slow for a site whose members together send less than its members together want.
//
// The tracker says which share of its pieces each member may fetch from outside although the site has them. A member
// keeps to that share as it goes, so that the extra copies are spread over the whole download and over all members.
// Pure: told of imports and of progress.

/** Pieces that a member may be ahead of its share, so that it can begin. */
const AHEAD = 2

export class Spill {
  /** Of each piece, 0 … 1: how likely this member may import it as a second copy. */
  share = 0
  #begun = 0

  /** One more begins. */
  begun(): void {
    this.#begun++
  }

  /** It ended without the piece. */
  undone(): void {
    this.#begun--
  }

  /** May one more begin, with so many pieces here? */
  mayBegin(haveCount: number): boolean {
    return this.share > 0 && this.#begun < this.share * (haveCount + AHEAD)
  }
}

/** What a tracker knows of a site and of the whole swarm; rates in bytes per second, as declared. */
export interface SiteRates {
  /** Members that still download, and what all members of the site upload together. */
  readonly downloaders: number
  readonly upload: number
}

/** How many times the bound a site may take before it spills, and what it is helped to, in hundredths of the bound. */
const LATE_PERCENT = 115
const HELPED_PERCENT = 105

/**
 * The share for each member of a site: R*(T) − 1 copies over all its members, where T is 1.05 times the fluid bound of
 * the swarm (§4: R* = n − T·U/F). 0: the site keeps up by itself, or rates are not known.
 */
export function spillShare(site: SiteRates, whole: SiteRates, seedUpload: number): number {
  const { downloaders, upload } = site
  if (downloaders < 2 || upload <= 0 || seedUpload <= 0) return 0
  // per byte of the torrent
  const bound = Math.max(1 / seedUpload, whole.downloaders / (seedUpload + whole.upload))
  const alone = (downloaders - 1) / upload
  if (alone * 100 <= bound * LATE_PERCENT) return 0
  const copies = downloaders - (bound * HELPED_PERCENT * upload) / 100
  return Math.min(1, Math.max(0, (copies - 1) / downloaders))
}
