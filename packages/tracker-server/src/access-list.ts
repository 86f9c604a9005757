// Which torrents a tracker serves: a list of infohashes, to allow or to deny.

import { type InfoHash, parseInfoHash } from '@bt/primitives'
import { TrackerError } from './errors.ts'
import type { AnnounceHook } from './hooks.ts'

/** The infohashes of a list: one of 40 hex digits a line; blank lines and what follows `#` do not count. */
export function parseAccessList(text: string): {
  readonly infoHashes: ReadonlySet<InfoHash>
  readonly badLines: readonly number[]
} {
  const infoHashes = new Set<InfoHash>()
  const badLines: number[] = []
  for (const [at, line] of text.split('\n').entries()) {
    const word = line.replace(/#.*/, '').trim()
    if (word === '') continue
    const hash = parseInfoHash(word)
    if (hash === undefined) badLines.push(at + 1)
    else infoHashes.add(hash)
  }
  return { infoHashes, badLines }
}

/** Refuses torrents by a list that may be replaced while it runs (`list` is asked at each announce). */
export function accessHook(
  kind: 'allow' | 'deny',
  list: () => ReadonlySet<InfoHash>,
): AnnounceHook {
  return {
    before({ infoHash }) {
      if (list().has(infoHash) === (kind === 'allow')) return
      throw new TrackerError('NOT_SERVED', 'this tracker does not serve this torrent', 'never')
    },
  }
}
