// System calls that fail, stall or do a part on request; everything else goes to the real ones.
import { type DiskCalls, SYSTEM_CALLS } from '../src/disk-calls.ts'

export class FailingCalls {
  readonly calls: DiskCalls
  /** Calls so far, by name. */
  readonly counts = new Map<string, number>()
  readonly #failures = new Map<string, { readonly code: string; left: number }>()
  /** Longest part of one read or write. */
  partLength = Infinity

  constructor() {
    const wrapped = Object.fromEntries(
      Object.entries(SYSTEM_CALLS).map(([name, call]) => [
        name,
        async (...values: unknown[]) => {
          this.counts.set(name, (this.counts.get(name) ?? 0) + 1)
          this.#maybeFail(name)
          const bytes = values[1]
          if ((name === 'read' || name === 'write') && bytes instanceof Uint8Array) {
            values[1] = bytes.subarray(0, Math.min(bytes.length, this.partLength))
          }
          return (call as (...values: unknown[]) => Promise<unknown>)(...values)
        },
      ]),
    )
    this.calls = wrapped as unknown as DiskCalls
  }

  /** The next `times` calls of this name fail with this errno. */
  fail(name: keyof DiskCalls, code: string, times = 1): void {
    this.#failures.set(name, { code, left: times })
  }

  #maybeFail(name: string): void {
    const failure = this.#failures.get(name)
    if (failure === undefined || failure.left === 0) return
    failure.left--
    throw Object.assign(new Error(`${failure.code}: made to fail, ${name}`), { code: failure.code })
  }
}
