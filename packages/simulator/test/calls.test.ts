// Every port call that can fail is numbered, and each of them can be made to fail in its turn.

import type { ByteChannel } from '@bt/ports'
import { packMapped } from '@bt/primitives'
import type { CallKind } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import { accepting, PORT, twoHosts } from './world.ts'

/** Uses every port once, one after the other; answers how each call ended. */
function standardWork(failAt?: number) {
  const { simulation, network, alice, bob } = twoHosts()
  if (failAt !== undefined) alice.calls.failAt(failAt)
  accepting(bob)
  bob.serveHttp(80, (_request, answer) => answer({ status: 200 }))
  network.name('bob.example', [bob.address])
  let datagrams = 0
  bob.ports.datagrams.open({ port: 53, family: 4 }, { received: () => datagrams++ }, () => {})
  const { ports } = alice
  const ends = new Map<string, string>()
  const codeOf = (error: Error | undefined): string =>
    error === undefined ? 'ok' : (error as Error & { code: string }).code
  const end =
    (what: CallKind) =>
    (error: Error | undefined): void => {
      ends.set(what, codeOf(error))
    }
  const reader = (channel: ByteChannel) => ({
    received: () => {},
    drained: () => {},
    closed: (reason: Error | undefined) => ends.set('send', codeOf(reason)),
    channel,
  })
  ports.transport.listen({ port: PORT }, () => {}, end('listen'))
  ports.transport.dial({ host: bob.address, port: PORT }, {}, (error, channel) => {
    end('dial')(error)
    if (error !== undefined) return
    channel.start(reader(channel))
    channel.send([new Uint8Array(10)])
    channel.close()
  })
  ports.datagrams.open({ port: 0, family: 4 }, { received: () => {} }, (error, socket) => {
    end('open-datagrams')(error)
    if (error === undefined)
      socket.send(new Uint8Array(1), packMapped({ host: bob.address, port: 53 }) as Uint8Array)
  })
  ports.resolver.resolve('bob.example', 'any', end('resolve'))
  const limits = { timeoutMs: 900, bodyLengthMax: 10, redirectsMax: 0, admit: () => true }
  ports.http.request({ url: `http://${bob.address}/`, ...limits }, end('http'))
  ports.hasher.digest('sha1', new Uint8Array(1), end('hash'))
  ports.storage.open([{ path: ['a'], length: 10 }], (error, storage) => {
    end('open-storage')(error)
    if (error !== undefined) return
    storage.write(0, 0, new Uint8Array(10), end('write'))
    storage.read(0, 0, new Uint8Array(0), end('read'))
    storage.stat(0, end('stat'))
    storage.truncate(0, 5, end('truncate'))
    storage.sync([0], end('sync'))
    storage.remove(0, end('remove'))
  })
  ports.keep.save('x', new Uint8Array(1), end('save'))
  ports.keep.load('x', end('load'))
  ports.keep.remove('x', end('forget'))
  simulation.run()
  ends.set('send-datagram', datagrams === 1 ? 'ok' : 'lost')
  return { ends, calls: alice.calls }
}

/** How each kind of call fails when nothing else is said. */
const FAILURES: Record<CallKind, string> = {
  dial: 'REFUSED',
  listen: 'FAILED',
  send: 'RESET',
  'open-datagrams': 'FAILED',
  'send-datagram': 'lost',
  resolve: 'NAME_UNKNOWN',
  http: 'REFUSED',
  'open-storage': 'NO_PERMISSION',
  read: 'READ_FAILED',
  write: 'WRITE_FAILED',
  stat: 'READ_FAILED',
  truncate: 'WRITE_FAILED',
  sync: 'WRITE_FAILED',
  remove: 'WRITE_FAILED',
  load: 'READ_FAILED',
  save: 'WRITE_FAILED',
  forget: 'WRITE_FAILED',
  hash: 'FAILED',
}

describe('numbered calls', () => {
  test('without a failure everything works, and every kind of call is counted', () => {
    const { ends, calls } = standardWork()
    expect(Object.fromEntries(ends)).toEqual(
      Object.fromEntries(Object.keys(FAILURES).map((kind) => [kind, 'ok'])),
    )
    // The HTTP request asks the resolver as well.
    expect(calls.made).toBe(Object.keys(FAILURES).length + 1)
  })

  test('each call of a run fails in its turn, as the error that fits it, and only that one', () => {
    const { made } = standardWork().calls
    const kinds = new Set<CallKind>()
    for (let number = 1; number <= made; number++) {
      const { ends, calls } = standardWork(number)
      expect(calls.failed.length).toBe(1)
      const { kind, number: failed } = calls.failed[0] as (typeof calls.failed)[0]
      expect(failed).toBe(number)
      kinds.add(kind)
      // The question for a name that HTTP asks is answered by the request.
      const answered = kind === 'resolve' && ends.get('http') !== 'ok' ? 'http' : kind
      expect([kind, ends.get(answered)]).toEqual([kind, FAILURES[kind]])
    }
    expect([...kinds].sort()).toEqual(Object.keys(FAILURES).sort())
  })

  test('a disk operation fails with the code it is given', () => {
    const { simulation, alice } = twoHosts()
    let code: unknown
    alice.calls.failAt(1, 'DISK_FULL')
    alice.ports.keep.save('x', new Uint8Array(1), (error) => {
      code = (error as { code?: unknown } | undefined)?.code
    })
    simulation.run()
    expect(code).toBe('DISK_FULL')
    expect(alice.calls.failed).toEqual([{ number: 1, kind: 'save', code: 'DISK_FULL' }])
  })
})
