// Digests in plain TypeScript, for runtimes without node:crypto. SHA-1 and SHA-256 of FIPS 180-4.

/** 20 bytes, the caller's. */
export function sha1(bytes: Uint8Array): Uint8Array {
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0)
  const words = new Int32Array(80)
  for (const block of blocks(bytes)) {
    load(words, block)
    for (let t = 16; t < 80; t++) {
      const mixed =
        (words[t - 3] as number) ^
        (words[t - 8] as number) ^
        (words[t - 14] as number) ^
        (words[t - 16] as number)
      words[t] = (mixed << 1) | (mixed >>> 31)
    }
    let [a, b, c, d, e] = state as unknown as [number, number, number, number, number]
    for (let t = 0; t < 80; t++) {
      const f =
        t < 20 ? (b & c) | (~b & d) : t < 40 || t >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d)
      const k = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6
      const next = (((a << 5) | (a >>> 27)) + f + e + k + (words[t] as number)) | 0
      e = d
      d = c
      c = (b << 30) | (b >>> 2)
      b = a
      a = next
    }
    add(state, [a, b, c, d, e])
  }
  return store(state)
}

/** 32 bytes, the caller's. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const state = SHA256_START.slice()
  const words = new Int32Array(64)
  for (const block of blocks(bytes)) {
    load(words, block)
    for (let t = 16; t < 64; t++) {
      const early = words[t - 15] as number
      const late = words[t - 2] as number
      const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)
      const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)
      words[t] = ((words[t - 16] as number) + s0 + (words[t - 7] as number) + s1) | 0
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    for (let t = 0; t < 64; t++) {
      const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      const choice = (e & f) ^ (~e & g)
      const one = (h + s1 + choice + (SHA256_K[t] as number) + (words[t] as number)) | 0
      const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + one) | 0
      d = c
      c = b
      b = a
      a = (one + two) | 0
    }
    add(state, [a, b, c, d, e, f, g, h])
  }
  return store(state)
}

function rotate(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by))
}

function* blocks(bytes: Uint8Array): Iterable<DataView> {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x20000000))
  view.setUint32(padded.length - 4, (bytes.length << 3) >>> 0)
  for (let at = 0; at < padded.length; at += 64) yield new DataView(padded.buffer, at, 64)
}

function load(words: Int32Array, block: DataView): void {
  for (let t = 0; t < 16; t++) words[t] = block.getInt32(4 * t)
}

function add(state: Int32Array, round: readonly number[]): void {
  for (const [at, value] of round.entries()) state[at] = ((state[at] as number) + value) | 0
}

function store(state: Int32Array): Uint8Array {
  const digest = new Uint8Array(state.length * 4)
  const view = new DataView(digest.buffer)
  for (const [at, value] of state.entries()) view.setInt32(4 * at, value)
  return digest
}

/** First 32 bits of the fractional parts of the square and cube roots of the first primes (FIPS 180-4). */
const SHA256_START = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)
const SHA256_K = Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
)
