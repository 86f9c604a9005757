import { expect, test } from 'vitest'
import { type Metainfo, type MetainfoErrorCode, parseMetainfo } from '@bt/metainfo'
import { toHex } from '@bt/primitives'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { errorClass } from './error-classes.ts'
import { expectSafe } from './safe-paths.ts'

type Facts = Readonly<Record<string, unknown>>

/** Files of pure v2 are counted by libtorrent with pads it makes up, so such counts are left out. */
function countsPads(torrent: Metainfo): boolean {
  return torrent.version === '2'
}

function fullPath(torrent: Metainfo, path: readonly string[]): string {
  return torrent.layout === 'folder' ? [torrent.name, ...path].join('/') : path.join('/')
}

/** One fact of the source's own tests; false for a fact that is not about parsing. */
function expectFact(torrent: Metainfo, key: string, value: unknown, facts: Facts): void {
  const numbered = /^(path|renamed|symlink|size|root|trackers|file)(\d+)/.exec(key)
  const at = Number(numbered?.[2])
  const file = torrent.files[at]
  switch (numbered?.[1] ?? key) {
    case 'path':
      if (`renamed${at}` in facts) return
      // Transmission writes U+FFFD for what is not UTF-8, libtorrent '_', as we do.
      expect(fullPath(torrent, file?.path ?? [])).toBe(
        withName(torrent, String(value)).replaceAll('\ufffd', '_'),
      )
      return
    case 'renamed':
      expect(fullPath(torrent, file?.path ?? [])).toBe(value)
      return
    case 'symlink':
      expect(fullPath(torrent, file?.symlink ?? [])).toBe(value)
      return
    case 'size':
      expect(file?.length).toBe(value)
      return
    case 'root':
      expect(toHex(file?.piecesRoot as Uint8Array)).toBe(value)
      return
    case 'trackers':
      expect(torrent.announceTiers.flat()[at]).toBe(value)
      return
    case 'file':
      expect(file?.attributes?.includes('p')).toBe(value)
      return
    case 'creation_date':
      expect(torrent.creationDate).toBe(value)
      return
    case 'dht_nodes':
      expect(torrent.dhtNodes.map(({ host, port }) => [host, port])).toEqual(value)
      return
    case 'num_files':
      if (!countsPads(torrent)) expect(torrent.files.length).toBe(value)
      return
    case 'min_files':
      expect(torrent.files.length).toBeGreaterThanOrEqual(value as number)
      return
    case 'num_url_seeds':
      expect(torrent.webSeeds.length).toBe(value)
      return
    case 'url_seeds':
      expect(torrent.webSeeds).toEqual(value)
      return
    case 'infohash_v1':
      expect(torrent.infoHashV1).toBe(value)
      return
    case 'infohash_v2':
      expect(torrent.infoHashV2).toBe(value)
      return
    case 'has_v1':
      expect(torrent.infoHashV1 !== undefined).toBe(value)
      return
    case 'has_v2':
      expect(torrent.infoHashV2 !== undefined).toBe(value)
      return
    case 'piece_length':
      expect(torrent.geometry.pieceLength).toBe(value)
      return
    case 'name_windows':
      expect(torrent.name).toBe(value)
      return
    case 'info_dict_size':
      expect(torrent.infoBytes.length).toBe(value)
      return
    default:
      expect(['name_posix', 'info_dict_offset']).toContain(key)
  }
}

/** A path of pad files is told without the torrent's name. */
function withName(torrent: Metainfo, path: string): string {
  return path.startsWith('.pad/') ? `${torrent.name}/${path}` : path
}

describeVectors('facts of other test suites', (vectors) => {
  for (const entry of vectors.manifest()) {
    const facts = entry.expected['source_facts'] as Facts | undefined
    if (entry.kind !== 'torrent' || entry.expected.outcome !== 'accept' || facts === undefined)
      continue
    test(`${entry.file.replace(/^torrents\//, '')}: ${Object.keys(facts).join(', ')}`, () => {
      const torrent = parseMetainfo(vectors.bytes(entry.file))
      for (const [key, value] of Object.entries(facts)) expectFact(torrent, key, value, facts)
    })
  }

  const read = (name: string): Metainfo => parseMetainfo(vectors.bytes(`torrents/${name}.torrent`))

  test('[B21] trackers of other schemes, with line breaks or of 64 KiB are dropped, local ones kept', () => {
    for (const name of ['u01-tracker-javascript', 'u09-tracker-crlf', 'u11-tracker-64k']) {
      expect(read(`synthetic-url/${name}`).announceTiers, name).toEqual([])
    }
    expect(read('synthetic-url/u05-tracker-loopback-announce').announceTiers).toEqual([
      ['http://127.0.0.1:6969/announce'],
    ])
    expect(read('synthetic-url/u14-announce-list-mixed').announceTiers).toEqual([
      ['http://ok.example/announce'],
    ])
  })

  test('[B22] web seeds of wrong types are ignored', () => {
    for (const name of ['u21-webseed-int', 'u22-webseed-empty-string']) {
      expect(read(`synthetic-url/${name}`).webSeeds, name).toEqual([])
    }
    expect(read('libtorrent-test-torrents/url_list2').webSeeds).toEqual([])
    expect(read('synthetic-valid/k10-url-list-string').webSeeds.length).toBe(1)
  })

  test('[B23] dates nobody can show are left out and any comment is text', () => {
    expect(read('synthetic-url/u26-creation-date-neg').creationDate).toBeUndefined()
    expect(read('synthetic-url/u27-creation-date-huge').creationDate).toBeUndefined()
    expect(read('synthetic-url/u28-comment-binary').comment).toContain('\ufffd')
    expect(read('synthetic-url/u29-comment-1mb').comment?.length).toBe(1_000_000)
  })

  test('[B02] percent signs in names are letters', () => {
    const [file] = read('synthetic-path/p11-element-percent').files
    expect(file?.path).toEqual(['%2e%2e%2f%2e%2e%2fevil'])
  })

  test('[B08] an element of 255 bytes is kept whole', () => {
    expect(read('synthetic-path/p40-long-element-255').files[0]?.path[0]?.length).toBe(255)
  })

  test('[B09] name.utf-8 and path.utf-8 win', () => {
    const torrent = read('transmission-utils/bitcomet.utf-8.special')
    expect(torrent.name).toBe('modified test-utf8')
    expect(torrent.files[0]?.path).toEqual(['別の世界f1.txt'])
    expect(torrent.dhtNodes).toEqual([{ host: '127.0.0.1', port: 8_080 }])
  })

  test('pad files are marked and private is private', () => {
    const padded = read('synthetic-valid/k13-pad-files')
    expect(padded.files.map((file) => file.attributes?.includes('p') ?? false)).toEqual([
      false,
      true,
      false,
    ])
    expect(padded.geometry.contentLength).toBe(150)
    expect(read('synthetic-valid/k12-private').isPrivate).toBe(true)
  })

  test('the choices left to us are the documented ones', () => {
    const choice = (name: string): string => {
      try {
        read(name)
        return 'accepted'
      } catch (error) {
        return (error as { code: MetainfoErrorCode }).code
      }
    }
    expect(choice('synthetic-number/n03-piece-length-1')).toBe('accepted')
    expect(choice('synthetic-number/n18-length-and-files')).toBe('LENGTH_AND_FILES')
    expect(choice('synthetic-number/n30-zero-length-all')).toBe('NO_CONTENT')
    expect(read('synthetic-number/n32-private-2').isPrivate).toBe(true)
    expect(read('synthetic-number/n33-private-string').isPrivate).toBe(true)
    expect(choice('synthetic-number/n37-dup-pieces-key')).toBe('DUPLICATE_KEY')
    expect(choice('synthetic-number/n38-unsorted-info')).toBe('accepted')
    expect(choice('synthetic-number/n52-many-items')).toBe('accepted')
    expect(choice('synthetic-v2/v10-root-on-empty')).toBe('accepted')
    expect(choice('synthetic-v2/v24-hybrid-no-pieces')).toBe('BAD_PIECES')
  })

  for (const entry of vectors.manifest()) {
    if (!/^fuzz-seeds\/mut-.*\.torrent$/.test(entry.file)) continue
    test(`${entry.file} is read safely or refused by a typed error`, () => {
      let torrent: Metainfo
      try {
        torrent = parseMetainfo(vectors.bytes(entry.file))
      } catch (error) {
        expect(errorClass(error)).toMatch(/^[A-Z0-9_]+$/)
        return
      }
      expectSafe(torrent)
    })
  }
})
