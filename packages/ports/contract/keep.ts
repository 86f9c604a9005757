// What every Keep does: a blob is there whole or not at all, and the one before it stays.

import type { Keep } from '../src/index.ts'
import { type Check, checkIn, equal, sameBytes, type Setup, type Witness } from './check.ts'
import { content } from './content.ts'

export interface KeepParts {
  readonly keep: Keep
  /** Another Keep of the same place, as after kill −9: only what `save` has answered for must be there. */
  reopen(): Promise<Keep>
}

/** Names that a file system could trip over; each is one blob of its own. */
const NAMES = [
  'resume',
  'Resume',
  'a/b',
  '..',
  '.',
  'a\\b',
  'con',
  'é',
  'e\u0301',
  ' ',
  'a%2Fb',
  'x'.repeat(100),
]

/** The suite for `Keep`. */
export function keepContract(setup: Setup<KeepParts>): Check[] {
  return [
    checkIn('nothing is there at first', setup, async ({ keep }, witness) => {
      equal((await load(witness, keep, 'resume')).length, 0, 'generations')
      await witness.ask('remove', (done) => keep.remove('resume', done))
    }),
    checkIn('what was saved is loaded, also after a restart', setup, async (world, witness) => {
      for (const length of [0, 1, 4096, 1_000_000]) {
        const bytes = content(length, 0, length)
        await save(witness, world.keep, 'resume', bytes)
        sameBytes(
          (await load(witness, world.keep, 'resume'))[0] as Uint8Array,
          bytes,
          `${length} bytes`,
        )
        const after = await load(witness, await world.reopen(), 'resume')
        sameBytes(after[0] as Uint8Array, bytes, `${length} bytes after a restart`)
      }
    }),
    checkIn('the generation before is kept, newest first', setup, async (world, witness) => {
      for (let generation = 1; generation <= 4; generation++) {
        await save(witness, world.keep, 'resume', content(generation, 0, 100 * generation))
        const loaded = await load(witness, await world.reopen(), 'resume')
        equal(loaded.length, Math.min(generation, 2), 'generations')
        for (const [age, bytes] of loaded.entries()) {
          const expected = content(generation - age, 0, 100 * (generation - age))
          sameBytes(bytes, expected, `generation ${generation - age}`)
        }
      }
    }),
    checkIn('names do not mix, whatever is in them', setup, async (world, witness) => {
      for (const [index, name] of NAMES.entries())
        await save(witness, world.keep, name, content(index, 0, 50))
      const after = await world.reopen()
      for (const [index, name] of NAMES.entries()) {
        const loaded = await load(witness, after, name)
        equal(loaded.length, 1, `generations of ${JSON.stringify(name)}`)
        sameBytes(loaded[0] as Uint8Array, content(index, 0, 50), JSON.stringify(name))
      }
    }),
    checkIn('saves of one name happen in their order', setup, async (world, witness) => {
      let open = 0
      for (let generation = 0; generation < 10; generation++) {
        open++
        world.keep.save('resume', content(generation, 0, 1000), (error) => {
          if (error !== undefined) witness.complain(`save: ${error.message}`)
          open--
        })
      }
      await world.until(() => open === 0, '10 saves')
      const loaded = await load(witness, await world.reopen(), 'resume')
      sameBytes(loaded[0] as Uint8Array, content(9, 0, 1000), 'the last one')
      sameBytes(loaded[1] as Uint8Array, content(8, 0, 1000), 'the one before')
    }),
    checkIn('what was loaded belongs to the caller', setup, async ({ keep }, witness) => {
      const bytes = content(1, 0, 100)
      await save(witness, keep, 'resume', bytes)
      bytes.fill(0)
      ;(await load(witness, keep, 'resume'))[0]?.fill(0)
      sameBytes(
        (await load(witness, keep, 'resume'))[0] as Uint8Array,
        content(1, 0, 100),
        'loaded again',
      )
    }),
    checkIn('remove takes all generations', setup, async (world, witness) => {
      await save(witness, world.keep, 'resume', content(1, 0, 10))
      await save(witness, world.keep, 'resume', content(2, 0, 10))
      await save(witness, world.keep, 'other', content(3, 0, 10))
      await witness.ask('remove', (done) => world.keep.remove('resume', done))
      const after = await world.reopen()
      equal((await load(witness, after, 'resume')).length, 0, 'generations')
      equal((await load(witness, after, 'other')).length, 1, 'generations of the other')
    }),
  ]
}

function save(witness: Witness, keep: Keep, name: string, bytes: Uint8Array): Promise<void> {
  return witness.ask('save', (done) => keep.save(name, bytes, done))
}

function load(witness: Witness, keep: Keep, name: string): Promise<readonly Uint8Array[]> {
  return witness.ask('load', (done) => keep.load(name, done))
}
