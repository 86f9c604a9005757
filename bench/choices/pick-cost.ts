// What the picker costs: a have, a bitfield, a pick, over torrents of 10^3 to 10^5 pieces and 10 to 10^3 peers.
//
// Each block that comes is followed by a pick of one, as in a download with full pipelines; half of the peers are
// seeds, the others have half of the pieces. The figure to watch is that a pick does not grow with the torrent.
import { PieceGeometry } from '@bt/metainfo'
import { Bitfield, Prng } from '@bt/primitives'
import { Picker } from '../../packages/swarm/src/picking/picker.ts'

const BLOCK = 16_384
const BLOCKS_PER_PIECE = 16
/** Requests in flight to each peer. */
const PIPELINE = 10
const BLOCKS = 60_000

export interface PickCost {
  readonly pieces: number
  readonly peers: number
  readonly haveNs: number
  readonly bitfieldUs: number
  readonly leaveUs: number
  readonly pickUs: number
  readonly pickMaxUs: number
}

export function pickCost(pieces: number, peers: number): PickCost {
  const geometry = new PieceGeometry({
    pieceLength: BLOCK * BLOCKS_PER_PIECE,
    files: [{ length: BLOCK * BLOCKS_PER_PIECE * pieces }],
  })
  const random = new Prng(1)
  const picker = new Picker<number>({
    geometry,
    random,
    have: new Bitfield(pieces),
    begin: () => true,
  })
  const half = Array.from({ length: Math.min(peers, 20) }, () => {
    const bits = new Bitfield(pieces)
    for (let piece = 0; piece < pieces; piece++) if (random.below(2) === 0) bits.set(piece)
    return bits
  })
  let bitfieldMs = 0
  for (let peer = 0; peer < peers; peer++) {
    picker.joined(peer)
    const bits = peer % 2 === 0 ? Bitfield.full(pieces) : (half[peer % half.length] as Bitfield)
    const from = performance.now()
    picker.pieces(peer, bits)
    if (peer % 2 === 1) bitfieldMs += performance.now() - from
  }
  const haves = 100_000
  picker.joined(-1)
  const newcomers = Math.ceil(haves / pieces)
  let haveMs = 0
  for (let turn = 0; turn < newcomers; turn++) {
    const from = performance.now()
    for (let piece = 0; piece < Math.min(pieces - 1, haves); piece++) picker.gained(-1, piece)
    haveMs += performance.now() - from
    picker.left(-1)
    picker.joined(-1)
  }
  const facts = { now: 0, bytesPerSecond: 0, choked: false }
  const open: { peer: number; piece: number; begin: number }[] = []
  const ask = (peer: number, count: number): number => {
    const rate = peer % 3 === 0 ? 2_000_000 : 20_000
    const from = performance.now()
    const picks = picker.pick(peer, count, { ...facts, bytesPerSecond: rate })
    const took = performance.now() - from
    for (const { piece, begin } of picks) open.push({ peer, piece, begin })
    return took
  }
  for (let peer = 0; peer < peers; peer++) ask(peer, PIPELINE)
  const here = new Uint8Array(pieces)
  let pickMs = 0
  let pickMaxMs = 0
  let picks = 0
  for (; picks < BLOCKS && open.length > 0 && picker.wantedLeft > 0; picks++) {
    const at = random.below(open.length)
    const { peer, piece, begin } = open[at] as (typeof open)[number]
    open[at] = open.at(-1) as (typeof open)[number]
    open.pop()
    const from = performance.now()
    const arrival = picker.arrived(peer, piece, begin)
    if (arrival.kind === 'fresh') {
      here[piece] = (here[piece] as number) + 1
      if (here[piece] === BLOCKS_PER_PIECE) {
        picker.checking(piece)
        picker.verified(piece)
      }
    }
    const took = performance.now() - from + ask(peer, 1)
    pickMs += took
    pickMaxMs = Math.max(pickMaxMs, took)
  }
  const from = performance.now()
  for (let peer = 0; peer < peers; peer++) picker.left(peer)
  const leaveMs = performance.now() - from
  return {
    pieces,
    peers,
    haveNs: (haveMs * 1e6) / (newcomers * Math.min(pieces - 1, haves)),
    bitfieldUs: (bitfieldMs * 1e3) / Math.floor(peers / 2),
    leaveUs: (leaveMs * 1e3) / peers,
    pickUs: (pickMs * 1e3) / picks,
    pickMaxUs: pickMaxMs * 1e3,
  }
}
