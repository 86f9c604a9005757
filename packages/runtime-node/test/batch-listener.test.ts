// Goal: a batched listener keeps its limits, ends in order and fails in words. What it says in a tracker is compared with
// node:net in apps/tracker/test/http-batch.test.ts.
import net from 'node:net'
import { NetworkError } from '@bt/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { BatchListener, type NextStep } from '../src/batch-listener.ts'
import { listenerNative, type ListenerNative } from '../src/batch-native.ts'
import { realWorld } from './real-world.ts'

const { native } = listenerNative()
const open: BatchListener[] = []
afterEach(() => {
  for (const listener of open.splice(0)) listener.close()
})

/** Says everything back; "close", "end" and "throw" are what they say. */
function echo(
  limits: {
    readonly connectionsMax?: number
    readonly lingerMs?: number
    readonly port?: number
  } = {},
  shared = false,
) {
  const events: string[] = []
  let written = new Uint8Array(0)
  const out = {
    get length() {
      return written.length
    },
    get written() {
      return written
    },
    clear: () => void (written = new Uint8Array(0)),
  }
  const listener = new BatchListener(
    native as ListenerNative,
    { host: '127.0.0.1', port: limits.port ?? 0 },
    { backlog: 100, connectionsMax: 100, unreadMax: 1000, lingerMs: 60_000, ...limits },
    {
      out,
      opened: (_, from) => void events.push(`opened ${from.slice(10, 16).join('.')}`),
      received(_, chunk): NextStep {
        const text = Buffer.from(chunk).toString()
        if (text === 'throw') throw new RangeError('a bug')
        written = Uint8Array.from(chunk)
        return text === 'close' || text === 'end' ? text : 'go on'
      },
      gone: () => void events.push('gone'),
    },
    { poison: true, shared },
  )
  open.push(listener)
  return { listener, events, port: listener.local.port }
}

function dial(port: number, text: string) {
  const one = { heard: '', isClosed: false, socket: net.connect(port, '127.0.0.1') }
  one.socket.on('data', (chunk) => (one.heard += String(chunk)))
  one.socket.on('error', () => {})
  one.socket.on('close', () => (one.isClosed = true))
  one.socket.write(text)
  return one
}

describe.skipIf(native === undefined)('a batched listener', () => {
  const world = realWorld()

  test('tells who came, and who has gone; answers what was asked meanwhile', async () => {
    const { events, port } = echo()
    const one = dial(port, 'hello')
    await world.until(() => one.heard === 'hello', 'an answer')
    one.socket.end()
    await world.until(() => events.includes('gone'), 'the end')
    expect(events).toEqual(['opened 255.255.127.0.0.1', 'gone'])
  })

  test('turns away who is one too many, and takes the next when one has gone', async () => {
    const { port } = echo({ connectionsMax: 2 })
    const [first, second] = [dial(port, 'a'), dial(port, 'b')]
    await world.until(() => first.heard === 'a' && second.heard === 'b', 'two answers')
    const third = dial(port, 'c')
    await world.until(() => third.isClosed, 'the third turned away')
    expect(third.heard).toBe('')
    first.socket.destroy()
    await world.until(() => first.isClosed, 'the first gone')
    for (let heard = ''; heard !== 'd'; ) {
      const next = dial(port, 'd')
      await world.until(() => next.isClosed || next.heard === 'd', 'the fourth')
      heard = next.heard
    }
  })

  test('cuts who was bidden goodbye and stays, after the time to linger and not before', async () => {
    const patient = echo()
    const hasty = echo({ lingerMs: 0 })
    for (const { port, listener } of [patient, hasty]) {
      const one = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      one.on('error', () => {})
      one.write('end')
      one.resume()
      await new Promise((resolve) => one.once('end', resolve))
      expect(listener.cut()).toBe(listener === patient.listener ? 1 : 0)
      one.destroy()
    }
  })

  test('stops taking, serves on, and closes', async () => {
    const { listener, port } = echo()
    const one = dial(port, 'a')
    await world.until(() => one.heard === 'a', 'an answer')
    listener.stop()
    const other = dial(port, 'b')
    await world.until(() => other.isClosed, 'refused')
    one.socket.write('c')
    await world.until(() => one.heard === 'ac', 'another answer')
    listener.close()
    listener.close()
    await world.until(() => one.isClosed, 'the end')
    expect(listener.cut()).toBe(0)
  })

  test('shares a port with those who say so; what is no address, or taken, is a typed error', () => {
    const one = echo({}, true)
    expect(echo({ port: one.port }, true).port).toBe(one.port)
    const codeOf = (make: () => unknown): string => {
      try {
        make()
      } catch (error) {
        expect(error).toBeInstanceOf(NetworkError)
        return (error as NetworkError).code
      }
      return ''
    }
    expect(codeOf(() => echo({ port: one.port }))).toBe('ADDRESS_IN_USE')
    expect(codeOf(() => echo({ port: 70_000 }))).toBe('BAD_ADDRESS')
    const nobody = { out: { length: 0, written: new Uint8Array(0), clear: () => {} } }
    const limits = { backlog: 1, connectionsMax: 1, unreadMax: 1, lingerMs: 1 }
    for (const [host, code] of [
      ['localhost', 'BAD_ADDRESS'],
      ['192.0.2.1', 'ADDRESS_NOT_HERE'],
    ] as const)
      expect(
        codeOf(
          () =>
            new BatchListener(native as ListenerNative, { host, port: 0 }, limits, nobody as never),
        ),
      ).toBe(code)
  })

  test('arguments that are none are refused by the addon itself', () => {
    const call = (...args: unknown[]): unknown =>
      (native as unknown as { open(...args: unknown[]): unknown }).open(...args)
    const bytes = new Uint8Array(16_384)
    const words = new Uint32Array(4)
    const limits = Uint32Array.of(1, 1, 1, 1, 1)
    const at = ['127.0.0.1', 0, 4, false] as const
    expect(() => call(...at)).toThrow(/10 arguments/)
    expect(() => call(...at, limits, bytes, bytes, bytes, words, 1)).toThrow(/something/)
    const many = Uint32Array.of(1, 1, 1, 1, 100_000)
    expect(() => call(...at, many, bytes, bytes, bytes, words, () => 0)).toThrow(/something/)
    const small = new Uint8Array(10)
    expect(() => call(...at, limits, small, bytes, bytes, words, () => 0)).toThrow(/memory/)
    expect(() => (native as ListenerNative).close({})).toThrow(/not a listener/)
  })

  test('a server that throws is an uncaught exception, not silence', async () => {
    const { port } = echo()
    const uncaught = new Promise<Error>((resolve) => {
      const before = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.once('uncaughtException', (error) => {
        for (const listener of before) process.on('uncaughtException', listener)
        resolve(error)
      })
    })
    dial(port, 'throw')
    expect((await uncaught).message).toBe('a bug')
  })
})
