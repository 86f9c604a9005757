// Digests: inline for small things, threads for large ones, free in the simulator.

import type { Done } from './done.ts'

export interface Hasher {
  /** Memory that can be hashed elsewhere without a copy (shared, where threads do the work). Zeroed. */
  allocate(length: number): Uint8Array
  /**
   * The same as `into.set(bytes, at)`, `into` being (a part of) allocated memory. Absent where `set` does well: engines
   * copy to shared memory byte by byte when source and target are not aligned alike, and blocks in a stream never are.
   */
  copy?(bytes: Uint8Array, into: Uint8Array, at: number): void
  /** `bytes` is kept, unchanged, until `done`; the digest is the caller's. */
  digest(algorithm: 'sha1' | 'sha256', bytes: Uint8Array, done: Done<Uint8Array>): void
  /** SHA-256 of each leaf (BEP 52: `leafLength` is 16 KiB; the last one may be short), concatenated. */
  leaves(bytes: Uint8Array, leafLength: number, done: Done<Uint8Array>): void
}
