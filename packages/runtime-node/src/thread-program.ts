// What a work thread runs, as source text: `new Worker(text, { eval: true })` needs no file, so it works from the
// built package, from a bundle, and from TypeScript source under a test runner alike (Node 20 loads no .ts workers).
//
// In: a list of jobs. `bytes` over shared memory arrive as a view, others as a copy.
//   { id, kind: 'digest', algorithm, bytes }              → { id, value: digest }
//   { id, kind: 'leaves', bytes, leafLength }             → { id, value: digests, one behind the other }
//   { id, kind: 'write', bytes, sha1, descriptor, offset } → { id, value: whether they hash to sha1, and are written }
// Out: a list of answers; { id, failure: { message, code } } where something threw.

export const THREAD_PROGRAM = `
'use strict'
const { parentPort } = require('node:worker_threads')
const { createHash } = require('node:crypto')
const { writeSync } = require('node:fs')

/** Bytes of work after which answers are sent; small jobs share a message. */
const ANSWER_BYTES = 512 * 1024

parentPort.on('message', (jobs) => {
  let answers = []
  let worked = 0
  for (const job of jobs) {
    answers.push(answerOf(job))
    worked += job.bytes.length
    if (worked < ANSWER_BYTES) continue
    parentPort.postMessage(answers)
    answers = []
    worked = 0
  }
  if (answers.length > 0) parentPort.postMessage(answers)
})

function answerOf(job) {
  try {
    return { id: job.id, value: KINDS[job.kind](job) }
  } catch (error) {
    return { id: job.id, failure: { message: String(error && error.message), code: error && error.code } }
  }
}

const KINDS = {
  digest: ({ algorithm, bytes }) => new Uint8Array(createHash(algorithm).update(bytes).digest()),
  leaves: ({ bytes, leafLength }) => {
    const leaves = new Uint8Array(Math.ceil(bytes.length / leafLength) * 32)
    for (let at = 0, leaf = 0; at < bytes.length; at += leafLength, leaf += 32) {
      leaves.set(createHash('sha256').update(bytes.subarray(at, at + leafLength)).digest(), leaf)
    }
    return leaves
  },
  write: ({ bytes, sha1, descriptor, offset }) => {
    if (!createHash('sha1').update(bytes).digest().equals(sha1)) return false
    for (let at = 0; at < bytes.length; ) {
      const count = writeSync(descriptor, bytes, at, bytes.length - at, offset + at)
      if (count === 0) throw new Error('the system wrote nothing at ' + (offset + at))
      at += count
    }
    return true
  },
}
`
