// Torrents that we create are read by others with the same infohash, name, file sizes and piece count.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseMetainfo } from '@bt/metainfo'
import { afterAll, expect, test } from 'vitest'
import { isInstalled } from '../support/network.ts'
import { aria2, libtorrent, ours } from '../support/peers.ts'
import { describePeers } from '../support/require-peers.ts'
import { makeFolder, makeTorrent, type Torrent } from './contents.ts'

const LIBTORRENT = resolve(fileURLToPath(import.meta.url), '../../support/libtorrent_peer.py')
const transmissionShow = {
  name: 'transmission-show',
  debian: 'transmission-cli',
  isHere: () => isInstalled('transmission-show'),
}

const FILES = [
  ['a.bin', 100_000],
  ['b/empty', 0],
  ['b/tiny', 1],
  ['z ä.bin', 65_536],
] as const

describePeers('a torrent of ours', [ours, aria2, libtorrent, transmissionShow], () => {
  const folder = makeFolder()
  afterAll(() => folder.remove())
  const made = (version: '1' | '2' | 'hybrid'): Torrent =>
    makeTorrent(
      { name: 'content', pieceLength: 32_768, files: FILES },
      folder.path,
      ['http://192.0.2.1/announce'],
      version,
    )
  const parsed = (torrent: Torrent) => parseMetainfo(readFileSync(torrent.file))

  test.each(['1', '2', 'hybrid'] as const)(
    'in version %s is read by libtorrent with the same facts',
    (version) => {
      const torrent = made(version)
      const facts = JSON.parse(
        execFileSync('/usr/bin/python3', [LIBTORRENT, 'show', torrent.file], { encoding: 'utf8' }),
      ) as Record<string, unknown>
      const metainfo = parsed(torrent)
      expect(facts['infoHash']).toBe(metainfo.infoHashV1 ?? null)
      expect(facts['infoHashV2']).toBe(metainfo.infoHashV2 ?? null)
      expect(facts['name']).toBe('content')
      expect(facts['pieceCount']).toBe(metainfo.geometry.pieceCount)
      const files = (facts['files'] as { path: string; length: number }[]).map(
        ({ path, length }) => [path.slice('content/'.length), length],
      )
      expect(new Set(files.map(String))).toEqual(new Set(FILES.map(String)))
    },
  )

  test('in version 1 is read by transmission-show with the same facts', () => {
    const torrent = made('1')
    const metainfo = parsed(torrent)
    const out = execFileSync('transmission-show', [torrent.file], { encoding: 'utf8' })
    expect(out).toContain(`Hash: ${metainfo.infoHashV1}`)
    expect(out).toContain('Name: content')
    expect(out).toContain(`Piece Count: ${metainfo.geometry.pieceCount}`)
    for (const [path] of FILES) expect(out).toContain(`content/${path} (`)
  })

  test.each(['1', 'hybrid'] as const)(
    'in version %s is read by aria2 with the same facts',
    (version) => {
      const torrent = made(version)
      const metainfo = parsed(torrent)
      const out = aria2Shows(torrent.file)
      expect(out).toContain('Name: content')
      expect(out).toContain(`The Number of Pieces: ${metainfo.geometry.pieceCount}`)
      for (const [path] of FILES) expect(out).toContain(`content/${path}`)
      if (version === '1') expect(out).toContain(`Info Hash: ${metainfo.infoHashV1}`)
    },
  )

  test('in version hybrid gets the same wrong infohash from aria2 1.36 as a hybrid of libtorrent', () => {
    // It hashes what it encodes anew, without the empty keys of `file tree` (BEP 52): no hybrid has its right hash there.
    const torrent = made('hybrid')
    const theirs = `${torrent.file}.libtorrent`
    const [content, pieceLength] = [`${torrent.folder}/content`, String(torrent.pieceLength)]
    execFileSync('/usr/bin/python3', [
      LIBTORRENT,
      'create',
      content,
      theirs,
      pieceLength,
      'hybrid',
      'http://192.0.2.1/announce',
    ])
    const hashOf = (file: string): string | undefined =>
      /Info Hash: (\S+)/.exec(aria2Shows(file))?.[1]
    expect(parseMetainfo(readFileSync(theirs)).infoHashV1).toBe(parsed(torrent).infoHashV1)
    expect(hashOf(torrent.file)).toBe(hashOf(theirs))
    expect(hashOf(torrent.file)).not.toBe(parsed(torrent).infoHashV1)
  })

  test('in version 2 is refused by the transmission and aria2 of Debian 12, and hybrid by transmission', () => {
    expect(spawnSync('transmission-show', [made('2').file]).status).not.toBe(0)
    expect(spawnSync('transmission-show', [made('hybrid').file]).status).not.toBe(0)
    expect(aria2Shows(made('2').file)).toContain('Missing pieces in torrent metainfo')
  })
})

function aria2Shows(file: string): string {
  return execFileSync('aria2c', ['-S', file], { encoding: 'utf8' })
}
