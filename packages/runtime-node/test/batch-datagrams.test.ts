// Goal: batched UDP keeps the contract of plain UDP, and one is never needed for the other.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { packMapped } from '@bt/primitives'
import type { DatagramSocket } from '@bt/ports'
import { datagramsContract } from '@bt/ports/contract'
import { describe, expect, test } from 'vitest'
import { BatchDatagrams } from '../src/batch-datagrams.ts'
import { type BatchNative, batchNative } from '../src/batch-native.ts'
import { realWorld } from './real-world.ts'

const FOLDER = new URL('../', import.meta.url)
const { native, reason } = batchNative()

test('every binary was built from the source that is here', () => {
  const lines = readdirSync(new URL('native/', FOLDER))
    .filter((name) => /\.[ch]$/.test(name))
    .map((name) => {
      const source = readFileSync(new URL(`native/${name}`, FOLDER))
      return `${createHash('sha256').update(source).digest('hex')}  ${name}`
    })
  const builds = readdirSync(new URL('prebuilds/', FOLDER))
  expect(builds).not.toEqual([])
  for (const build of builds) {
    const of = readFileSync(new URL(`prebuilds/${build}/source.sha256`, FOLDER), 'utf8')
    expect(of.trim().split('\n').toSorted()).toEqual(lines.toSorted())
  }
})

test('it loads where it was built for, and says why where not', () => {
  const isBuiltFor = process.platform === 'linux' && process.arch === 'x64' && isGlibc()
  if (isBuiltFor) expect(reason).toBe('')
  else expect(reason).not.toBe('')
})

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  return header.glibcVersionRuntime !== undefined
}

describe.skipIf(native === undefined)('batched UDP', () => {
  const addon = native as BatchNative
  for (const [host, family] of [
    ['127.0.0.1', 4],
    ['::1', 6],
  ] as const) {
    describe(`over ${host} keeps the contract of Datagrams`, () => {
      const setup = async () => {
        const datagrams = new BatchDatagrams(addon, { poison: true })
        return {
          near: datagrams,
          far: datagrams,
          nearHost: host,
          farHost: host,
          family,
          ...realWorld(() => datagrams.close()),
        }
      }
      for (const check of datagramsContract(setup)) test(check.name, () => check.run())
    })
  }

  const open = (
    datagrams: BatchDatagrams,
    port: number,
    received: (count: number, length: number) => void = () => {},
  ): Promise<DatagramSocket> =>
    new Promise((resolve, reject) => {
      datagrams.open(
        { host: '127.0.0.1', port, family: 4 },
        { received: (batch) => received(batch.count, batch.lengths[0] as number) },
        (error, socket) => (error ? reject(error) : resolve(socket)),
      )
    })

  test('many datagrams come in one call', async () => {
    const datagrams = new BatchDatagrams(addon)
    const counts: number[] = []
    const socket = await open(datagrams, 0, (count) => counts.push(count))
    const to = packMapped(socket.local) as Uint8Array
    for (let at = 0; at < 200; at++) socket.send(Uint8Array.of(at), to)
    const sum = (): number => counts.reduce((one, other) => one + other, 0)
    await realWorld().until(() => sum() === 200, '200 datagrams')
    expect(Math.max(...counts)).toBe(64)
    await datagrams.close()
  })

  test('a datagram that is too long, one to port 0 and one to nowhere are lost; an empty one comes', async () => {
    const datagrams = new BatchDatagrams(addon)
    const lengths: number[] = []
    const socket = await open(datagrams, 0, (_count, length) => lengths.push(length))
    const to = packMapped(socket.local) as Uint8Array
    socket.send(new Uint8Array(2049), to)
    socket.send(new Uint8Array(66_000), to)
    socket.send(new Uint8Array(10), packMapped({ host: '127.0.0.1', port: 0 }) as Uint8Array)
    socket.send(new Uint8Array(10), packMapped({ host: '255.255.255.255', port: 9 }) as Uint8Array)
    socket.send(new Uint8Array(0), to)
    await realWorld().until(() => lengths.length > 0, 'the empty one')
    expect(lengths).toEqual([0])
    await datagrams.close()
  })

  test('sockets that say so share a port', async () => {
    const datagrams = new BatchDatagrams(addon, { shared: true })
    const one = await open(datagrams, 0)
    const other = await open(datagrams, one.local.port)
    expect(other.local.port).toBe(one.local.port)
    const alone = new BatchDatagrams(addon)
    await expect(open(alone, one.local.port)).rejects.toMatchObject({ code: 'ADDRESS_IN_USE' })
    await datagrams.close()
  })

  test('addresses that are none, and a closed adapter, are typed errors', async () => {
    const datagrams = new BatchDatagrams(addon)
    await expect(open(datagrams, 70_000)).rejects.toMatchObject({ code: 'BAD_ADDRESS' })
    await datagrams.close()
    await expect(open(datagrams, 0)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('memory that is too small, or none, is refused by the addon itself', () => {
    const bytes = new Uint8Array(100)
    const side = [bytes, new Uint16Array(4), bytes, 4, 2048] as const
    const call = (...args: unknown[]): unknown =>
      (addon as unknown as { open(...args: unknown[]): unknown }).open(...args)
    expect(() => call('127.0.0.1', 0, 4, false, 1000, ...side, ...side, () => 0)).toThrow(/memory/)
    expect(() => call('127.0.0.1', 0, 4, false, 1000, ...side, ...side, 1)).toThrow(/something/)
    expect(() => call('127.0.0.1')).toThrow(/16 arguments/)
    expect(() => addon.close({})).toThrow(/not a socket/)
  })

  test('a receiver that throws is an uncaught exception, not silence', async () => {
    const datagrams = new BatchDatagrams(addon)
    const failing = await open(datagrams, 0, () => {
      throw new RangeError('a bug')
    })
    const uncaught = new Promise<Error>((resolve) => {
      const before = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        for (const listener of before) process.on('uncaughtException', listener)
        resolve(error)
      })
    })
    failing.send(Uint8Array.of(1), packMapped(failing.local) as Uint8Array)
    expect((await uncaught).message).toBe('a bug')
    await datagrams.close()
  })
})
