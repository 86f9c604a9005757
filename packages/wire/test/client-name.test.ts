import { readFileSync } from 'node:fs'
import { type PeerId, parsePeerId } from '@bt/primitives'
import { expect, test } from 'vitest'
import { clientName, printable } from '../src/index.ts'
import { latin1 } from './bytes.ts'

const { cases } = JSON.parse(
  readFileSync(new URL('vectors/client-names.json', import.meta.url), 'utf8'),
) as { cases: readonly { peerId: string; name: string }[] }

test.each(cases)('$peerId is $name', ({ peerId, name }) => {
  expect(clientName(parsePeerId(latin1(peerId)) as PeerId)).toBe(name)
})

test('control characters, direction marks and lone surrogates are not printed', () => {
  expect(printable('a\x1b[1m\n\u202eb\ud800\u2028c')).toBe('a?[1m??b??c')
  expect(printable('µTorrent 3.5 ✓')).toBe('µTorrent 3.5 ✓')
})
