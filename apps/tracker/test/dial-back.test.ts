// Goal: only a peer that answers for the swarm in time counts as there. Method: real sockets on loopback that answer in
// every way one can.
import net from 'node:net'
import { type InfoHash, type PeerId } from '@bt/primitives'
import { TcpTransport } from '@bt/runtime-node'
import { encodeHandshake, reservedBytes } from '@bt/wire'
import { afterEach, expect, test } from 'vitest'
import { dialBackOver } from '../src/dial-back.ts'

const HASH = 'cd'.repeat(20) as InfoHash
const PEER = '01'.repeat(20) as PeerId
const LATE_MS = 300

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()))
})

async function answering(answer: (socket: net.Socket, hello: Buffer) => void): Promise<number> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (hello: Buffer) => answer(socket, hello))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as net.AddressInfo).port
}

async function isThere(port: number): Promise<readonly boolean[]> {
  const transport = new TcpTransport()
  closers.push(() => transport.close())
  const said: boolean[] = []
  await new Promise<void>((resolve) => {
    dialBackOver(transport, LATE_MS)({ host: '127.0.0.1', port }, HASH, (is) => {
      said.push(is)
      resolve()
    })
    expect(said).toEqual([])
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  return said
}

const hello = (infoHash: InfoHash): Uint8Array =>
  encodeHandshake({ infoHash, peerId: PEER, reserved: reservedBytes({}) })

test('a peer of the swarm is there, also one that answers in pieces and before its peer id', async () => {
  const whole = await answering((socket) => socket.write(hello(HASH)))
  expect(await isThere(whole)).toEqual([true])
  const pieces = await answering((socket) => {
    socket.write(hello(HASH).subarray(0, 20))
    setTimeout(() => socket.write(hello(HASH).subarray(20, 48)), 20)
  })
  expect(await isThere(pieces)).toEqual([true])
})

test('it is greeted with a handshake of the swarm', async () => {
  let heard = Buffer.alloc(0)
  const port = await answering((socket, bytes) => {
    heard = Buffer.concat([heard, bytes])
    socket.end(hello(HASH))
  })
  await isThere(port)
  expect(heard).toHaveLength(68)
  expect(heard.subarray(28, 48).toString('hex')).toBe(HASH)
})

test('who answers for another swarm, speaks something else, hangs up or says nothing is not', async () => {
  const other = await answering((socket) => socket.write(hello('ab'.repeat(20) as InfoHash)))
  const web = await answering((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const shy = await answering((socket) => socket.end())
  const silent = await answering(() => {})
  for (const port of [other, web, shy, silent]) expect(await isThere(port)).toEqual([false])
})

test('nor is a port where nobody listens', async () => {
  const port = await answering(() => {})
  await closers.pop()?.()
  expect(await isThere(port)).toEqual([false])
})
