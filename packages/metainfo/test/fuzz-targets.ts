// What of this package reads a stranger's bytes, under mutation.
import { encode } from '@bt/bencode'
import {
  createMetainfo,
  HashTree,
  parseInfo,
  parseMagnet,
  parseMetainfo,
  safeName,
} from '@bt/metainfo'
import { type InfoHash, parseInfoHash, sha1 } from '@bt/primitives'
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import { content, folderOf, infoOf, torrentOf, utf8, v2File, v2Of } from './made.ts'

const files = [
  { path: ['a'], data: content(40_000) },
  { path: ['d', 'b.txt'], data: content(5) },
]
const VERSIONS = ['1', '2', 'hybrid'] as const
const torrents = VERSIONS.map((version) =>
  createMetainfo({
    name: 'n',
    version,
    pieceLength: 16_384,
    files,
    announceTiers: [['http://a/'], ['udp://b:1']],
  }),
)
const odd = [
  torrentOf(infoOf(), {
    nodes: [['h', 80]],
    'url-list': ['http://w/'],
    comment: 'c',
    'creation date': 1,
  }),
  torrentOf(
    folderOf([
      { length: 100, path: ['a'], 'path.utf-8': ['é'] },
      { attr: 'p', length: 16_284 },
      { attr: 'l', path: ['l'], 'symlink path': ['a'] },
      { attr: 'xh', length: 5, path: ['..', 'a'] },
    ]),
  ),
  torrentOf(v2Of({ a: v2File(), l: { '': { attr: 'l', 'symlink path': ['a'] } } })),
]

export const targets: Record<string, FuzzTarget> = {
  'parse-metainfo': {
    seeds: [...torrents, ...odd],
    expects: ['MetainfoError', 'BencodeError'],
    run: (bytes) => {
      const torrent = parseMetainfo(bytes)
      const { geometry } = torrent
      for (let index = 0; index < Math.min(geometry.pieceCount, 50); index++) {
        const piece = geometry.piece(index)
        torrent.pieceHashes(piece)
        geometry.fileSpans(piece)
        geometry.blockAt(piece, geometry.blockCount(piece) - 1)
      }
    },
  },
  'parse-info': {
    seeds: [infoOf(), v2Of({ a: v2File() }), folderOf([{ length: 1, path: ['a'] }])].map((info) =>
      encode(info),
    ),
    expects: ['MetainfoError', 'BencodeError'],
    run: (bytes) => {
      parseInfo(bytes, parseInfoHash(sha1(bytes)) as InfoHash).missingLayers()
    },
  },
  'parse-magnet': {
    seeds: [
      `magnet:?xt=urn:btih:${'ab'.repeat(20)}&dn=a%20b&tr=http%3A%2F%2Ft%2F&so=0,2-5&x.pe=1.2.3.4:5`,
      `magnet:?xt=urn:btmh:1220${'ab'.repeat(32)}&ws=https://w/&dht=h:1&tr.1=udp://b:2`,
    ].map(utf8),
    expects: ['MetainfoError'],
    run: (bytes) => {
      parseMagnet(Buffer.from(bytes).toString('latin1'))
    },
  },
  'safe-name': {
    seeds: ['a.txt', 'con.é', '..', '😀'.repeat(70), '\u202e/\\:'].map(utf8),
    expects: [],
    run: (bytes) => {
      const name = safeName(bytes)
      if (name !== undefined && safeName(utf8(name)) !== name) throw new Error('changed twice')
    },
  },
  'hash-tree': {
    seeds: [new Uint8Array(20), new Uint8Array([0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1])],
    expects: [],
    run: (bytes) => {
      const words = [0, 4, 8, 12].map((at) =>
        Buffer.concat([bytes, new Uint8Array(16)]).readUInt32BE(at),
      )
      const [baseLayer, index, length, proofLayers] = words as [number, number, number, number]
      const tree = new HashTree({
        length: 10 * 16_384,
        piecesRoot: new Uint8Array(32),
        pieceLength: 32_768,
      })
      tree.accepts({ baseLayer, index, length, proofLayers }, bytes)
      tree.answer({ baseLayer, index, length, proofLayers }, () => undefined)
    },
  },
}
