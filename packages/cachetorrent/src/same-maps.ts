// Whether trackers of the same swarms go by the same site map: with different ones each elects the other's leaders away.
//
// Each says with what it elected which map it went by. Maps are read again at different times, so that others' may differ
// for a while; where they still do after a minute somebody should hear of it, once for each map of ours.

import { MAPS_DIFFER_MS } from './limits.ts'

export interface MapWatch {
  /** Of the map that we go by now. */
  readonly digest: () => string
  /** Another tracker has gone by another map for a minute. */
  readonly differs: () => void
}

export class SameMaps {
  readonly #watch: MapWatch
  /** Since when others have gone by another map than this one of ours. */
  #since: number | undefined
  #digest = ''
  #isSaid = false

  constructor(watch: MapWatch) {
    this.#watch = watch
  }

  get own(): string {
    return this.#watch.digest()
  }

  /** By which map another tracker elected; undefined: it does not say. */
  heard(digest: string | undefined, now: number): void {
    const { own } = this
    if (own !== this.#digest) {
      this.#digest = own
      this.#since = undefined
      this.#isSaid = false
    }
    if (digest === undefined || digest === own) return
    this.#since ??= now
    if (this.#isSaid || now - this.#since < MAPS_DIFFER_MS) return
    this.#isSaid = true
    this.#watch.differs()
  }
}
