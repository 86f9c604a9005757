// Many HTTP connections to a tracker from one process: each announces once and is kept alive until stdin ends. Plain
// JavaScript, so that it starts at once. crowd.mjs PORT COUNT FIRST; prints "ready" when all were answered.
import net from 'node:net'

const [port, count, first] = process.argv.slice(2).map(Number)
/** Milliseconds between two questions of one connection: less than it may be silent. */
const AGAIN_MS = 5000
/** Connections that are being opened at a time. */
const OPENING_MAX = 200

const sockets = []
let answered = 0
const open = (at) => {
  if (at >= count) return
  const peer = first + at
  // Peers of one address would be taken for a crowd.
  const from = `127.${1 + (peer >> 14)}.${(peer >> 7) & 127}.${1 + (peer & 127)}`
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: from })
  sockets.push(socket)
  const hash = '%aa'.repeat(20)
  socket.write(
    `GET /announce?info_hash=${hash}&peer_id=-XX0001-0123456789ab&port=6881&left=1&numwant=5 HTTP/1.1\r\n\r\n`,
  )
  socket.once('data', (reply) => {
    if (!reply.includes('200 OK')) throw new Error(String(reply))
    answered++
    if (answered === count) process.stdout.write('ready\n')
    open(at + OPENING_MAX)
  })
  socket.on('data', () => {})
  socket.on('close', () => process.stdout.write('closed\n'))
  socket.on('error', (error) => process.stderr.write(`${error.message}\n`))
}
for (let at = 0; at < OPENING_MAX; at++) open(at)
setInterval(() => {
  for (const socket of sockets) socket.write('GET /health HTTP/1.1\r\n\r\n')
}, AGAIN_MS)
process.stdin.on('end', () => process.exit(0)).resume()
