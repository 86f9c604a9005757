// The decoder of this package, for the runner that mutates every decoder.
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import { encodeTapRecord, readTap, TAP_MAGIC } from '../src/tap-records.ts'

function recording(): Uint8Array {
  const records = [
    encodeTapRecord({
      kind: 'dialled',
      timeMs: 0,
      channel: 0,
      remote: { host: '10.0.0.1', port: 6881 },
    }),
    encodeTapRecord({
      kind: 'accepted',
      timeMs: 1.5,
      channel: 1,
      remote: { host: '::1', port: 1 },
    }),
    encodeTapRecord({ kind: 'sent', timeMs: 2, channel: 0, bytes: Uint8Array.of(1, 2, 3) }),
    encodeTapRecord({ kind: 'received', timeMs: 3, channel: 1, bytes: new Uint8Array(40) }),
    encodeTapRecord({ kind: 'closed', timeMs: 4, channel: 0, reason: 'NetworkError: broken off' }),
    encodeTapRecord({ kind: 'closed', timeMs: 5, channel: 1, reason: undefined }),
  ]
  return new Uint8Array(Buffer.concat([TAP_MAGIC, ...records]))
}

export const targets: Record<string, FuzzTarget> = {
  tap: {
    seeds: [recording()],
    expects: ['TapError'],
    run: (bytes) => {
      for (const record of readTap(bytes)) {
        const again = encodeTapRecord(record)
        if (again.length < 15) throw new Error('a record without a head')
      }
    },
  },
}
