// Goal: after a crash at any moment, what the last saved checkpoint called durable is had, and all that is had is right
// (invariant I9); then the download goes on and ends with the right bytes.
// Method: one download, ended after each of its events in turn, by a kill, by a power cut that drops what was not synced,
// and by one that tears it. The true content is the oracle.

import { Bitfield } from '@bt/primitives'
import { expect, test } from 'vitest'
import type { PieceStore } from '../../src/index.ts'
import { makeTorrent } from '../torrents.ts'
import { BLOCK, World, expectBytes, setBits } from '../world.ts'
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

/** Opens what is left and compares every piece that is had with the truth. */
function inspect(world: World, driver: Driver, note: string): void {
  const store = world.call<PieceStore>((done) =>
    world.startOpen({ resume: world.host.disk.blobs('resume'), memoryMaxBytes: 1 }, done),
  )
  const saved = driver.savedDurable
  if (saved !== undefined) {
    const missing = setBits(saved).filter((p) => !store.have.has(p) && !store.doubtful.has(p))
    expect(missing, `${note}: durable before, gone now`).toEqual([])
  }
  checkHad(world, store, note)
  world.recheck(store)
  checkHad(world, store, `${note}, rechecked`)
  if (saved !== undefined) {
    expect(
      setBits(saved).filter((piece) => !store.have.has(piece)),
      note,
    ).toEqual([])
  }
  world.close(store)
}

function checkHad(world: World, store: PieceStore, note: string): void {
  const { geometry } = world.torrent.metainfo
  for (const piece of setBits(store.have)) {
    world.call((done) => store.load(piece, 0, done))
    const lent = store.lend(piece, 0, geometry.lengthOf(geometry.piece(piece)))
    try {
      expectBytes(lent?.bytes, world.torrent.pieceBytes(piece))
    } catch (error) {
      throw new Error(`${note}: piece ${piece} is had and wrong`, { cause: error })
    }
    lent?.release()
  }
}

function runTo(events: number): { readonly world: World; readonly driver: Driver } {
  const world = new World(torrent, 3)
  const driver = new Driver(world, 'power')
  driver.start()
  world.simulation.run({ events, when: () => driver.done })
  return { world, driver }
}

const whole = ((): number => {
  const { world, driver } = runTo(1e6)
  if (!driver.done) throw new Error('the download does not end')
  expect(world.simulation.events).toBeGreaterThan(100)
  return world.simulation.events
})()

for (const disk of ['kept', 'dropped', 'torn'] as const) {
  test(`[F06] [F07] [F08] after a crash at any event no piece is had that is wrong, none that was durable is lost (disk ${disk})`, () => {
    let losses = 0
    for (let events = 0; events <= whole; events++) {
      const { world, driver } = runTo(events)
      const had = driver.store?.have.count ?? 0
      world.host.crash({ disk })
      world.host.restart()
      inspect(world, driver, `seed 3, event ${events}, ${disk}`)
      if ((driver.savedDurable?.count ?? 0) < had) losses++
      if (events % 10 > 0) continue
      const next = new Driver(world, `next/${events}`)
      next.start()
      world.simulation.runUntil(() => next.done, { timeMs: 1e7 }, 'completion')
      for (const file of torrent.contents.keys()) {
        expectBytes(world.onDisk(file), torrent.contents[file])
      }
    }
    // The method means something only if crashes came between writing and syncing.
    expect(losses).toBeGreaterThan(whole / 10)
  })
}

test('[F06] a download killed again and again at random moments always completes, whatever the disk kept', () => {
  const seed = Number(process.env['SEED'] ?? 6)
  for (let round = 0; round < 30; round++) {
    const world = new World(torrent, `${seed}/${round}`)
    const random = world.simulation.random('kills')
    let driver = new Driver(world, `${seed}/${round}`)
    driver.start()
    for (let life = 0; life < 8; life++) {
      world.simulation.run({ events: random.below(200), when: () => driver.done })
      world.host.crash({ disk: (['kept', 'dropped', 'torn'] as const)[random.below(3)] ?? 'torn' })
      world.host.restart()
      inspect(world, driver, `seed ${seed}, round ${round}, life ${life}`)
      const { savedDurable } = driver
      driver = new Driver(world, `${seed}/${round}/${life}`)
      driver.savedDurable = savedDurable && Bitfield.copyOf(savedDurable)
      driver.start()
    }
    world.simulation.runUntil(() => driver.done, { timeMs: 1e7 }, 'completion')
    for (const file of torrent.contents.keys()) {
      expectBytes(world.onDisk(file), torrent.contents[file])
    }
  }
})
