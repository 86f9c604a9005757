import { createHash } from 'node:crypto'
import { hasherContract } from '@bt/ports/contract'
import { describe, expect, test } from 'vitest'
import { INLINE_LENGTH_MAX, ThreadHasher } from '../src/thread-hasher.ts'
import { THREAD_PROGRAM } from '../src/thread-program.ts'
import { realWorld } from './real-world.ts'

for (const threads of [0, 1, 3]) {
  describe(`the hasher with ${threads} threads keeps the contract of Hasher`, () => {
    const setup = async () => {
      const hasher = new ThreadHasher({ threads })
      return { hasher, ...realWorld(() => hasher.close()) }
    }
    for (const check of hasherContract(setup)) test(check.name, () => check.run())
  })
}

const digest = (hasher: ThreadHasher, bytes: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) => {
    hasher.digest('sha1', bytes, (error, value) => (error ? reject(error) : resolve(value)))
  })
const right = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha1').update(bytes).digest())

function large(hasher: ThreadHasher, fill: number, length = INLINE_LENGTH_MAX + 1): Uint8Array {
  return hasher.allocate(length).fill(fill)
}

describe('the hasher', () => {
  test('copies into its memory, whatever way the bytes lie', () => {
    const hasher = new ThreadHasher({ threads: 0 })
    const source = Uint8Array.from({ length: 300 }, (_, at) => at % 251)
    for (const [from, length, at] of [
      [0, 300, 0],
      [13, 200, 1],
      [7, 1, 99],
      [299, 0, 5],
    ] as const) {
      const into = hasher.allocate(400).subarray(3).fill(0xee)
      const expected = Uint8Array.from(into)
      expected.set(source.subarray(from, from + length), at)
      hasher.copy(source.subarray(from, from + length), into, at)
      expect(Uint8Array.from(into)).toEqual(expected)
    }
  })

  test('starts a thread with the first large digest, and more only while all are busy', async () => {
    const hasher = new ThreadHasher({ threads: 2 })
    await digest(hasher, new Uint8Array(INLINE_LENGTH_MAX))
    expect(hasher.threadCount).toBe(0)
    await digest(hasher, large(hasher, 1))
    expect(hasher.threadCount).toBe(1)
    await digest(hasher, large(hasher, 1))
    expect(hasher.threadCount).toBe(1)
    await Promise.all([1, 2, 3, 4, 5, 6].map((fill) => digest(hasher, large(hasher, fill))))
    expect(hasher.threadCount).toBe(2)
    await hasher.close()
  })

  test('hashes memory that is not shared, unchanged', async () => {
    const hasher = new ThreadHasher({ threads: 1 })
    const bytes = new Uint8Array(200_000).fill(3)
    expect(await digest(hasher, bytes)).toEqual(right(bytes))
    expect(await digest(hasher, Buffer.from(bytes).subarray(100))).toEqual(
      right(bytes.subarray(100)),
    )
    expect(bytes.length).toBe(200_000)
    await hasher.close()
  })

  test('an answer computed at once comes before the next I/O', async () => {
    const hasher = new ThreadHasher({ threads: 0 })
    const order: string[] = []
    setImmediate(() => order.push('I/O'))
    hasher.digest('sha1', new Uint8Array(10), () => order.push('digest'))
    order.push('call returned')
    await new Promise((resolve) => setImmediate(resolve))
    expect(order).toEqual(['call returned', 'digest', 'I/O'])
  })

  test('[L09] the jobs of a thread that dies are done all the same, and a new one is started', async () => {
    const deaths: unknown[] = []
    // Dies at the third message it gets.
    const source = `let messages = 0
      require('node:worker_threads').parentPort.on('message', () => { if (++messages === 3) process.exit(7) })
      ${THREAD_PROGRAM}`
    const hasher = new ThreadHasher({
      threads: 1,
      source,
      log: (_level, event) => deaths.push(event),
    })
    const inputs = Array.from({ length: 9 }, (_, index) => large(hasher, index))
    for (let round = 0; round < 3; round++) {
      const digests = await Promise.all(
        [1, 2, 3].flatMap(() => inputs.map((bytes) => digest(hasher, bytes))),
      )
      expect(digests).toEqual([1, 2, 3].flatMap(() => inputs.map(right)))
    }
    expect(deaths).toEqual(['threads.died'])
    expect(await digest(hasher, large(hasher, 1))).toEqual(right(large(hasher, 1)))
    expect(hasher.threadCount).toBe(1)
    await hasher.close()
  })

  test('[L09] threads that cannot live are given up, and hashing goes on here', async () => {
    let deaths = 0
    const hasher = new ThreadHasher({
      threads: 2,
      source: 'throw new Error("never")',
      log: () => deaths++,
    })
    for (let round = 0; round < 8; round++) {
      const bytes = large(hasher, round)
      expect(await digest(hasher, bytes)).toEqual(right(bytes))
    }
    expect(deaths).toBe(3)
    expect(hasher.threadCount).toBe(0)
    await hasher.close()
  })

  test('a thread that reports a failure is not believed to have an answer', async () => {
    const source = `require('node:worker_threads').parentPort.on('message', (jobs) =>
      require('node:worker_threads').parentPort.postMessage(jobs.map(({ id }) => ({ id, failure: { message: 'no' } }))))`
    const hasher = new ThreadHasher({ threads: 1, source })
    const bytes = large(hasher, 1)
    expect(await digest(hasher, bytes)).toEqual(right(bytes))
    await hasher.close()
  })

  test('close answers what is open, and later digests still work', async () => {
    const hasher = new ThreadHasher({ threads: 1 })
    const inputs = Array.from({ length: 10 }, (_, index) => large(hasher, index, 2_000_000))
    const digests = Promise.all(inputs.map((bytes) => digest(hasher, bytes)))
    await hasher.close()
    expect(await digests).toEqual(inputs.map(right))
    expect(await digest(hasher, large(hasher, 9))).toEqual(right(large(hasher, 9)))
    expect(hasher.threadCount).toBe(0)
  })

  test('a Done that throws does not swallow the answers of others', async () => {
    const hasher = new ThreadHasher({ threads: 0 })
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error.message))
    let answers = 0
    hasher.digest('sha1', new Uint8Array(1), () => answers++)
    hasher.digest('sha1', new Uint8Array(1), () => {
      throw new Error('thrown by a Done')
    })
    hasher.digest('sha1', new Uint8Array(1), () => answers++)
    await new Promise((resolve) => setTimeout(resolve, 10))
    for (const listener of listeners) process.on('uncaughtException', listener)
    expect([answers, thrown]).toEqual([2, ['thrown by a Done']])
  })
})
