// Every limit of this package, with its unit and its reason.

/** Bytes of a block of ours and of a v2 merkle leaf: what every client asks for at once (BEP 3 in practice, BEP 52). */
export const BLOCK_LENGTH = 16_384
