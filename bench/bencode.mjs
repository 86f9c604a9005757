// @bt/bencode beside npm bencode in one run: `npx turbo run build --filter @bt/bencode && node bench/bencode.mjs`.
//
// Fixtures are made here from a seed: a torrent of 10,000 files and 1,000 DHT messages. Both sides read the same bytes,
// and both encodings are compared before anything is timed. Rounds alternate, so that a slow moment of the machine
// hits both. Times are means, so that collecting garbage counts; a ratio is the median of the rounds' ratios. The exit
// code is 1 when a bar is missed.
import { decode, encode, KRPC_LIMITS, openDocument } from '@bt/bencode'
import { Prng } from '@bt/primitives'
import npm from 'bencode'
import { do_not_optimize, measure } from 'mitata'

const ROUNDS = 5
const OPTIONS = { min_cpu_time: 250e6, min_samples: 8, batch_samples: 4096 }

const random = new Prng('bench/bencode')
const torrent = makeTorrent()
const messages = Array.from({ length: 1000 }, (_, at) => makeMessage(at % 5))
const torrentTheirs = npm.decode(torrent)
const torrentOurs = decode(torrent)
const messagesTheirs = messages.map((message) => npm.decode(message))
const messagesOurs = messages.map((message) => decode(message))
same(encode(torrentOurs), torrent)
same(npm.encode(torrentTheirs), torrent)
for (const [at, message] of messages.entries()) same(encode(messagesOurs[at]), message)

const rows = [
  ['decode torrent, every value', 3, () => decode(torrent), () => npm.decode(torrent)],
  [
    'decode torrent, lazily: info and its fields',
    5,
    () => readHead(torrent),
    () => npm.decode(torrent),
  ],
  [
    'decode torrent, lazily: every path as text too',
    undefined,
    () => readFiles(torrent),
    () => npm.decode(torrent),
  ],
  ['encode torrent, as decoded', 8, () => encode(torrentOurs), () => npm.encode(torrentTheirs)],
  [
    'encode torrent, plain objects',
    8,
    () => encode(torrentTheirs),
    () => npm.encode(torrentTheirs),
  ],
  [
    'decode 1,000 DHT messages',
    3,
    () => messages.map((message) => decode(message, KRPC_LIMITS)),
    () => messages.map((message) => npm.decode(message)),
  ],
  [
    'encode 1,000 DHT messages',
    undefined,
    () => messagesOurs.map((message) => encode(message)),
    () => messagesTheirs.map((message) => npm.encode(message)),
  ],
]

console.log(
  `node ${process.version}, torrent of ${torrent.length} bytes, DHT messages of ${mean()} bytes`,
)
console.log('| what | ours µs | npm bencode µs | ratio | bar |')
console.log('| --- | ---: | ---: | ---: | ---: |')
for (const [name, bar, ours, theirs] of rows) {
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) {
    const mine = (await measure(() => do_not_optimize(ours()), OPTIONS)).avg / 1000
    const their = (await measure(() => do_not_optimize(theirs()), OPTIONS)).avg / 1000
    rounds.push({ mine, their, ratio: their / mine })
  }
  const middle = (fact) => rounds.map((round) => round[fact]).sort((one, other) => one - other)[2]
  const ratio = middle('ratio')
  if (bar !== undefined && ratio < bar) process.exitCode = 1
  console.log(
    `| ${String(name)} | ${middle('mine').toFixed(0)} | ${middle('their').toFixed(0)} | ${ratio.toFixed(1)} | ${String(bar ?? '–')} |`,
  )
}

/** What a metainfo parser always reads. */
function readHead(bytes) {
  const root = openDocument(bytes)
  const info = root.need('info')
  return [
    root.need('announce').text(),
    info.raw().length,
    info.need('name').text(),
    info.need('piece length').int(),
    info.need('pieces').bytes().length,
  ]
}

/** And each file's length and path. */
function readFiles(bytes) {
  const root = openDocument(bytes)
  const files = []
  for (const file of root.need('info').need('files').items()) {
    const path = []
    for (const part of file.need('path').items()) path.push(part.text())
    files.push({ length: file.need('length').int(), path })
  }
  return files
}

function makeTorrent() {
  const files = Array.from({ length: 10_000 }, (_, at) => ({
    length: 1 + random.below(5 << 20),
    path: [
      `dir ${String(at % 37).padStart(2, '0')}`,
      `sub-${at % 211}`,
      `file name number ${String(at).padStart(5, '0')}.${at % 3 > 0 ? 'flac' : 'txt'}`,
    ],
  }))
  const pieceLength = 4 << 20
  const total = files.reduce((sum, file) => sum + file.length, 0)
  return encode({
    announce: 'http://tracker.test/announce',
    'announce-list': [['http://tracker.test/announce'], ['udp://tracker.test:6969']],
    'created by': 'bench',
    'creation date': 1_700_000_000,
    info: {
      files,
      name: 'a collection',
      'piece length': pieceLength,
      pieces: bytes(20 * Math.ceil(total / pieceLength)),
    },
  })
}

function makeMessage(kind) {
  const id = bytes(20)
  const target = bytes(20)
  const query = (q, a) => encode({ t: bytes(2), y: 'q', q, a })
  if (kind === 0) return query('ping', { id })
  if (kind === 1) return query('find_node', { id, target })
  if (kind === 2) return query('get_peers', { id, info_hash: target })
  const v = Uint8Array.of(0x4c, 0x54, 1, 2)
  if (kind === 3) return encode({ t: bytes(2), y: 'r', r: { id, nodes: bytes(208) }, v })
  const values = Array.from({ length: 20 }, () => bytes(6))
  return encode({ t: bytes(2), y: 'r', r: { id, token: bytes(8), values } })
}

function bytes(length) {
  const made = new Uint8Array(length)
  random.fill(made)
  return made
}

function mean() {
  return Math.round(messages.reduce((sum, message) => sum + message.length, 0) / messages.length)
}

function same(one, other) {
  if (Buffer.compare(one, other) !== 0) throw new Error('the two encodings differ')
}
