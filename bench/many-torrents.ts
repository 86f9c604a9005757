// Ten thousand torrents in one session: how long until all seed from their resume data, what each costs in memory, and
// what they cost while nobody comes.
//
// One process checks small real files and keeps resume data as any session does; a second one starts from these. Run: npm run bench -- many-torrents [how many]
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildMetainfo, type Metainfo, parseMetainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { Session } from '@bt/swarm'

const COUNT = Number(process.argv[2] ?? 10_000)
const FILE_LENGTH = 20_000
/** Until the first checkpoints are over. */
const SETTLE_MS = 40_000
/** One round of what each does while nobody comes. */
const IDLE_MS = 60_000

const [, , , folder, mode] = process.argv
const home = folder ?? mkdtempSync(join(tmpdir(), 'bt-many-'))
const content = join(home, 'content')

function torrents(): readonly Metainfo[] {
  return Array.from({ length: COUNT }, (_, index) => {
    const name = `file-${index}`
    const bytes = new Uint8Array(FILE_LENGTH).fill(index)
    if (mode === 'check') writeFileSync(join(content, name), bytes)
    const pieceHashes = createHash('sha1').update(bytes).digest()
    const files = [{ path: [name], length: FILE_LENGTH }]
    return parseMetainfo(buildMetainfo({ name, pieceLength: 32_768, files, pieceHashes }))
  })
}

async function open(): Promise<void> {
  mkdirSync(content, { recursive: true })
  const all = torrents()
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const ports = nodePorts({ directory: content, keepDirectory: join(home, 'state') })
  const startedAt = performance.now()
  const session = await Session.open(ports, { port: 0, host: '127.0.0.1' })
  const swarms = await Promise.all(all.map((metainfo) => session.add(metainfo, { pex: false })))
  await Promise.all(swarms.map((swarm) => swarm.completed()))
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(
    mode === 'check' ? `checked and started: ${seconds} s` : `from resume data: ${seconds} s`,
  )
  if (mode !== 'check') {
    globalThis.gc?.()
    const kib = (process.memoryUsage().rss - before) / 1024 / COUNT
    console.log(`memory: ${kib.toFixed(1)} KiB a torrent, beside its metainfo`)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const cpu = process.cpuUsage()
    await new Promise((resolve) => setTimeout(resolve, IDLE_MS))
    const { user, system } = process.cpuUsage(cpu)
    console.log(`idle: ${((user + system) / 10 / IDLE_MS).toFixed(1)} % of one core`)
  }
  await session.close()
  await ports.close()
}

function startTwice(): void {
  const script = fileURLToPath(import.meta.url)
  try {
    for (const each of ['check', 'resume']) {
      const words = ['--expose-gc', ...process.execArgv, script, String(COUNT), home, each]
      const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' })
      if (status !== 0) process.exitCode = 1
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

if (mode === undefined) startTwice()
else await open()
