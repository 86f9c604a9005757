// What is transferred in the proof, and the programs that are held to it.

import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../tests/support/sources.ts'

/** As built. */
export const BT = join(ROOT, 'apps/cli/dist/bt.js')
export const BT_TRACKER = join(ROOT, 'apps/tracker/dist/bt-tracker.js')

export interface Content {
  readonly torrent: string
  /** Holds the file that the torrent names. */
  readonly folder: string
  readonly name: string
  readonly length: number
  readonly sha256: string
}

/** A file of random bytes and its torrent, below `base`. */
export function makeContent(base: string, length: number, tracker: string): Content {
  const folder = join(base, 'seed')
  mkdirSync(folder)
  const bytes = randomBytes(length)
  const name = 'content.bin'
  writeFileSync(join(folder, name), bytes)
  const torrent = join(base, 'content.torrent')
  const options = ['-o', torrent, '--piece-length', '128KiB', '--tracker', tracker]
  execFileSync(process.execPath, [BT, 'create', join(folder, name), ...options])
  return { torrent, folder, name, length, sha256: createHash('sha256').update(bytes).digest('hex') }
}
