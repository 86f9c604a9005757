// The receive and send paths of @bt/wire on built code: 16 KiB blocks through whole connections, request book included.
// Run: npm run build && node bench/wire.mjs. Figures are bytes of block data; the copy into a piece buffer is shown apart.
import { bench, do_not_optimize, group, run, summary } from 'mitata'
import { PieceGeometry } from '@bt/metainfo'
import { parseInfoHash, parsePeerId } from '@bt/primitives'
import { MessageDecoder, PeerConnection, PeerSession, encodeMessage, reservedBytes } from '@bt/wire'

const BLOCK = 16_384
const BLOCKS = 1024
const MIB = (BLOCKS * BLOCK) / 2 ** 20
const geometry = new PieceGeometry({ pieceLength: 1 << 20, files: [{ length: 1 << 30 }] })
const infoHash = parseInfoHash('aa'.repeat(20))
const identity = (name) => ({
  peerId: parsePeerId(new TextEncoder().encode(name.padEnd(20, '-'))),
  reserved: reservedBytes({ fast: true, extensions: true }),
})
const admission = { answer: infoHash, accept: [infoHash], geometry }
const place = (at) => [at >> 6, (at & 63) * BLOCK]

/** Two connected ends, the acceptor unchoking the dialer. */
function pair() {
  const dialer = new PeerConnection(
    new PeerSession({ role: 'dialed', identity: identity('d'), admission, now: 0 }),
  )
  const acceptor = new PeerConnection(
    new PeerSession({ role: 'accepted', identity: identity('a'), now: 0 }),
  )
  const move = (from, to) => {
    const output = from.takeOutput()
    if (output === undefined) return
    for (const chunk of output.chunks) {
      to.receive(chunk, 0)
      for (let event = to.next(); event; event = to.next()) {
        if (event.type === 'asked') to.session.admit(admission)
      }
    }
    output.sent()
  }
  move(dialer, acceptor)
  acceptor.session.unchoke()
  move(acceptor, dialer)
  // A deep pipeline: the peer says that it takes it.
  const facts = new TextEncoder().encode('d4:reqqi16384ee')
  const hello = encodeMessage({ type: 'extended', id: 0, payload: facts })
  for (const end of [dialer, acceptor]) {
    end.receive(hello, 0)
    while (end.next() !== undefined);
  }
  return { dialer, acceptor }
}

const stream = new Uint8Array(BLOCKS * (BLOCK + 13))
for (let at = 0; at < BLOCKS; at++) {
  const [piece, begin] = place(at)
  const data = new Uint8Array(BLOCK).fill(at)
  stream.set(encodeMessage({ type: 'piece', piece, begin, data }), at * (BLOCK + 13))
}
const chunksOf = (length) => {
  const chunks = []
  for (let at = 0; at < stream.length; at += length) chunks.push(stream.subarray(at, at + length))
  return chunks
}

console.log(`each iteration: ${MIB} MiB in ${BLOCKS} blocks`)
for (const length of [1_448, 16_384, 65_536, 262_144]) {
  const chunks = chunksOf(length)
  const piece = new Uint8Array(1 << 20)
  summary(() => {
    group(`chunks of ${length}`, () => {
      bench('decoder', () => {
        const decoder = new MessageDecoder()
        for (const chunk of chunks) {
          decoder.push(chunk)
          for (let message = decoder.next(); message; message = decoder.next())
            do_not_optimize(message)
        }
      })
      bench('connection: ask, receive, drain', function* () {
        const { dialer } = pair()
        yield () => {
          const { session } = dialer
          let asked = 0
          while (asked < 512) session.request(...place(asked++), BLOCK, 0)
          dialer.takeOutput()
          for (const chunk of chunks) {
            dialer.receive(chunk, 0)
            for (let event = dialer.next(); event; event = dialer.next()) {
              if (event.asked !== 'open') throw new Error(`a block is ${event.asked}`)
              if (asked < BLOCKS) session.request(...place(asked++), BLOCK, 0)
            }
            dialer.takeOutput()
          }
          if (session.requestsOpen !== 0) throw new Error('requests are open')
        }
      })
      bench('connection, and the copy into a piece', function* () {
        const { dialer } = pair()
        yield () => {
          const { session } = dialer
          for (let at = 0; at < BLOCKS; at++) session.request(...place(at), BLOCK, 0)
          dialer.takeOutput()
          for (const chunk of chunks) {
            dialer.receive(chunk, 0)
            for (let event = dialer.next(); event; event = dialer.next()) {
              piece.set(event.data, event.begin)
            }
          }
        }
      })
    })
  })
}

group('serving', () => {
  bench('1,024 requests in, 1,024 blocks out', function* () {
    const { acceptor } = pair()
    const requests = new Uint8Array(BLOCKS * 17)
    for (let at = 0; at < BLOCKS; at++) {
      const [piece, begin] = place(at)
      requests.set(encodeMessage({ type: 'request', piece, begin, length: BLOCK }), at * 17)
    }
    const data = new Uint8Array(BLOCK)
    yield () => {
      acceptor.receive(requests, 0)
      for (let event = acceptor.next(); event; event = acceptor.next()) {
        acceptor.session.sendBlock(event.piece, event.begin, data)
      }
      acceptor.takeOutput().sent()
    }
  })
})

await run()
