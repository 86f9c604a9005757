// Uses every port, closes them all, and says what is left, over and over; then must end by itself.
import { readdirSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { packMapped } from '@bt/primitives'
import type { ByteChannel, DatagramSocket, HttpResponse, Listener, Storage } from '@bt/ports'
import { nodePorts } from '../../src/index.ts'

const [directory, cycles] = process.argv.slice(2) as [string, string]

function promise<T>(
  call: (done: (error: Error | undefined, value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === undefined ? resolve(value) : reject(error)))
  })
}

const reader = { received: () => {}, drained: () => {}, closed: () => {} }
const host = '127.0.0.1'

async function useAll(): Promise<void> {
  const server = http.createServer((request, response) => {
    if (request.url !== '/silent') response.end('answer')
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  const url = `http://${host}:${(server.address() as AddressInfo).port}`
  const ports = nodePorts({ directory, host, hashThreads: 2 })

  const accepted: ByteChannel[] = []
  const accept = (channel: ByteChannel): void => {
    accepted.push(channel)
    channel.start(reader)
  }
  const listener = await promise<Listener>((done) =>
    ports.transport.listen({ port: 0 }, accept, done),
  )
  const channel = await promise<ByteChannel>((done) =>
    ports.transport.dial(listener.local, {}, done),
  )
  channel.start(reader)
  channel.send([new Uint8Array(5_000_000)])
  // One that is dialled and never started, one that is still on its way.
  await promise<ByteChannel>((done) => ports.transport.dial(listener.local, {}, done))
  ports.transport.dial({ host: '127.0.0.1', port: listener.local.port }, {}, () => {})

  const socket = await promise<DatagramSocket>((done) => {
    ports.datagrams.open({ port: 0, family: 4 }, { received: () => {} }, done)
  })
  socket.send(new Uint8Array(100), packMapped(socket.local) as Uint8Array)

  const call = { timeoutMs: 60_000, bodyLengthMax: 1000, redirectsMax: 0, admit: () => true }
  await promise<HttpResponse>((done) => ports.http.request({ ...call, url }, done))
  ports.http.request({ ...call, url: `${url}/silent` }, () => {})

  const files = Array.from({ length: 20 }, (_, index) => ({ path: ['t', `f${index}`], length: 9 }))
  const storage = await promise<Storage>((done) => ports.storage.open(files, done))
  for (const file of files.keys()) {
    await promise<void>((done) => storage.write(file, 0, new Uint8Array(9), done))
  }
  storage.sync([...files.keys()], () => {})
  ports.keep.save('resume', new Uint8Array(10), () => {})
  await promise<Uint8Array>((done) =>
    ports.hasher.digest('sha1', ports.hasher.allocate(2_000_000), done),
  )
  ports.hasher.digest('sha1', ports.hasher.allocate(2_000_000), () => {})
  ports.clock.at(ports.clock.now() + 3_600_000, () => {})
  ports.resolver.resolve('localhost', 'any', () => {})

  await ports.close()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

function descriptors(): number {
  return process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
}

function active(): string {
  return process.getActiveResourcesInfo().sort().join()
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

await useAll()
await settle()
const before = { descriptors: descriptors(), active: active() }
for (let cycle = 0; cycle < Number(cycles); cycle++) await useAll()
await settle()
console.log(JSON.stringify({ before, after: { descriptors: descriptors(), active: active() } }))
