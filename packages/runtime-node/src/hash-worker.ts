// What a hashing thread runs, as source text: `new Worker(text, { eval: true })` needs no file, so it works from the
// built package, from a bundle, and from TypeScript source under a test runner alike (Node 20 loads no .ts workers).
//
// In: { id, algorithm, bytes, leafLength }; `bytes` over shared memory arrive as a view, others as a copy.
// Out: { id, digest }, or { id, failure } with a text.

export const HASH_WORKER_SOURCE = `
'use strict'
const { parentPort } = require('node:worker_threads')
const { createHash } = require('node:crypto')

parentPort.on('message', ({ id, algorithm, bytes, leafLength }) => {
  try {
    parentPort.postMessage({ id, digest: digestOf(algorithm, bytes, leafLength) })
  } catch (error) {
    parentPort.postMessage({ id, failure: String(error) })
  }
})

function digestOf(algorithm, bytes, leafLength) {
  if (leafLength === 0) return new Uint8Array(createHash(algorithm).update(bytes).digest())
  const leaves = new Uint8Array(Math.ceil(bytes.length / leafLength) * 32)
  for (let at = 0, leaf = 0; at < bytes.length; at += leafLength, leaf += 32) {
    leaves.set(createHash(algorithm).update(bytes.subarray(at, at + leafLength)).digest(), leaf)
  }
  return leaves
}
`
