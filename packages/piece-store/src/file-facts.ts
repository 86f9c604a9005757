// What we know of the files: how long, how new, and which were written since the last sync and the last look.
//
// Index `fileCount` is the part file. A difference between two looks means that somebody else changed the file,
// but only if nobody of ours wrote between or during them: such files are "unseen".

/** As Storage.stat answers; undefined: not there. */
export interface FileStat {
  readonly length: number
  readonly modifiedMs: number
}

export class FileFacts {
  readonly partIndex: number
  readonly #lengths: Float64Array
  readonly #times: Float64Array
  /** Written since the last sync. */
  #dirty = new Set<number>()
  /** Written since the last look, and when, on a clock that counts writes. */
  readonly #unseen = new Map<number, number>()
  readonly #writing = new Map<number, number>()
  #moment = 0

  constructor(fileCount: number) {
    this.partIndex = fileCount
    this.#lengths = new Float64Array(fileCount + 1).fill(-1)
    this.#times = new Float64Array(fileCount + 1)
  }

  /** Count of our writes so far: what `seen` wants to know of the beginning of a look. */
  get moment(): number {
    return this.#moment
  }

  /** A look that began at `moment` found this. */
  seen(file: number, stat: FileStat | undefined, moment: number): void {
    const late = (this.#unseen.get(file) ?? 0) > moment
    const known = this.#lengths[file] as number
    const length = stat?.length ?? -1
    this.#lengths[file] = late ? Math.max(known, length) : length
    this.#times[file] = stat?.modifiedMs ?? 0
    if (!late && !this.#writing.has(file)) this.#unseen.delete(file)
  }

  stat(file: number): FileStat | undefined {
    const length = this.#lengths[file] as number
    return length < 0 ? undefined : { length, modifiedMs: this.#times[file] as number }
  }

  isThere(file: number): boolean {
    return (this.#lengths[file] as number) >= 0
  }

  /** True: we wrote to it since the last look, so another time or length says nothing about others. */
  isUnseen(file: number): boolean {
    return this.#unseen.has(file)
  }

  unseen(): readonly number[] {
    return [...this.#unseen.keys()].sort((one, other) => one - other)
  }

  writeBegins(file: number): void {
    this.#writing.set(file, (this.#writing.get(file) ?? 0) + 1)
    this.#unseen.set(file, ++this.#moment)
  }

  /** `end`: the file is at least so long now; undefined: the write failed, perhaps half-way. */
  writeEnds(file: number, end: number | undefined): void {
    const writing = (this.#writing.get(file) ?? 1) - 1
    if (writing === 0) this.#writing.delete(file)
    else this.#writing.set(file, writing)
    this.#unseen.set(file, ++this.#moment)
    this.#dirty.add(file)
    if (end !== undefined) this.#lengths[file] = Math.max(this.#lengths[file] as number, end)
  }

  /** Needs a sync for another reason than a write of ours. */
  touched(file: number): void {
    this.#dirty.add(file)
  }

  /** Files for the next sync; what is written from now on belongs to the one after. */
  takeDirty(): readonly number[] {
    const files = [...this.#dirty].sort((one, other) => one - other)
    this.#dirty = new Set()
    return files
  }
}
