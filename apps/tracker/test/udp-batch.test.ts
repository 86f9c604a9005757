// Goal: the addon changes how fast datagrams move and nothing else. Method: one sequence of announces over real sockets
// into two trackers of one seed, one on node:dgram and one on the addon; every reply is compared byte for byte.
import dgram from 'node:dgram'
import { Prng } from '@bt/primitives'
import type { Datagrams, DatagramSocket } from '@bt/ports'
import { BatchDatagrams, type BatchNative, batchNative, UdpDatagrams } from '@bt/runtime-node'
import { Tracker, UdpFrontend } from '@bt/tracker-server'
import { encodeConnectRequest, encodeUdpAnnounce, encodeUdpScrape } from '@bt/tracker-protocol'
import { parseInfoHash, type InfoHash, parsePeerId, type PeerId } from '@bt/primitives'
import { describe, expect, test } from 'vitest'

const { native, reason } = batchNative()
const clock = { now: () => 1000, wallSeconds: () => 0, at: () => ({ cancel: () => {} }) }

async function serve(datagrams: Datagrams): Promise<DatagramSocket> {
  const random = new Prng('both')
  const frontend = new UdpFrontend(new Tracker({}, { clock, random }), { clock, random })
  return new Promise((resolve, reject) => {
    datagrams.open({ host: '127.0.0.1', port: 0, family: 4 }, frontend, (error, socket) =>
      error ? reject(error) : resolve(socket),
    )
  })
}

/** Asks one after the other from one socket; silence is an empty reply. */
async function ask(
  port: number,
  packets: readonly ((id: Buffer) => Uint8Array)[],
): Promise<Buffer[]> {
  const socket = dgram.createSocket('udp4')
  const replies: Buffer[] = []
  let id: Buffer = Buffer.alloc(8)
  for (const make of packets) {
    const packet = make(id)
    const reply = await new Promise<Buffer>((resolve) => {
      socket.removeAllListeners('message').once('message', resolve)
      socket.send(packet, port, '127.0.0.1')
    })
    if (packet.length === 16) id = reply.subarray(8)
    replies.push(reply)
  }
  socket.close()
  return replies
}

describe.skipIf(native === undefined)(`the addon ${reason}`, () => {
  test('answers the same announces with the same bytes', async () => {
    const random = new Prng('announces')
    const packets = [() => encodeConnectRequest(1)].concat(
      Array.from({ length: 1500 }, (_, at) => {
        const infoHash = parseInfoHash(`0${random.below(4)}`.repeat(20)) as InfoHash
        if (random.below(10) === 0)
          return ((id: Buffer) => encodeUdpScrape(id, at, [infoHash])) as () => Uint8Array
        const event = (['started', 'completed', 'stopped', undefined] as const)[random.below(4)]
        const port = 1 + random.below(200)
        const leftBytes = random.below(2)
        return ((id: Buffer) =>
          encodeUdpAnnounce(id, at, {
            infoHash,
            peerId: parsePeerId('ab'.repeat(20)) as PeerId,
            port,
            uploadedBytes: 0,
            downloadedBytes: 0,
            leftBytes,
            ...(event !== undefined && { event }),
          })) as () => Uint8Array
      }),
    )
    const all: Buffer[][] = []
    for (const datagrams of [new UdpDatagrams(), new BatchDatagrams(native as BatchNative)]) {
      const socket = await serve(datagrams)
      all.push(await ask(socket.local.port, packets))
      await datagrams.close()
    }
    expect(all[0]).toHaveLength(packets.length)
    expect(Buffer.concat(all[1] as Buffer[]).equals(Buffer.concat(all[0] as Buffer[]))).toBe(true)
  })
})
