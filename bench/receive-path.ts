// How fast bytes come through a ByteChannel over loopback: two processes, one that sends and one that receives.
//
// Rows: which end receives (a socket that dialled reads into one shared buffer, an accepted one gets 'data' events)
// and how it is sent (one large chunk, or 16 gathered blocks of 13 + 16,384 bytes, as an upload does). CPU is that of
// the receiving process. Run: npx tsx --conditions=@bt/source bench/receive-path.ts [GiB per row]
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ByteChannel, Listener } from '@bt/ports'
import { TcpTransport } from '@bt/runtime-node'

const HOST = '127.0.0.1'
const GIB = 2 ** 30
const RUNS = 3

type Shape = 'one chunk of 1 MiB' | '16 blocks of 16 KiB'
const SHAPES: readonly Shape[] = ['one chunk of 1 MiB', '16 blocks of 16 KiB']

/** Sends until `length` bytes are queued, then closes. */
function pump(channel: ByteChannel, shape: Shape, length: number): void {
  const block = new Uint8Array(16_384)
  const head = new Uint8Array(13)
  const chunks =
    shape === SHAPES[0]
      ? [new Uint8Array(2 ** 20)]
      : Array.from({ length: 16 }, () => [head, block]).flat()
  const size = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  let left = length
  const more = (): void => {
    while (left > 0) {
      left -= size
      if (!channel.send(chunks)) return
    }
    channel.close()
  }
  channel.start({ received: () => {}, drained: more, closed: () => {} })
  more()
}

interface Result {
  readonly gibPerSecond: number
  readonly cpuSecondsPerGib: number
  readonly chunkLength: number
}

function receive(channel: ByteChannel): Promise<Result> {
  return new Promise((resolve, reject) => {
    let length = 0
    let chunks = 0
    const cpu = process.cpuUsage()
    const start = performance.now()
    channel.start({
      received: (chunk) => {
        length += chunk.length
        chunks++
      },
      drained: () => {},
      closed: (reason) => {
        if (reason !== undefined) reject(reason)
        const seconds = (performance.now() - start) / 1000
        const { user, system } = process.cpuUsage(cpu)
        const gib = length / GIB
        resolve({
          gibPerSecond: gib / seconds,
          cpuSecondsPerGib: (user + system) / 1e6 / gib,
          chunkLength: length / chunks,
        })
      },
    })
  })
}

/** The process that sends: listens or dials, as it is told. */
function sender(): void {
  const transport = new TcpTransport()
  process.on('message', (order: { shape: Shape; length: number; dial?: number }) => {
    const { shape, length, dial } = order
    if (dial === undefined) {
      const accept = (channel: ByteChannel): void => pump(channel, shape, length)
      transport.listen({ host: HOST, port: 0 }, accept, (_error, listener) => {
        process.send?.({ port: listener.local.port })
      })
    } else {
      transport.dial({ host: HOST, port: dial }, {}, (error, channel) => {
        if (error !== undefined) throw error
        pump(channel, shape, length)
      })
    }
  })
}

async function row(
  child: ChildProcess,
  side: string,
  shape: Shape,
  length: number,
): Promise<Result> {
  const transport = new TcpTransport()
  try {
    if (side === 'dialled') {
      const port = await new Promise<number>((resolve) => {
        child.once('message', (message) => resolve((message as { port: number }).port))
        child.send({ shape, length })
      })
      const channel = await new Promise<ByteChannel>((resolve) => {
        transport.dial({ host: HOST, port }, {}, (_error, dialled) => resolve(dialled))
      })
      return await receive(channel)
    }
    const channel = await new Promise<ByteChannel>((resolve) => {
      const accepted = (_error: Error | undefined, listener: Listener): void => {
        child.send({ shape, length, dial: listener.local.port })
      }
      transport.listen({ host: HOST, port: 0 }, resolve, accepted)
    })
    return await receive(channel)
  } finally {
    await transport.close()
  }
}

async function main(): Promise<void> {
  const length = Number(process.argv[2] ?? 3) * GIB
  const child = fork(fileURLToPath(import.meta.url), ['--send'])
  console.log('receiver  sent as               GiB/s best (worst)   CPU s per GiB   bytes a chunk')
  for (const side of ['dialled', 'accepted']) {
    for (const shape of SHAPES) {
      const results: Result[] = []
      for (let run = 0; run < RUNS; run++) results.push(await row(child, side, shape, length))
      results.sort((a, b) => b.gibPerSecond - a.gibPerSecond)
      const best = results[0] as Result
      const worst = results.at(-1) as Result
      console.log(
        side.padEnd(10) + shape.padEnd(22),
        `${best.gibPerSecond.toFixed(2)} (${worst.gibPerSecond.toFixed(2)})`.padEnd(20),
        best.cpuSecondsPerGib.toFixed(2).padEnd(15),
        best.chunkLength.toFixed(0),
      )
    }
  }
  child.kill()
}

if (process.argv[2] === '--send') sender()
else await main()
