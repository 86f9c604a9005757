// Disks that fill up, go away and change under a real download: small file systems in memory, mounted for one test.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  BT,
  bt,
  folder,
  LOOPBACK,
  type Seeded,
  seeded,
  sha256,
  startBt,
} from '../../apps/cli/test/bt.ts'

/** A file system of its own below a test's folder, or undefined where this user may not mount one. */
function smallDisk(megabytes: number): string | undefined {
  const path = join(folder(), 'disk')
  mkdirSync(path)
  const { status } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${megabytes}m`,
    'bt-test',
    path,
  ])
  if (status !== 0) return undefined
  onTestFinished(() => void spawnSync('umount', ['-l', path]))
  return path
}

const mayMount = ((): boolean => {
  if (process.getuid?.() !== 0) return false
  return spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'x', '/mnt']).status === 0
})()
if (!mayMount) console.warn('disks are not filled here: mounting a small one needs root')

const fetching = (seed: Seeded, out: string, ...more: readonly string[]): readonly string[] => [
  'download',
  seed.torrent,
  '-o',
  out,
  ...LOOPBACK,
  ...seed.peer,
  '--json',
  ...more,
]

describe.skipIf(!mayMount)('[F01] the disk is full', () => {
  it('in the middle of a download: said once, nothing lost, and it completes by itself when there is room again', async () => {
    const seed = await seeded('a', { a: 6_000_000 }, { create: ['--piece-length', '64KiB'] })
    const disk = smallDisk(8) as string
    writeFileSync(join(disk, 'filler'), Buffer.alloc(5_000_000))
    const running = startBt(fetching(seed, disk))
    await running.line(/"event":"error","code":"DISK_FULL"/)
    await running.line(/"event":"progress"[^]*"event":"progress"/)
    expect(running.child.exitCode).toBeNull()
    rmSync(join(disk, 'filler'))
    expect(await running.ended(60_000)).toBe(0)
    const last = running.events().at(-1)
    // No byte was fetched twice.
    expect(last).toMatchObject({ event: 'complete', downloadedBytes: 6_000_000, wastedBytes: 0 })
    const original = readFileSync(join(seed.home, 'a'))
    expect(sha256(readFileSync(join(disk, 'a')))).toBe(sha256(original))
  })

  it('and the download is interrupted then: exit 130, and the next run completes', async () => {
    const seed = await seeded('a', { a: 3_000_000 }, { create: ['--piece-length', '64KiB'] })
    const disk = smallDisk(4) as string
    writeFileSync(join(disk, 'filler'), Buffer.alloc(3_000_000))
    const running = startBt(fetching(seed, disk))
    await running.line(/"event":"error","code":"DISK_FULL"/)
    running.kill('SIGINT')
    const code = await running.ended(20_000)
    expect([4, 130]).toContain(code)
    rmSync(join(disk, 'filler'))
    expect((await bt(fetching(seed, disk))).code).toBe(0)
    expect((await bt(['verify', seed.torrent, disk])).code).toBe(0)
  })
})

/** Root may write anywhere: a nobody runs it, where the programs are readable for one. */
const nobody = process.getuid?.() === 0 ? 65_534 : undefined
const mayRun =
  spawnSync(process.execPath, [BT, '--version'], nobody === undefined ? {} : { uid: nobody })
    .status === 0
if (!mayRun) console.warn('rights are not taken away here: another user cannot read this folder')

describe.skipIf(!mayRun)('[F02] the right to write is taken away', () => {
  it('while downloading: said, tried again, and complete once it is given back', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `c/f${at}`)
    const files = Object.fromEntries(names.map((name) => [name, 65_536]))
    const seed = await seeded('c', files, { create: ['--piece-length', '64KiB'] })
    const out = folder()
    if (nobody !== undefined) {
      chownSync(out, nobody, nobody)
      chmodSync(seed.home, 0o755)
    }
    const args = fetching(seed, out, '--limit-down', '500KB')
    const running = startBt(args, { uid: nobody })
    await running.line(/"haveCount":[1-9]/)
    chmodSync(join(out, 'c'), 0o555)
    await running.line(/"code":"NO_PERMISSION"/, 20_000)
    expect(running.child.exitCode).toBeNull()
    chmodSync(join(out, 'c'), 0o755)
    expect(await running.ended(60_000)).toBe(0)
    expect((await bt(['verify', seed.torrent, out])).code).toBe(0)
  })
})

describe('[F11] a file is cut off by somebody else', () => {
  it('while downloading: the command says so and ends with 4, and the next run completes it', async () => {
    const seed = await seeded('a', { a: 4_000_000 }, { create: ['--piece-length', '64KiB'] })
    const out = folder()
    const running = startBt(fetching(seed, out, '--limit-down', '800KB'))
    await running.line(/"haveCount":[1-9]/)
    truncateSync(join(out, 'a'), 1000)
    const code = await running.ended(60_000)
    // Noticed at a look: 4. Or written over before anybody looked, then the end must be right all the same.
    expect([0, 4]).toContain(code)
    expect((await bt(fetching(seed, out))).code).toBe(0)
    expect((await bt(['verify', seed.torrent, out])).code).toBe(0)
  })

  it('while seeding: nothing wrong is served, and the seed lives on', async () => {
    const seed = await seeded('a', { a: 2_000_000 }, { create: ['--piece-length', '64KiB'] })
    const path = join(seed.home, 'a')
    truncateSync(path, 1_000_000)
    const out = folder()
    const leech = startBt(fetching(seed, out))
    await seed.program.line(/"event":"lost"/)
    await leech.line(/"event":"progress"[^]*"event":"progress"/)
    expect(seed.program.child.exitCode).toBeNull()
    leech.kill('SIGINT')
    expect(await leech.ended(20_000)).toBe(130)
    expect(leech.output).not.toContain('"event":"corrupt"')
    expect(statSync(path).size).toBeLessThanOrEqual(2_000_000)
  })
})
