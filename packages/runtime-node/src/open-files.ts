// Files kept open between operations, at most so many at once for all torrents together.
//
// Least recently used idle ones are closed first; when all are in use, operations wait. When the process runs out of
// descriptors (sockets draw on the same limit) idle files are closed at once and fewer are kept for a while.

import type { DiskCalls } from './disk-calls.ts'
import type { DescriptorPressure } from './descriptor-pressure.ts'
import { isOutOfDescriptors } from './errors.ts'

/** Files kept open by default: well below the usual limit of 1,024 descriptors, most of which are for peers. */
export const FILES_OPEN_MAX = 256
/** Fewer than this are never enough for progress. */
const FILES_OPEN_MIN = 4
/** After descriptors ran out, this long passes before the full number is kept again. */
const RECOVERY_MS = 30_000
/** Attempts to open a file while descriptors are short, and the pause before the second; it doubles. */
const OPEN_ATTEMPTS = 8
const OPEN_PAUSE_MS = 5

/** A file that can be opened; the pool keeps its open forms here. */
export interface PooledFile {
  open(mode: 'read' | 'write'): Promise<number>
  /** A close that failed: what was written may be lost. */
  closeFailed(error: unknown): void
  readonly slots: { read?: Slot; write?: Slot }
}

interface Slot {
  readonly file: PooledFile
  readonly mode: 'read' | 'write'
  readonly descriptor: Promise<number>
  users: number
}

export class OpenFiles {
  readonly #calls: DiskCalls
  readonly #pressure: DescriptorPressure
  readonly #filesOpenMax: number
  readonly #stopListening: () => void
  /** Idle slots, least recently used first. */
  readonly #idle = new Set<Slot>()
  readonly #waiting: (() => void)[] = []
  #open = 0
  #limit: number
  #pressureAt = -Infinity

  constructor(calls: DiskCalls, pressure: DescriptorPressure, filesOpenMax = FILES_OPEN_MAX) {
    this.#calls = calls
    this.#pressure = pressure
    this.#filesOpenMax = Math.max(FILES_OPEN_MIN, filesOpenMax)
    this.#limit = this.#filesOpenMax
    this.#stopListening = pressure.onPressure(() => this.#shrink())
  }

  /** Descriptors open now, idle ones included. */
  get openCount(): number {
    return this.#open
  }

  /** Runs `use` with a descriptor that stays open meanwhile. */
  async using<T>(
    file: PooledFile,
    mode: 'read' | 'write',
    use: (descriptor: number) => Promise<T>,
  ): Promise<T> {
    const slot = await this.#take(file, mode)
    try {
      return await use(await slot.descriptor)
    } finally {
      this.#release(slot)
    }
  }

  /** Closes what is kept of a file. Nothing may be using it. */
  async forget(file: PooledFile): Promise<void> {
    for (const slot of [file.slots.read, file.slots.write]) {
      if (slot !== undefined && this.#idle.has(slot)) await this.#close(slot)
    }
  }

  /** No file may be in use. */
  async close(): Promise<void> {
    this.#stopListening()
    await Promise.all([...this.#idle].map((slot) => this.#close(slot)))
  }

  async #take(file: PooledFile, mode: 'read' | 'write'): Promise<Slot> {
    for (;;) {
      const kept = file.slots.write ?? (mode === 'read' ? file.slots.read : undefined)
      if (kept !== undefined) {
        kept.users++
        this.#idle.delete(kept)
        return kept
      }
      if (performance.now() - this.#pressureAt > RECOVERY_MS) this.#limit = this.#filesOpenMax
      if (this.#open < this.#limit) return this.#opened(file, mode)
      const [oldest] = this.#idle
      if (oldest !== undefined) await this.#close(oldest)
      else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #opened(file: PooledFile, mode: 'read' | 'write'): Slot {
    this.#open++
    const slot: Slot = { file, mode, descriptor: this.#openPatiently(file, mode), users: 1 }
    file.slots[mode] = slot
    slot.descriptor.catch(() => {
      if (file.slots[mode] === slot) delete file.slots[mode]
    })
    return slot
  }

  async #openPatiently(file: PooledFile, mode: 'read' | 'write'): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await file.open(mode)
      } catch (error) {
        if (!isOutOfDescriptors(error)) throw error
        this.#pressure.felt()
        if (attempt === OPEN_ATTEMPTS) throw error
      }
      await new Promise((resolve) => setTimeout(resolve, OPEN_PAUSE_MS * 2 ** (attempt - 1)))
    }
  }

  #release(slot: Slot): void {
    if (--slot.users > 0) return
    if (slot.file.slots[slot.mode] === slot) {
      this.#idle.add(slot)
      // One who writes has no use for the descriptor that only reads.
      if (slot.mode === 'read' && slot.file.slots.write !== undefined) void this.#close(slot)
      else if (this.#open > this.#limit) void this.#close(slot)
    } else this.#left()
    this.#waiting.shift()?.()
  }

  async #close(slot: Slot): Promise<void> {
    this.#idle.delete(slot)
    if (slot.file.slots[slot.mode] === slot) delete slot.file.slots[slot.mode]
    try {
      await this.#calls.close(await slot.descriptor)
    } catch (error) {
      slot.file.closeFailed(error)
    } finally {
      this.#left()
    }
  }

  #left(): void {
    this.#open--
    this.#waiting.shift()?.()
  }

  #shrink(): void {
    this.#pressureAt = performance.now()
    const inUse = this.#open - this.#idle.size
    this.#limit = Math.max(FILES_OPEN_MIN, Math.min(this.#limit >> 1, inUse))
    for (const slot of this.#idle) void this.#close(slot)
  }
}
