// Copying 16 KiB blocks out of a stream into a piece: `set` and `Buffer.fill`, to plain and to shared memory, from a
// source that is aligned as its target and from one that is not. Run: npm run bench -- copy
const BLOCK = 16_384
const BLOCKS = 4096
const ROUNDS = 8
const { fill } = Buffer.prototype

const source = new Uint8Array(256 * 1024).fill(7)
const ways = {
  set: (bytes: Uint8Array, into: Uint8Array, at: number) => into.set(bytes, at),
  fill: (bytes: Uint8Array, into: Uint8Array, at: number) =>
    void fill.call(into as Buffer, bytes, at, at + bytes.length),
}

for (const kind of ['plain', 'shared']) {
  const length = BLOCK * BLOCKS
  const memory = kind === 'plain' ? new ArrayBuffer(length) : new SharedArrayBuffer(length)
  const into = new Uint8Array(memory).fill(1)
  for (const [name, copy] of Object.entries(ways)) {
    for (const head of [0, 13]) {
      let best = Number.POSITIVE_INFINITY
      for (let round = 0; round < ROUNDS; round++) {
        const start = performance.now()
        for (let block = 0; block < BLOCKS; block++) {
          const from = (block % 15) * (BLOCK + head) + head
          copy(source.subarray(from, from + BLOCK), into, block * BLOCK)
        }
        best = Math.min(best, performance.now() - start)
      }
      const aligned = head === 0 ? 'aligned' : 'not aligned'
      console.log(`${kind} memory, ${name}, ${aligned}: ${(length / best / 1e6).toFixed(1)} GB/s`)
    }
  }
}
