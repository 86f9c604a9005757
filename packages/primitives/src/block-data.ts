// What a block is made of: bytes, or in the simulator's fast profile only their number.

/** Content of a block: bytes, or (simulation, fast profile) only how many and whether they are the right ones. */
export type BlockData = Uint8Array | { readonly length: number; readonly genuine: boolean }
