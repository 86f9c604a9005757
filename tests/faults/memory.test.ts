// A process under peers that only want its memory: sockets that ask and never read, promise and never deliver, and talk
// without end. Bytes by hand, so that nothing of ours decides what may be sent.
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bt, folder, LOOPBACK, seeded, sha256 } from '../../apps/cli/test/bt.ts'
import { parseMetainfo } from '../../packages/metainfo/src/index.ts'

/** What a small container gives a process; bt alone has some 90 MiB of it. */
const CAP_MIB = 256
const HOSTILE_PEERS = 60
const FLOOD_MS = 4_000
/** As in the torrent. */
const PIECE = 256 * 1024

function peakMiB(pid: number): number {
  const [, kib] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}

function message(id: number, ...parts: readonly (number | Buffer)[]): Buffer {
  const body = parts.map((part) => {
    if (typeof part !== 'number') return part
    const word = Buffer.alloc(4)
    word.writeUInt32BE(part)
    return word
  })
  const length = 1 + body.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.alloc(5)
  head.writeUInt32BE(length)
  head[4] = id
  return Buffer.concat([head, ...body])
}

const EXTENDED = 20
const FLOODS: readonly ((socket: Socket) => void)[] = [
  // asks for everything again and again, and reads nothing
  (socket) => {
    socket.pause()
    socket.write(message(2))
    const all = Array.from({ length: 250 }, (_, at) =>
      message(6, at % 16, (at * 16_384) % PIECE, 16_384),
    )
    socket.write(Buffer.concat(all))
  },
  // the longest messages there may be, each without its last byte, drop by drop
  (socket) => {
    const piece = message(7, 0, 0, Buffer.alloc(16_384))
    socket.write(piece.subarray(0, piece.length - 1))
  },
  // an introduction of the greatest length, over and over
  (socket) => {
    const m = Array.from({ length: 200 }, (_, at) => `4:x${String(at).padStart(3, '0')}i${at}e`)
    const hello = Buffer.concat([Buffer.from([0]), Buffer.from(`d1:md${m.join('')}ee`)])
    for (let times = 0; times < 200; times++) socket.write(message(EXTENDED, hello))
  },
  // has everything, has it again, and asks for metadata for ever
  (socket) => {
    socket.write(message(5, Buffer.from([0xff, 0xff])))
    for (let at = 0; at < 5_000; at++) socket.write(message(4, at % 16))
  },
  // blocks that nobody asked for
  (socket) => {
    for (let at = 0; at < 64; at++) socket.write(message(7, at % 16, 0, Buffer.alloc(16_384)))
  },
]

describe.skipIf(process.platform !== 'linux')('[L06] a cap on memory under hostile peers', () => {
  it(`stays below ${CAP_MIB} MiB with ${HOSTILE_PEERS} of them, and serves an honest peer`, async () => {
    const seed = await seeded(
      'a',
      { a: 16 * PIECE },
      { create: ['--piece-length', '256KiB'], seed: ['--memory', '16MiB'] },
    )
    const pid = seed.program.child.pid as number
    const { infoHashV1 } = parseMetainfo(readFileSync(seed.torrent))
    const port = Number(seed.peer[1]?.split(':')[1])
    const before = peakMiB(pid)
    let opened = 0
    const sockets = new Set<Socket>()
    const attack = (number: number): void => {
      const socket = connect(port, '127.0.0.1')
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
      socket.on('connect', () => {
        opened++
        const hello = Buffer.alloc(68)
        hello.write('\x13BitTorrent protocol', 0, 'latin1')
        hello[25] = 0x10
        hello.write(infoHashV1 as string, 28, 'hex')
        hello.write(`-XX0000-${String(number).padStart(12, '0')}`, 48, 'latin1')
        socket.write(hello)
        FLOODS[number % FLOODS.length]?.(socket)
      })
    }
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
    })
    let number = 0
    const until = process.hrtime.bigint() + BigInt(FLOOD_MS) * 1_000_000n
    while (process.hrtime.bigint() < until) {
      // whoever was thrown out comes back under another name
      while (sockets.size < HOSTILE_PEERS) attack(number++)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const peak = peakMiB(pid)
    expect(opened).toBeGreaterThan(HOSTILE_PEERS)
    expect(peak, `${before} MiB before`).toBeLessThan(CAP_MIB)
    expect(seed.program.child.exitCode).toBeNull()
    const out = folder()
    for (const socket of sockets) socket.destroy()
    const args = ['download', seed.torrent, '-o', out, ...LOOPBACK, ...seed.peer]
    expect((await bt(args)).code).toBe(0)
    const original = readFileSync(join(seed.home, 'a'))
    expect(sha256(readFileSync(join(out, 'a')))).toBe(sha256(original))
  })
})
