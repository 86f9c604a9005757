import type { Storage, StorageErrorCode } from '@bt/ports'
import { StorageError } from '@bt/ports'
import { bytesEqual, Prng } from '@bt/primitives'
import { SECTOR_BYTES } from '@bt/simulator'
import type { SimHost, Simulation } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import { twoHosts } from './world.ts'

const FILES = [
  { path: ['one.bin'], length: 200_000 },
  { path: ['folder', 'two.bin'], length: 100_000 },
]

interface Opened {
  readonly simulation: Simulation
  readonly host: SimHost
  readonly storage: Storage
}

function open(seed = 1): Opened {
  const { simulation, alice } = twoHosts({ seed })
  return { simulation, host: alice, storage: reopen(simulation, alice) }
}

function reopen(simulation: Simulation, host: SimHost): Storage {
  return answerOf<Storage>(simulation, (done) => host.ports.storage.open(FILES, done))
}

/** Runs until `done` was called; throws its error. */
function answerOf<T>(
  simulation: Simulation,
  call: (done: (error: Error | undefined, value: T) => void) => void,
): T {
  let answer: { error: Error | undefined; value: T } | undefined
  call((error, value) => {
    answer = { error, value }
  })
  const limits = { timeMs: simulation.clock.now() + 60_000 }
  simulation.runUntil(() => answer !== undefined, limits, 'an answer')
  if (answer?.error !== undefined) throw answer.error
  return answer?.value as T
}

function codeFrom(call: () => unknown): StorageErrorCode | 'none' {
  try {
    call()
  } catch (error) {
    if (error instanceof StorageError) return error.code
    throw error
  }
  return 'none'
}

function write({ simulation, storage }: Opened, file: number, offset: number, bytes: Uint8Array) {
  answerOf<void>(simulation, (done) => storage.write(file, offset, bytes, done))
}

function sync({ simulation, storage }: Opened, ...files: number[]): void {
  answerOf<void>(simulation, (done) => storage.sync(files, done))
}

/** Much quicker than toEqual on long arrays. */
function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : bytesEqual(one, other)
}

function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value)
}

describe('a power cut', () => {
  test('what was synced is there, what was not is as it was, when un-synced data is dropped', () => {
    const opened = open()
    write(opened, 0, 0, filled(50_000, 1))
    sync(opened, 0)
    write(opened, 0, 10_000, filled(60_000, 2))
    write(opened, 1, 0, filled(100, 3))
    expect(opened.host.disk.contents('one.bin')?.length).toBe(70_000)
    opened.host.crash({ disk: 'dropped' })
    expect(isSame(opened.host.disk.contents('one.bin'), filled(50_000, 1))).toBe(true)
    expect(opened.host.disk.paths()).toEqual(['one.bin'])
  })

  test('torn, every sector that was not synced is old, new, or new up to somewhere', () => {
    const seen = { old: 0, new: 0, torn: 0, gone: 0, short: 0 }
    for (let seed = 0; seed < 60; seed++) {
      const opened = open(seed)
      write(opened, 0, 0, filled(60_000, 1))
      sync(opened, 0)
      write(opened, 0, 20_000, filled(60_000, 2))
      write(opened, 1, 0, filled(5_000, 3))
      opened.host.crash()
      const bytes = opened.host.disk.contents('one.bin') as Uint8Array
      expect([60_000, 80_000]).toContain(bytes.length)
      if (bytes.length === 60_000) seen.short++
      expect(isSame(bytes.subarray(0, 20_000), filled(20_000, 1))).toBe(true)
      for (let at = 20_480; at + SECTOR_BYTES <= 60_000; at += SECTOR_BYTES) {
        const sector = bytes.subarray(at, at + SECTOR_BYTES)
        const fresh = sector.lastIndexOf(2) + 1
        expect(sector.subarray(0, fresh).every((byte) => byte === 2)).toBe(true)
        expect(sector.subarray(fresh).every((byte) => byte === 1)).toBe(true)
        seen[fresh === 0 ? 'old' : fresh === SECTOR_BYTES ? 'new' : 'torn']++
      }
      if (opened.host.disk.contents('folder/two.bin') === undefined) seen.gone++
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(5)
  })

  test('killed instead, everything that was written is there', () => {
    const opened = open()
    write(opened, 0, 100, filled(50_000, 1))
    opened.host.kill()
    opened.host.restart()
    const storage = reopen(opened.simulation, opened.host)
    const into = new Uint8Array(50_100)
    answerOf<void>(opened.simulation, (done) => storage.read(0, 0, into, done))
    expect(isSame(into.subarray(0, 100), filled(100, 0))).toBe(true)
    expect(isSame(into.subarray(100), filled(50_000, 1))).toBe(true)
  })

  test('a write that was under way is there up to some byte', () => {
    const lengths = new Set<number>()
    for (let seed = 0; seed < 20; seed++) {
      const { host, storage } = open(seed)
      storage.write(0, 0, filled(50_000, 1), () => {
        throw new Error('the process is dead')
      })
      host.kill()
      const bytes = host.disk.contents('one.bin') ?? new Uint8Array(0)
      expect(bytes.every((byte) => byte === 1)).toBe(true)
      lengths.add(bytes.length)
    }
    expect(lengths.size).toBeGreaterThan(10)
  })

  test('against a model, what is there after a dropped cut is what the last sync left', () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Prng(`cut ${seed}`)
      const opened = open(seed)
      let now = new Uint8Array(0)
      let synced: Uint8Array | undefined
      for (let step = 0; step < 40; step++) {
        const offset = random.below(70_000)
        switch (random.below(5)) {
          case 0: {
            answerOf<void>(opened.simulation, (done) => opened.storage.truncate(0, offset, done))
            const next = new Uint8Array(offset)
            next.set(now.subarray(0, offset))
            now = next
            break
          }
          case 1:
            if (opened.host.disk.contents('one.bin') === undefined) break
            sync(opened, 0)
            synced = now.slice()
            break
          default: {
            const bytes = filled(1 + random.below(40_000), 1 + random.below(255))
            write(opened, 0, offset, bytes)
            const next = new Uint8Array(Math.max(now.length, offset + bytes.length))
            next.set(now)
            next.set(bytes, offset)
            now = next
          }
        }
        expect(isSame(opened.host.disk.contents('one.bin') ?? now, now), `seed ${seed}`).toBe(true)
      }
      opened.host.crash({ disk: 'dropped' })
      expect(isSame(opened.host.disk.contents('one.bin'), synced), `seed ${seed}`).toBe(true)
    }
  })

  test('a blob that was being saved is the old one or the new one', () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 20; seed++) {
      const { simulation, alice } = twoHosts({ seed })
      answerOf<void>(simulation, (done) => alice.ports.keep.save('x', filled(9, 1), done))
      alice.ports.keep.save('x', filled(9, 2), () => {})
      alice.crash()
      seen.add(
        alice.disk
          .blobs('x')
          .map((bytes) => bytes.join(''))
          .join(),
      )
    }
    expect([...seen].sort()).toEqual(['111111111', '222222222,111111111'])
  })
})

describe('a disk that fails', () => {
  const codes = [
    'DISK_FULL',
    'NO_PERMISSION',
    'NOT_HERE',
    'READ_FAILED',
    'WRITE_FAILED',
    'LOCKED',
    'OUTSIDE_ROOT',
  ] as const

  for (const code of codes) {
    test(`operations fail as ${code} until that is lifted, on the file that was named`, () => {
      const opened = open()
      const lift = opened.host.disk.fail({ code, operations: ['write'], path: 'one.bin' })
      expect(codeFrom(() => write(opened, 0, 0, filled(5, 1)))).toBe(code)
      expect(codeFrom(() => write(opened, 1, 0, filled(5, 1)))).toBe('none')
      expect(codeFrom(() => sync(opened, 0))).toBe('none')
      lift()
      expect(codeFrom(() => write(opened, 0, 0, filled(5, 1)))).toBe('none')
    })
  }

  test('so many times means so many times', () => {
    const opened = open()
    opened.host.disk.fail({ code: 'WRITE_FAILED', times: 2 })
    const writes = [1, 2, 3].map(() => codeFrom(() => write(opened, 0, 0, filled(5, 1))))
    expect(writes).toEqual(['WRITE_FAILED', 'WRITE_FAILED', 'none'])
  })

  test('a share of operations fails: reads as READ_FAILED, writes as WRITE_FAILED', () => {
    const { simulation, network, alice } = twoHosts()
    const opened = { simulation, host: alice, storage: reopen(simulation, alice) }
    write(opened, 0, 0, filled(5, 1))
    network.faults.diskError = 0.3
    const seen = new Map<string, number>()
    for (let round = 0; round < 100; round++) {
      for (const code of [
        codeFrom(() => write(opened, 0, 0, filled(5, 1))),
        codeFrom(() =>
          answerOf<void>(simulation, (done) => opened.storage.read(0, 0, new Uint8Array(5), done)),
        ),
      ])
        seen.set(code, (seen.get(code) ?? 0) + 1)
    }
    expect([...seen.keys()].sort()).toEqual(['READ_FAILED', 'WRITE_FAILED', 'none'])
    expect(seen.get('none')).toBeGreaterThan(100)
  })

  test('a full disk takes what there is room for, and all of it when there is room again', () => {
    const opened = open()
    const { disk } = opened.host
    disk.capacityBytes = 12 * SECTOR_BYTES
    expect(codeFrom(() => write(opened, 0, 0, filled(100_000, 1)))).toBe('DISK_FULL')
    expect(disk.usedBytes).toBe(12 * SECTOR_BYTES)
    expect(codeFrom(() => write(opened, 0, 0, filled(12 * SECTOR_BYTES, 2)))).toBe('none')
    expect(codeFrom(() => write(opened, 1, 0, filled(1, 2)))).toBe('DISK_FULL')
    const { keep } = opened.host.ports
    const save = (): void =>
      answerOf<void>(opened.simulation, (done) => keep.save('x', filled(9, 1), done))
    expect(codeFrom(save)).toBe('DISK_FULL')
    disk.capacityBytes = 1_000_000
    expect(codeFrom(() => write(opened, 0, 0, filled(100_000, 1)))).toBe('none')
    expect(codeFrom(save)).toBe('none')
  })

  test('a name of a blob has 1 to 100 characters', () => {
    const { simulation, alice } = twoHosts()
    const save = (name: string): string =>
      codeFrom(() =>
        answerOf<void>(simulation, (done) => alice.ports.keep.save(name, filled(1, 1), done)),
      )
    expect(['', 'x'.repeat(100), 'x'.repeat(101)].map(save)).toEqual([
      'OUTSIDE_ROOT',
      'none',
      'OUTSIDE_ROOT',
    ])
  })

  test('a slow disk takes its time, one operation after the other', () => {
    const { simulation, host, storage } = open()
    host.disk.operationMs = 5_000
    host.disk.bytesPerSecond = 1_000
    const start = simulation.clock.now()
    const times: number[] = []
    for (let round = 0; round < 3; round++) {
      storage.write(0, 0, filled(1_000, 1), () => times.push(simulation.clock.now() - start))
    }
    simulation.run()
    expect(times).toEqual([6_000, 12_000, 18_000])
  })

  test('files can rot, vanish and appear under the feet of the program', () => {
    const opened = open()
    write(opened, 0, 0, filled(100, 0))
    opened.host.disk.damage('one.bin', 50, 4)
    expect(opened.host.disk.contents('one.bin')?.[50]).toBe(4)
    opened.host.disk.delete('one.bin')
    const read = (): void =>
      answerOf<void>(opened.simulation, (done) =>
        opened.storage.read(0, 0, new Uint8Array(1), done),
      )
    expect(codeFrom(read)).toBe('NOT_HERE')
    opened.host.disk.put('one.bin', filled(10, 7), 123)
    expect(codeFrom(read)).toBe('none')
    const stat = answerOf(opened.simulation, (done) => opened.storage.stat(0, done))
    expect(stat).toEqual({ length: 10, modifiedMs: 123 })
  })

  test('bytes that change before a write is done are what is written', () => {
    const { simulation, host, storage } = open()
    const bytes = filled(10, 1)
    storage.write(0, 0, bytes, () => {})
    bytes.fill(2)
    simulation.run()
    expect(host.disk.contents('one.bin')).toEqual(filled(10, 2))
  })
})
