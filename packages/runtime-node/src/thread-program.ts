// What a work thread runs, as source text: `new Worker(text, { eval: true })` needs no file, so it works from the
// built package, from a bundle, and from TypeScript source under a test runner alike (Node 20 loads no .ts workers).
//
// In: a list of jobs. `bytes` over shared memory arrive as a view, others as a copy.
//   { id, kind: 'digest', algorithm, bytes }              → { id, value: digest }
//   { id, kind: 'leaves', bytes, leafLength }             → { id, value: digests, one behind the other }
//   { id, kind: 'hash', runs, wants }                     → { id, value: { sha1, leaves } } of what lies in files (below)
//   { id, kind: 'write', bytes, sha1, descriptor, offset } → { id, value: whether they hash to sha1, and are written }
// A run is { descriptor or path, offset, length }, or { length } for zeros; it is read in parts that stay in the cache of
// the core that hashes them.
// Out: a list of answers; { id, failure: { message, code } } where something threw.

/** Of a v2 leaf (BEP 52). */
export const LEAF_LENGTH = 16 * 1024
/** Bytes that are read and then hashed: few calls, and small beside a core's own cache. A multiple of the leaf. */
export const PART_LENGTH = 128 * 1024
/**
 * Bytes of one write at most. Larger ones make Linux take large runs of free memory for its page cache, which on a virtual
 * machine are the ones that the host must find memory for first: 1 GiB on ext4 took 2.2 s of CPU in writes of 1 MiB, 0.6 s
 * in writes of 256 KiB, 0.2 s in these.
 */
export const WRITE_LENGTH = 128 * 1024
/** `code` of the failure where a file ends too early; its `at` says where. */
export const TOO_SHORT = 'TOO_SHORT'

export const THREAD_PROGRAM = `
'use strict'
const { parentPort } = require('node:worker_threads')
const { createHash, hash } = require('node:crypto')
const { closeSync, openSync, readSync, writeSync } = require('node:fs')

/** Bytes of work after which answers are sent; small jobs share a message. */
const ANSWER_BYTES = 512 * 1024

parentPort.on('message', (jobs) => {
  let answers = []
  let worked = 0
  for (const job of jobs) {
    answers.push(answerOf(job))
    worked += job.length
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
    return { id: job.id, failure: failureOf(error) }
  }
}

function failureOf(error) {
  const { message, code, at, run } = error || {}
  return { message: String(message), code, at, run }
}

let part

function partOf(run, at) {
  part ??= new Uint8Array(${PART_LENGTH})
  const bytes = part.subarray(0, Math.min(part.length, run.length - at))
  if (run.descriptor === undefined) return bytes.fill(0)
  for (let done = 0; done < bytes.length; ) {
    const count = readSync(run.descriptor, bytes, done, bytes.length - done, run.offset + at + done)
    if (count === 0) throw Object.assign(new Error('the file ends'), { code: '${TOO_SHORT}', at: run.offset + at + done })
    done += count
  }
  return bytes
}

function hashRun(run, whole, leaves) {
  for (let at = 0; at < run.length; at += ${PART_LENGTH}) {
    const bytes = partOf(run, at)
    if (whole !== undefined) whole.update(bytes)
    if (leaves === undefined || run.descriptor === undefined) continue
    for (let leaf = 0; leaf < bytes.length; leaf += ${LEAF_LENGTH}) {
      leaves.push(hash('sha256', bytes.subarray(leaf, leaf + ${LEAF_LENGTH}), 'buffer'))
    }
  }
}

function hashOpened(run, whole, leaves) {
  if (run.path === undefined) return hashRun(run, whole, leaves)
  const descriptor = openSync(run.path)
  try {
    hashRun({ ...run, descriptor }, whole, leaves)
  } finally {
    closeSync(descriptor)
  }
}

const KINDS = {
  hash: ({ runs, wants }) => {
    const whole = wants.sha1 ? createHash('sha1') : undefined
    const leaves = wants.leaves ? [] : undefined
    for (const [index, run] of runs.entries()) {
      try {
        hashOpened(run, whole, leaves)
      } catch (error) {
        throw Object.assign(error, { run: index })
      }
    }
    return {
      sha1: whole && new Uint8Array(whole.digest()),
      leaves: leaves && new Uint8Array(Buffer.concat(leaves)),
    }
  },
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
      const length = Math.min(bytes.length - at, ${WRITE_LENGTH})
      const count = writeSync(descriptor, bytes, at, length, offset + at)
      if (count === 0) throw new Error('the system wrote nothing at ' + (offset + at))
      at += count
    }
    return true
  },
}
`
