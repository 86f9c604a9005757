// kill -9 at random moments of a download, then again: it completes, every byte is right, and nothing that was had is
// fetched twice. `npm run test:kill -- --rounds 50` is the long form; SEED=… repeats a run.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Prng } from '../../packages/primitives/src/index.ts'
import { bt, folder, LOOPBACK, type Seeded, seeded, startBt } from '../../apps/cli/test/bt.ts'

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 10)
const SEED = process.env['SEED'] ?? String(Date.now())
const PIECE = 64 * 1024
const LENGTH = 6_000_000
const sha256 = (path: string): string =>
  createHash('sha256').update(readFileSync(path)).digest('hex')

/** What of the content is on disk, in whole right pieces: by comparing with the original, from the file alone. */
function onDisk(
  path: string,
  original: Buffer,
): { readonly pieces: number; readonly missing: number } {
  const found = existsSync(path) ? readFileSync(path) : Buffer.alloc(0)
  let pieces = 0
  let missing = 0
  for (let at = 0; at < original.length; at += PIECE) {
    const wanted = original.subarray(at, at + PIECE)
    if (found.subarray(at, at + PIECE).equals(wanted)) pieces++
    else missing += wanted.length
  }
  return { pieces, missing }
}

const fetching = (seed: Seeded, out: string): readonly string[] => [
  'download',
  seed.torrent,
  '-o',
  out,
  ...LOOPBACK,
  ...seed.peer,
  '--json',
]

describe('[F06] kill -9 during a download', () => {
  it(`${ROUNDS} times at random moments: each resumes, completes, and fetches only what was not on disk (SEED=${SEED})`, {
    timeout: 60_000 + ROUNDS * 20_000,
  }, async () => {
    const prng = new Prng(`kills ${SEED}`)
    const seed = await seeded('a', { a: LENGTH }, { create: ['--piece-length', '64KiB'] })
    const original = readFileSync(join(seed.home, 'a'))
    const right = sha256(join(seed.home, 'a'))
    let midway = 0
    for (let round = 0; round < ROUNDS; round++) {
      const out = folder()
      const kills = 1 + prng.below(2)
      let told = 0
      for (let kill = 0; kill < kills; kill++) {
        const victim = startBt([...fetching(seed, out), '--limit-down', '2MB'])
        await victim.line(/"event":"metadata"/)
        await new Promise((resolve) => setTimeout(resolve, prng.below(1200)))
        victim.kill('SIGKILL')
        await victim.exited
        for (const { haveCount = 0 } of victim.events()) told = Math.max(told, Number(haveCount))
      }
      const { pieces, missing } = onDisk(join(out, 'a'), original)
      if (pieces > 0 && missing > 0) midway++
      const { code, events, stderr } = await bt(fetching(seed, out))
      const what = `round ${round}, ${pieces} pieces on disk, SEED=${SEED}\n${stderr}`
      // Had means written: what was told is there.
      expect(pieces, what).toBeGreaterThanOrEqual(told)
      expect(code, what).toBe(0)
      expect(sha256(join(out, 'a')), what).toBe(right)
      expect(readdirSync(out), what).toEqual(['a'])
      const { downloadedBytes, wastedBytes } = events.at(-1) as Record<string, number>
      // What lies on disk whole is hashed, not fetched; the rest was in flight when the process died.
      expect(downloadedBytes, what).toBe(missing)
      expect(wastedBytes, what).toBe(0)
    }
    expect(midway, `SEED=${SEED}`).toBeGreaterThan(0)
  })
})
