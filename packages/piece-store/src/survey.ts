// What is on disk right now, as far as a look at the files can tell: which pieces may be there at all.

import type { PieceIndex } from '@bt/metainfo'
import type { ContentDisk } from './content-disk.ts'
import type { PieceStoreError } from './errors.ts'
import type { FileStat } from './file-facts.ts'
import { inTurn } from './in-turn.ts'
import { hasBytes, isEmptyFile } from './placement.ts'
import { STATS_IN_FLIGHT } from './store-limits.ts'

export class Survey {
  readonly #disk: ContentDisk
  readonly #stats: ReadonlyMap<number, FileStat>

  private constructor(disk: ContentDisk, stats: ReadonlyMap<number, FileStat>) {
    this.#disk = disk
    this.#stats = stats
  }

  /** Looks at all files, the part file and empty files included. Answers inside the call where there is nothing to look at. */
  static take(
    disk: ContentDisk,
    done: (error: PieceStoreError | undefined, survey: Survey) => void,
  ): void {
    const stats = new Map<number, FileStat>()
    const files = [...disk.metainfo.files.keys()].filter(
      (file) => hasBytes(disk.metainfo, file) || isEmptyFile(disk.metainfo, file),
    )
    if (disk.hasPartFile) files.push(disk.facts.partIndex)
    inTurn(
      files.length,
      STATS_IN_FLIGHT,
      (index, next) => {
        const file = files[index] as number
        disk.look(file, (error, stat) => {
          if (stat !== undefined) stats.set(file, stat)
          next(error)
        })
      },
      (error) => done(error as PieceStoreError | undefined, new Survey(disk, stats)),
    )
  }

  /** True when no file is there at all. */
  get isEmpty(): boolean {
    return this.#stats.size === 0
  }

  stat(file: number): FileStat | undefined {
    return this.#stats.get(file)
  }

  /** False: some of its bytes lie beyond the end of a file, or in none. */
  mayHold(piece: PieceIndex): boolean {
    return this.#disk.placement.places(piece).every((place) => {
      if (place.where === 'pad') return true
      const stat = this.stat(place.where === 'part' ? this.#disk.facts.partIndex : place.file)
      return stat !== undefined && place.offset + place.length <= stat.length
    })
  }
}
