// TCP where the contract cannot reach: source addresses, dual stacks, far ends that stall, memory of other kinds.
import { spawn } from 'node:child_process'
import net from 'node:net'
import type { ByteChannel, ChannelReader, Listener } from '@bt/ports'
import { silentDialContract } from '@bt/ports/contract'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CLOSE_FAREWELL_MS, CLOSE_FLUSH_MS } from '../src/tcp-channel.ts'
import { type TcpOptions, TcpTransport } from '../src/tcp-transport.ts'
import { realWorld } from './real-world.ts'

const cleanups: (() => void | Promise<void>)[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const cleanup of cleanups.splice(0)) await cleanup()
})

function transportOf(options: TcpOptions = {}): TcpTransport {
  const transport = new TcpTransport(options)
  cleanups.push(() => transport.close())
  return transport
}

function listen(
  transport: TcpTransport,
  accept: (channel: ByteChannel) => void,
  host?: string,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const options = host === undefined ? { port: 0 } : { host, port: 0 }
    transport.listen(options, accept, (error, made) => (error ? reject(error) : resolve(made)))
  })
}

function dial(transport: TcpTransport, host: string, port: number): Promise<ByteChannel> {
  return new Promise((resolve, reject) => {
    transport.dial({ host, port }, {}, (error, made) => (error ? reject(error) : resolve(made)))
  })
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A reader that waits for the end. */
function ending(): {
  reader: ChannelReader
  ended: Promise<Error | undefined>
  isEnded: () => boolean
} {
  let isEnded = false
  let reader: ChannelReader | undefined
  const ended = new Promise<Error | undefined>((resolve) => {
    reader = {
      received: () => {},
      drained: () => {},
      closed: (reason) => {
        isEnded = true
        resolve(reason)
      },
    }
  })
  return { reader: reader as unknown as ChannelReader, ended, isEnded: () => isEnded }
}

/** A plain server that never reads and never ends by itself. */
async function stubborn(): Promise<{ port: number; sockets: net.Socket[] }> {
  const sockets: net.Socket[] = []
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {})
    sockets.push(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as net.AddressInfo).port, sockets }
}

describe('addresses', () => {
  test('the host of the transport is where it listens and what it dials from', async () => {
    const remotes: string[] = []
    const far = transportOf()
    const { local } = await listen(far, ({ remote }) => void remotes.push(remote.host), '127.0.0.1')
    const near = transportOf({ host: '127.0.0.5' })
    await dial(near, '127.0.0.1', local.port)
    while (remotes.length === 0) await turn()
    expect(remotes).toEqual(['127.0.0.5'])
    expect((await listen(near, () => {})).local.host).toBe('127.0.0.5')
  })

  test('the other family, and a host that is not ours, are ADDRESS_NOT_HERE', async () => {
    const four = transportOf({ host: '127.0.0.5' })
    await expect(dial(four, '::1', 80)).rejects.toMatchObject({ code: 'ADDRESS_NOT_HERE' })
    const foreign = transportOf({ host: '192.0.2.77' })
    await expect(dial(foreign, '127.0.0.1', 80)).rejects.toMatchObject({ code: 'ADDRESS_NOT_HERE' })
    await expect(listen(foreign, () => {})).rejects.toMatchObject({ code: 'ADDRESS_NOT_HERE' })
  })

  test('IPv4 over a socket for both families is told as IPv4', async () => {
    const accepted: ByteChannel[] = []
    const transport = transportOf()
    const { local } = await listen(transport, (channel) => accepted.push(channel))
    await dial(transport, '127.0.0.1', local.port)
    while (accepted.length === 0) await turn()
    expect(accepted[0]?.remote.host).toBe('127.0.0.1')
    const mapped = await dial(transport, '::ffff:127.0.0.1', local.port)
    expect(mapped.remote.host).toBe('127.0.0.1')
  })

  test('a closed transport answers CLOSED', async () => {
    const transport = transportOf()
    await transport.close()
    await expect(dial(transport, '127.0.0.1', 80)).rejects.toMatchObject({ code: 'CLOSED' })
    await expect(listen(transport, () => {})).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('a dial under way when the transport closes is answered with CLOSED', async () => {
    const transport = transportOf()
    const { local } = await listen(transportOf(), () => {}, '127.0.0.1')
    const call = dial(transport, '127.0.0.1', local.port)
    void transport.close()
    await expect(call).rejects.toMatchObject({ code: 'CLOSED' })
  })
})

describe('a far end that stalls', () => {
  test('a close that cannot send what is queued ends with TIMED_OUT after its limit', async () => {
    const { port } = await stubborn()
    const channel = await dial(transportOf(), '127.0.0.1', port)
    const end = ending()
    channel.start(end.reader)
    let sent = 0
    for (let round = 0; round < 20; round++) channel.send([new Uint8Array(1_000_000)], () => sent++)
    await turn()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    channel.close()
    vi.advanceTimersByTime(CLOSE_FLUSH_MS - 1)
    await turn()
    expect(end.isEnded()).toBe(false)
    vi.advanceTimersByTime(1)
    expect(await end.ended).toMatchObject({ code: 'TIMED_OUT' })
    expect(sent).toBe(20)
  })

  test('a far end that never ends holds a closed channel for the farewell only', async () => {
    const { port, sockets } = await stubborn()
    const channel = await dial(transportOf(), '127.0.0.1', port)
    const end = ending()
    channel.start(end.reader)
    while (sockets.length === 0) await turn()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    channel.close()
    for (let turns = 0; turns < 20; turns++) await turn()
    vi.advanceTimersByTime(CLOSE_FAREWELL_MS - 1)
    await turn()
    expect(end.isEnded()).toBe(false)
    vi.advanceTimersByTime(1)
    expect(await end.ended).toBe(undefined)
  })

  test('[D15] a far end that says goodbye and goes on reading gets what was queued', async () => {
    let length = 0
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        if (length === 0) socket.end()
        length += chunk.length
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => void server.close())
    const channel = await dial(
      transportOf(),
      '127.0.0.1',
      (server.address() as net.AddressInfo).port,
    )
    const end = ending()
    channel.start(end.reader)
    for (let round = 0; round < 10; round++) channel.send([new Uint8Array(500_000)])
    expect(await end.ended).toBe(undefined)
    // The kernel still has some of it.
    await realWorld().until(() => length >= 5_000_000, 'all of it')
    expect(length).toBe(5_000_000)
  })
})

describe('memory', () => {
  test('chunks over shared memory, parts of buffers and Node Buffers are sent as they are', async () => {
    const got: number[] = []
    const transport = transportOf()
    const { local } = await listen(
      transport,
      (channel) =>
        channel.start({
          received: (chunk) => void got.push(...chunk),
          drained: () => {},
          closed: () => {},
        }),
      '127.0.0.1',
    )
    const channel = await dial(transport, '127.0.0.1', local.port)
    const shared = new Uint8Array(new SharedArrayBuffer(10)).fill(1)
    const part = new Uint8Array(10).fill(2, 3, 5).subarray(3, 5)
    channel.send([shared, part, Buffer.from([3]), new Uint8Array(0)])
    while (got.length < 13) await turn()
    expect(got).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3])
  })

  test('one buffer serves many dialled sockets, and no byte goes astray', async () => {
    const transport = transportOf()
    let served = 0
    const { local } = await listen(
      transport,
      (channel) => {
        const value = served++
        for (let round = 0; round < 30; round++) {
          channel.send([new Uint8Array(100_000).fill(value)])
        }
        channel.close()
      },
      '127.0.0.1',
    )
    const wrong: string[] = []
    const all = Array.from({ length: 8 }, async () => {
      const channel = await dial(transport, '127.0.0.1', local.port)
      let first: number | undefined
      let length = 0
      await new Promise<void>((resolve) => {
        channel.start({
          received: (chunk) => {
            first ??= chunk[0]
            length += chunk.length
            if (!chunk.every((byte) => byte === first)) wrong.push('a byte of another socket')
          },
          drained: () => {},
          closed: () => resolve(),
        })
      })
      expect(length).toBe(3_000_000)
      return first
    })
    expect(new Set(await Promise.all(all))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]))
    expect(wrong).toEqual([])
  })
})

describe.skipIf(process.platform !== 'linux')('dials that get no answer', () => {
  /** A listener that never accepts: when its queue of one is full, the kernel drops what asks for more. */
  const setup = async () => {
    const program = `
      const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        require('node:fs').writeSync(1, server.address().port + '\\n')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`
    const child = spawn(process.execPath, ['-e', program])
    const port = await new Promise<number>((resolve) => {
      child.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())))
    })
    const fillers = Array.from({ length: 6 }, () =>
      net.connect(port, '127.0.0.1').on('error', () => {}),
    )
    await new Promise((resolve) => setTimeout(resolve, 30))
    const near = new TcpTransport()
    const close = async (): Promise<void> => {
      for (const filler of fillers) filler.destroy()
      child.kill('SIGKILL')
      await near.close()
    }
    return { near, silent: { host: '127.0.0.1', port }, ...realWorld(close) }
  }
  for (const check of silentDialContract(setup)) test(check.name, () => check.run())
})
