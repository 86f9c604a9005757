import { packMapped } from '@bt/primitives'
import type { DatagramSocket } from '@bt/ports'
import { datagramsContract } from '@bt/ports/contract'
import { describe, expect, test } from 'vitest'
import { UdpDatagrams } from '../src/udp-datagrams.ts'
import { realWorld } from './real-world.ts'

for (const [host, family] of [
  ['127.0.0.1', 4],
  ['::1', 6],
] as const) {
  describe(`UDP over ${host} keeps the contract of Datagrams`, () => {
    const setup = async () => {
      const datagrams = new UdpDatagrams({ poison: true })
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

describe('UDP sockets', () => {
  const open = (
    datagrams: UdpDatagrams,
    host: string | undefined,
    family: 4 | 6,
    received = () => {},
  ) =>
    new Promise<DatagramSocket>((resolve, reject) => {
      const options = { port: 0, family, ...(host !== undefined && { host }) } as const
      datagrams.open(options, { received }, (error, socket) =>
        error ? reject(error) : resolve(socket),
      )
    })

  test('the host of the adapter is the address of sockets that name none', async () => {
    const datagrams = new UdpDatagrams({ host: '127.0.0.1' })
    expect((await open(datagrams, undefined, 4)).local.host).toBe('127.0.0.1')
    await expect(open(datagrams, undefined, 6)).rejects.toMatchObject({ code: 'ADDRESS_NOT_HERE' })
    await datagrams.close()
  })

  test('a host that is no address, a port that is none, and a closed adapter are typed errors', async () => {
    const datagrams = new UdpDatagrams()
    await expect(open(datagrams, 'a.name', 4)).rejects.toMatchObject({ code: 'BAD_ADDRESS' })
    await expect(open(datagrams, '192.0.2.77', 4)).rejects.toMatchObject({
      code: 'ADDRESS_NOT_HERE',
    })
    await datagrams.close()
    await expect(open(datagrams, '127.0.0.1', 4)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('[I16] a datagram that cannot be sent is silence', async () => {
    const datagrams = new UdpDatagrams()
    let received = 0
    const socket = await open(datagrams, '127.0.0.1', 4, () => received++)
    socket.send(new Uint8Array(65_508), packMapped({ host: '127.0.0.1', port: 9 }) as Uint8Array)
    socket.send(new Uint8Array(10), packMapped({ host: '255.255.255.255', port: 9 }) as Uint8Array)
    socket.send(new Uint8Array(10), packMapped({ host: '203.0.113.1', port: 9 }) as Uint8Array)
    socket.send(new Uint8Array(10), packMapped(socket.local) as Uint8Array)
    await realWorld().until(() => received > 0, 'the datagram to itself')
    expect(received).toBe(1)
    await datagrams.close()
  })

  test('[speed] what comes in one turn is one call, in order, and one that is too long for it keeps its place', async () => {
    const datagrams = new UdpDatagrams({ poison: true })
    const lengths: number[] = []
    let calls = 0
    const socket = await new Promise<DatagramSocket>((resolve) => {
      datagrams.open(
        { host: '127.0.0.1', port: 0, family: 4 },
        {
          received: (batch) => {
            calls++
            lengths.push(...batch.lengths.subarray(0, batch.count))
          },
        },
        (_error, opened) => resolve(opened),
      )
    })
    const to = packMapped(socket.local) as Uint8Array
    const sent = Array.from({ length: 20 }, (_, at) => (at === 10 ? 4000 : at))
    for (const length of sent) socket.send(new Uint8Array(length), to)
    await realWorld().until(() => lengths.length === 20, 'all of them')
    expect(lengths).toEqual(sent)
    // Before the long one, it, and after it; twice as many where the machine comes between.
    expect(calls).toBeLessThanOrEqual(6)
    await datagrams.close()
  })

  test('an empty datagram is delivered as one', async () => {
    const datagrams = new UdpDatagrams()
    const lengths: number[] = []
    const socket = await new Promise<DatagramSocket>((resolve) => {
      datagrams.open(
        { host: '127.0.0.1', port: 0, family: 4 },
        { received: (batch) => void lengths.push(batch.lengths[0] as number) },
        (_error, opened) => resolve(opened),
      )
    })
    socket.send(new Uint8Array(0), packMapped(socket.local) as Uint8Array)
    await realWorld().until(() => lengths.length > 0, 'an empty datagram')
    expect(lengths).toEqual([0])
    await datagrams.close()
  })
})
