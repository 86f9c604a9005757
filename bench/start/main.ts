// Start-up: `bt show` from start to exit, and `bt download` from start to its first request, beside Node doing nothing.
//
// The peer that is asked is a few lines here: it has everything, says so, and looks at its clock when a request comes.
// NODE_EXTRA_CA_CERTS is taken out of the environment: reading certificates is a third of the start of a Node that has it.
// Run: npm run bench -- start [--runs N]
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BT } from '../data/clients.ts'
import { spread, table } from '../data/table.ts'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '15' } } })
delete process.env['NODE_EXTRA_CA_CERTS']
const HANDSHAKE_LENGTH = 68
const INTERESTED = 2
const REQUEST = 6
const BITFIELD = Uint8Array.of(0, 0, 0, 2, 5, 0xff)
const UNCHOKE = Uint8Array.of(0, 0, 0, 1, 1)

/** A seed of eight pieces that unchokes whoever is interested; `asked` is called at each request. */
function answerAs(socket: Socket, asked: () => void): void {
  let got = Buffer.alloc(0)
  let isGreeted = false
  socket.on('error', () => {})
  socket.on('data', (chunk: Buffer) => {
    got = Buffer.concat([got, chunk])
    if (!isGreeted) {
      if (got.length < HANDSHAKE_LENGTH) return
      isGreeted = true
      const hello = Buffer.from(got.subarray(0, HANDSHAKE_LENGTH))
      // The same infohash; no extensions, another peer id.
      hello.fill(0, 20, 28).write('-XX0000-', 48)
      socket.write(Buffer.concat([hello, BITFIELD]))
      got = got.subarray(HANDSHAKE_LENGTH)
    }
    while (got.length >= 4 && got.length >= 4 + got.readUInt32BE(0)) {
      const length = got.readUInt32BE(0)
      if (length > 0 && got[4] === INTERESTED) socket.write(UNCHOKE)
      if (length > 0 && got[4] === REQUEST) asked()
      got = got.subarray(4 + length)
    }
  })
}

function runOnce(words: readonly string[]): number {
  const startedAt = performance.now()
  const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  return performance.now() - startedAt
}

/** Milliseconds from the process's start until its first request is here. */
async function firstRequest(torrent: string, folder: string): Promise<number> {
  let requested = (): void => {}
  const asked = new Promise<void>((resolve) => {
    requested = resolve
  })
  const server = createServer((socket) => answerAs(socket, requested))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  const startedAt = performance.now()
  const child = spawn(
    process.execPath,
    [BT, 'download', torrent, '-o', folder, '--port', '0', '--peer', `127.0.0.1:${port}`],
    { stdio: 'ignore' },
  )
  await asked
  const took = performance.now() - startedAt
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  server.close()
  return took
}

const home = mkdtempSync(join(tmpdir(), 'bt-start-'))
const nothing: number[] = []
const show: number[] = []
const download: number[] = []
try {
  const torrent = join(home, 'content.torrent')
  writeFileSync(join(home, 'content'), new Uint8Array(8 * 16_384).fill(7))
  runOnce([BT, 'create', join(home, 'content'), '-o', torrent, '--piece-length', '16KiB'])
  for (let run = 0; run < Number(options.runs); run++) {
    const folder = join(home, String(run))
    mkdirSync(folder)
    nothing.push(runOnce(['-e', '0']))
    show.push(runOnce([BT, 'show', torrent]))
    download.push(await firstRequest(torrent, folder))
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}
const rows = [
  ['node -e 0', spread(nothing, 0)],
  ['bt show, start to exit', spread(show, 0)],
  ['bt download, start to first request', spread(download, 0)],
]
console.log(table([`${options.runs} runs, ms`, 'median (min–max)'], rows))
