// Randomness: cryptographic in production, a seeded fork in the simulator.

export interface Random {
  /** A whole number in 0 … bound − 1, each equally likely. `bound` is 1 … 2^48. */
  below(bound: number): number
  /** Overwrites all of `bytes`. */
  fill(bytes: Uint8Array): void
}
