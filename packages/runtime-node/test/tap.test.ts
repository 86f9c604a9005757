import type { ByteChannel, Listener } from '@bt/ports'
import { transportContract } from '@bt/ports/contract'
import { describe, expect, test } from 'vitest'
import { fuzz } from '../../../tests/support/mutate.ts'
import { tap } from '../src/tap.ts'
import { encodeTapRecord, readTap, TAP_MAGIC, type TapRecord } from '../src/tap-records.ts'
import { TcpTransport } from '../src/tcp-transport.ts'
import { targets } from './fuzz-targets.ts'
import { realWorld } from './real-world.ts'

describe('a tapped transport keeps the contract of Transport', () => {
  const setup = async () => {
    const transport = new TcpTransport({ poison: true })
    const tapped = tap(transport, performance, () => {})
    return {
      near: tapped,
      far: tapped,
      farHost: '127.0.0.1',
      nearHost: '127.0.0.1',
      ...realWorld(() => transport.close()),
    }
  }
  for (const check of transportContract(setup)) test(check.name, () => check.run())
})

describe('a recording', () => {
  test('holds who connected, what passed each way, and how it ended', async () => {
    const transport = new TcpTransport({ poison: true })
    const parts: Uint8Array[] = []
    let now = 100
    const tapped = tap(transport, { now: () => now++ }, (bytes) => void parts.push(bytes))
    const accepted: ByteChannel[] = []
    const listener = await new Promise<Listener>((resolve) => {
      tapped.listen(
        { host: '127.0.0.1', port: 0 },
        (channel) => accepted.push(channel),
        (_error, made) => resolve(made),
      )
    })
    const dialled = await new Promise<ByteChannel>((resolve) => {
      tapped.dial(listener.local, {}, (_error, channel) => resolve(channel))
    })
    const ended = new Promise<void>((resolve) => {
      dialled.start({ received: () => {}, drained: () => {}, closed: () => resolve() })
    })
    dialled.send([Uint8Array.of(1, 2), Uint8Array.of(3)])
    while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve))
    accepted[0]?.start({ received: () => dialled.close(), drained: () => {}, closed: () => {} })
    await ended
    await transport.close()
    const records = [...readTap(new Uint8Array(Buffer.concat(parts)))]
    const seen = records.map((record) => describeRecord(record)).sort()
    expect(seen).toEqual([
      'accepted',
      'closed',
      'closed',
      'dialled',
      'received 1,2,3',
      'sent 1,2,3',
    ])
    expect(new Set(records.map(({ channel }) => channel))).toEqual(new Set([0, 1]))
    const times = records.map(({ timeMs }) => timeMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(records.find(({ kind }) => kind === 'dialled')).toMatchObject({ remote: listener.local })
  })

  test('is read back as it was written', () => {
    const records: TapRecord[] = [
      { kind: 'dialled', timeMs: 0.001, channel: 0, remote: { host: '2001:db8::1', port: 65_535 } },
      {
        kind: 'accepted',
        timeMs: 86_400_000 * 365,
        channel: 2 ** 32 - 1,
        remote: { host: '1.2.3.4', port: 1 },
      },
      { kind: 'sent', timeMs: 5, channel: 7, bytes: Uint8Array.of(0, 255) },
      { kind: 'received', timeMs: 5, channel: 7, bytes: new Uint8Array(0) },
      { kind: 'closed', timeMs: 6, channel: 7, reason: undefined },
      { kind: 'closed', timeMs: 6, channel: 8, reason: 'Error: größer' },
    ]
    const bytes = Buffer.concat([TAP_MAGIC, ...records.map(encodeTapRecord)])
    expect([...readTap(new Uint8Array(bytes))]).toEqual(records)
  })

  test('that is cut off at any byte is read up to there', () => {
    const whole = targets['tap']?.seeds[0] as Uint8Array
    const all = [...readTap(whole)].length
    for (let length = 0; length < whole.length; length++) {
      const cut = whole.subarray(0, length)
      if (length < TAP_MAGIC.length) {
        expect(() => [...readTap(cut)]).toThrow(expect.objectContaining({ code: 'NOT_A_TAP' }))
      } else expect([...readTap(cut)].length).toBeLessThan(all)
    }
  })

  test('with lengths, kinds or endpoints that cannot be is a BROKEN_RECORD', () => {
    const record = encodeTapRecord({ kind: 'closed', timeMs: 0, channel: 0, reason: 'x' })
    const broken = (change: (bytes: Uint8Array) => void): (() => unknown) => {
      const bytes = new Uint8Array(Buffer.concat([TAP_MAGIC, record, new Uint8Array(20)]))
      change(bytes)
      return () => [...readTap(bytes)]
    }
    const expected = expect.objectContaining({ name: 'TapError', code: 'BROKEN_RECORD', offset: 8 })
    expect(broken((bytes) => bytes.fill(255, 8, 12))).toThrow(expected)
    expect(broken((bytes) => bytes.fill(0, 8, 12))).toThrow(expected)
    expect(broken((bytes) => bytes.fill(9, 12, 13))).toThrow(expected)
    expect(broken((bytes) => bytes.fill(0, 12, 13))).toThrow(expected)
  })

  test('survives mutation: a TapError or records, nothing else', () => {
    for (const target of Object.values(targets)) fuzz(target, { inputs: 2000, seed: 7 })
  })
})

function describeRecord(record: TapRecord): string {
  return 'bytes' in record ? `${record.kind} ${record.bytes.join()}` : record.kind
}
