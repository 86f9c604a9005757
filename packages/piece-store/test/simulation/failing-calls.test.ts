// Goal: whichever single call to the disk or the hasher fails, and however, the download ends complete and right.
// Method: one run counts the calls; then each of them fails once with each error, in a run of its own.

import type { StorageErrorCode } from '@bt/ports'
import { expect, test } from 'vitest'
import { makeTorrent } from '../torrents.ts'
import { BLOCK, World, expectBytes } from '../world.ts'
import { Driver } from './driver.ts'

const torrent = makeTorrent({
  pieceLength: BLOCK,
  files: [
    { path: ['a'], length: 5 * BLOCK + 100 },
    { path: ['b'], length: 9 * BLOCK - 50 },
    { path: ['empty'], length: 0 },
    { path: ['c'], length: 6 * BLOCK + 7 },
    { path: ['d'], length: 70 },
  ],
})

const CODES: readonly StorageErrorCode[] = [
  'DISK_FULL',
  'NO_PERMISSION',
  'NOT_HERE',
  'READ_FAILED',
  'WRITE_FAILED',
  'LOCKED',
  'OUTSIDE_ROOT',
]

function download(world: World, seed: string): void {
  const driver = new Driver(world, seed)
  driver.start()
  world.simulation.runUntil(() => driver.done, { timeMs: 1e7 }, 'completion')
  world.idle()
  for (const file of torrent.contents.keys()) {
    expectBytes(world.onDisk(file), torrent.contents[file])
  }
}

const calls = ((): number => {
  const world = new World(torrent, 1)
  download(world, 'calls')
  expect(world.host.calls.made).toBeGreaterThan(100)
  return world.host.calls.made
})()

for (const code of CODES) {
  test(`[F01] [F02] [F03] [F04] [F05] any one call fails with ${code}: the download completes and is right`, () => {
    for (let number = 1; number <= calls; number++) {
      const world = new World(torrent, 1)
      world.host.calls.failAt(number, code)
      try {
        download(world, 'calls')
      } catch (error) {
        throw new Error(`call ${number} failed with ${code}`, { cause: error })
      }
      expect(world.host.calls.failed.length).toBe(1)
    }
  })
}

test('[F01] [F04] with one call in twenty failing, and a disk that fills up and gets room again, downloads complete', () => {
  const seed = Number(process.env['SEED'] ?? 11)
  for (let round = 0; round < 25; round++) {
    const world = new World(torrent, `${seed}/${round}`)
    const random = world.simulation.random('faults')
    for (let at = 1; at < 3000; at++) {
      const code = CODES[random.below(CODES.length)]
      if (random.below(20) === 0) world.host.calls.failAt(at, code)
    }
    world.host.disk.capacityBytes = (2 + random.below(10)) * BLOCK
    const more = (): void => {
      world.host.disk.capacityBytes += 2 * BLOCK
      if (world.host.disk.capacityBytes < 40 * BLOCK) {
        world.simulation.at(world.simulation.clock.now() + 200, more)
      }
    }
    world.simulation.at(200, more)
    try {
      download(world, `${seed}/${round}`)
    } catch (error) {
      throw new Error(`seed ${seed}, round ${round}`, { cause: error })
    }
  }
})

test('the same seed gives the same run', () => {
  const traces = [1, 2].map(() => {
    const world = new World(torrent, 9)
    download(world, 'same')
    return world.simulation.traceHash
  })
  expect(traces[0]).toBe(traces[1])
})
