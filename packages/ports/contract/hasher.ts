// What every Hasher does: the digests of FIPS 180-4, whatever does the work and however much is asked at once.

import { fromHex } from '@bt/primitives'
import type { Hasher } from '../src/index.ts'
import { type Check, checkIn, equal, sameBytes, type Setup, that, type Witness } from './check.ts'
import { content } from './content.ts'

const ABC = new TextEncoder().encode('abc')
const MILLION_A = 'a'.repeat(1_000_000)

/** FIPS 180-4 examples, as published by NIST. */
const KNOWN: readonly (readonly ['sha1' | 'sha256', string, string])[] = [
  ['sha1', '', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
  ['sha1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  [
    'sha1',
    'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
    '84983e441c3bd26ebaae4aa1f95129e5e54670f1',
  ],
  ['sha1', MILLION_A, '34aa973cd4c4daa4f61eeb2bdbad27316534016f'],
  ['sha256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['sha256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['sha256', MILLION_A, 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
]

/** The suite for `Hasher`. */
export function hasherContract(setup: Setup<{ readonly hasher: Hasher }>): Check[] {
  return [
    checkIn('digests are those of FIPS 180-4', setup, async ({ hasher }, witness) => {
      for (const [algorithm, text, expected] of KNOWN) {
        const bytes = new TextEncoder().encode(text)
        const memory = hasher.allocate(bytes.length)
        memory.set(bytes)
        for (const input of [bytes, memory]) {
          const digest = await digestOf(witness, hasher, algorithm, input)
          sameBytes(digest, hex(expected), `${algorithm} of ${bytes.length} bytes`)
        }
      }
    }),
    checkIn('allocated memory is zeroed and of the length asked for', setup, async ({ hasher }) => {
      for (const length of [0, 1, 16_384, 3_000_001]) {
        const memory = hasher.allocate(length)
        equal(memory.length, length, 'length')
        that(
          memory.every((byte) => byte === 0),
          'zeroed',
        )
      }
    }),
    checkIn(
      'a part of allocated memory is hashed as that part',
      setup,
      async ({ hasher }, witness) => {
        const memory = hasher.allocate(1_000_100)
        memory.fill(0x61, 50, 1_000_050)
        const part = memory.subarray(50, 1_000_050)
        sameBytes(
          await digestOf(witness, hasher, 'sha1', part),
          hex(known('sha1')),
          'sha1 of the part',
        )
        sameBytes(
          await digestOf(witness, hasher, 'sha256', part),
          hex(known('sha256')),
          'sha256 of the part',
        )
      },
    ),
    checkIn('many digests at once are all right', setup, async (world, witness) => {
      const { hasher } = world
      const million = new TextEncoder().encode(MILLION_A)
      let right = 0
      for (let job = 0; job < 40; job++) {
        const large = job % 2 === 0
        const memory = hasher.allocate(large ? million.length : ABC.length)
        memory.set(large ? million : ABC)
        const expected = large ? known('sha1') : 'a9993e364706816aba3e25717850c26c9cd0d89d'
        let got: Uint8Array | undefined
        const once = witness.once('digest', () => {
          sameBytesOr(witness, got, hex(expected))
          right++
        })
        hasher.digest('sha1', memory, (_error, digest) => {
          got = digest
          once.call()
        })
        once.arm()
      }
      await world.until(() => right === 40, '40 digests')
    }),
    checkIn('a digest belongs to the caller', setup, async ({ hasher }, witness) => {
      const first = await digestOf(witness, hasher, 'sha1', ABC)
      first.fill(0)
      const second = await digestOf(witness, hasher, 'sha1', ABC)
      sameBytes(second, hex('a9993e364706816aba3e25717850c26c9cd0d89d'), 'the second digest')
    }),
    checkIn(
      'leaves are the SHA-256 of each leaf, the last one short',
      setup,
      async ({ hasher }, witness) => {
        for (const length of [0, 1, 16_384, 16_385, 70_000, 300_000]) {
          const memory = hasher.allocate(length)
          memory.set(content(1, 0, length))
          const leaves = await witness.ask<Uint8Array>('leaves', (done) =>
            hasher.leaves(memory, 16_384, done),
          )
          const count = Math.ceil(length / 16_384)
          equal(leaves.length, count * 32, `bytes of ${count} leaves`)
          for (let leaf = 0; leaf < count; leaf++) {
            const part = memory.slice(leaf * 16_384, (leaf + 1) * 16_384)
            const expected = await digestOf(witness, hasher, 'sha256', part)
            sameBytes(
              leaves.slice(leaf * 32, leaf * 32 + 32),
              expected,
              `leaf ${leaf} of ${length} bytes`,
            )
          }
        }
      },
    ),
  ]
}

function digestOf(
  witness: Witness,
  hasher: Hasher,
  algorithm: 'sha1' | 'sha256',
  bytes: Uint8Array,
): Promise<Uint8Array> {
  return witness.ask(algorithm, (done) => hasher.digest(algorithm, bytes, done))
}

function known(algorithm: 'sha1' | 'sha256'): string {
  return KNOWN.find(([name, text]) => name === algorithm && text === MILLION_A)?.[2] as string
}

function hex(text: string): Uint8Array {
  return fromHex(text) as Uint8Array
}

function sameBytesOr(witness: Witness, got: Uint8Array | undefined, expected: Uint8Array): void {
  if (got?.join() !== expected.join()) witness.complain(`digest is ${got?.join()}`)
}
