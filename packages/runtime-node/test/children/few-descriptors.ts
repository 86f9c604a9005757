// Runs into the limit of open descriptors on purpose, with idle files that can be given up and sockets that cannot.
import type { ByteChannel, Listener, Storage } from '@bt/ports'
import { nodePorts } from '../../src/index.ts'

const [directory] = process.argv.slice(2) as [string]

function promise<T>(
  call: (done: (error: Error | undefined, value: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, value) => (error === undefined ? resolve(value) : reject(error)))
  })
}

const events: string[] = []
const ports = nodePorts({
  directory,
  hashThreads: 0,
  log: (_level, event) => void events.push(event),
})
const files = Array.from({ length: 20 }, (_, index) => ({ path: [`file${index}`], length: 9 }))
const storage = await promise<Storage>((done) => ports.storage.open(files, done))
for (const file of files.keys()) {
  await promise<void>((done) => storage.write(file, 0, new Uint8Array(9).fill(file), done))
}

const accepted = new Set<ByteChannel>()
const accept = (channel: ByteChannel): void => {
  accepted.add(channel)
  channel.start({ received: () => {}, drained: () => {}, closed: () => accepted.delete(channel) })
}
const listener = await promise<Listener>((done) =>
  ports.transport.listen({ host: '127.0.0.1', port: 0 }, accept, done),
)
const dialled: ByteChannel[] = []
const failures: string[] = []
for (let dial = 0; dial < 80; dial++) {
  try {
    const channel = await promise<ByteChannel>((done) =>
      ports.transport.dial(listener.local, {}, done),
    )
    channel.start({ received: () => {}, drained: () => {}, closed: () => {} })
    dialled.push(channel)
  } catch (error) {
    failures.push(String((error as { code?: unknown }).code))
  }
}
const most = dialled.length
// The disk still works: idle files were given up, and one descriptor comes free now and then.
for (const channel of dialled.splice(0, 6)) channel.abort(new Error('make room'))
await new Promise((resolve) => setTimeout(resolve, 50))
let right = 0
for (const file of files.keys()) {
  const into = new Uint8Array(9)
  await promise<void>((done) => storage.read(file, 0, into, done))
  if (into.every((byte) => byte === file)) right++
}
// And so does the listener.
for (const channel of dialled.splice(0)) channel.abort(new Error('make room'))
await new Promise((resolve) => setTimeout(resolve, 50))
const before = accepted.size
const last = await promise<ByteChannel>((done) => ports.transport.dial(listener.local, {}, done))
await new Promise((resolve) => setTimeout(resolve, 50))
const isAccepted = accepted.size === before + 1
last.abort(new Error('end'))
await ports.close()
console.log(
  JSON.stringify({
    most,
    failures: [...new Set(failures)],
    right,
    isAccepted,
    events: [...new Set(events)],
  }),
)
