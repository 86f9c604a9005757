// Goal: a suite passes an adapter that keeps the contract, and finds one that breaks it. Method: the smallest right
// adapter passes every check; then one thing at a time is broken, and some check must fail.
import { describe, expect, test } from 'vitest'
import {
  type Check,
  clockContract,
  hasherContract,
  keepContract,
  randomContract,
  resolverContract,
  storageContract,
  storageFaultContract,
} from '../contract/index.ts'
import type {
  Clock,
  Done,
  Hasher,
  Keep,
  Random,
  Resolver,
  Storage,
  StorageProvider,
} from '../src/index.ts'
import {
  MemoryDisk,
  MemoryHasher,
  MemoryKeep,
  MemoryRandom,
  MemoryResolver,
  MemoryTime,
} from './memory-adapters.ts'

type Change<T> = (right: T) => Partial<T>

/** The right adapter with some of its methods replaced. */
function changed<T extends object>(right: T, change: Change<T> | undefined): T {
  if (change === undefined) return right
  const replaced = change(right) as Record<PropertyKey, unknown>
  return new Proxy(right, {
    get: (target, name) => {
      if (name in replaced) return replaced[name]
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value as () => unknown).bind(target) : value
    },
  })
}

async function failures(checks: readonly Check[]): Promise<string[]> {
  const failed: string[] = []
  for (const check of checks) {
    try {
      await check.run()
    } catch (error) {
      failed.push(`${check.name}: ${(error as Error).message}`)
    }
  }
  return failed
}

function prove<T>(
  name: string,
  suite: (change?: Change<T>) => Check[],
  breaks: Readonly<Record<string, Change<T>>>,
): void {
  describe(`the suite of ${name}`, () => {
    for (const check of suite()) test(`passes a right adapter: ${check.name}`, () => check.run())
    for (const [fault, change] of Object.entries(breaks)) {
      test(`finds ${fault}`, async () => {
        expect(await failures(suite(change))).not.toEqual([])
      })
    }
  })
}

const none = { cancel: () => {} }

prove<Clock>(
  'Clock',
  (change) =>
    clockContract(async () => {
      const time = new MemoryTime()
      return { clock: changed<Clock>(time, change), ...time.world() }
    }),
  {
    'an alarm that runs inside at': () => ({
      at: (_time, run) => {
        run()
        return none
      },
    }),
    'an alarm that comes early': (right) => ({ at: (time, run) => right.at(time - 3, run) }),
    'an alarm that never comes': () => ({ at: () => none }),
    'an alarm that comes twice': (right) => ({
      at: (time, run) => {
        right.at(time, run)
        return right.at(time, run)
      },
    }),
    'a cancel that does nothing': (right) => ({
      at: (time, run) => {
        right.at(time, run)
        return none
      },
    }),
    'a long delay cut to 32 bits': (right) => ({
      at: (time, run) => right.at(right.now() + ((time - right.now()) | 0), run),
    }),
    'time that goes back': () => {
      let now = 1e9
      return { now: () => now-- }
    },
    'ties run in the wrong order': (right) => {
      let order = 0
      return { at: (time, run) => right.at(time - ++order * 1e-9, run) }
    },
  },
)

prove<Random>(
  'Random',
  (change) =>
    randomContract(async () => ({
      random: changed<Random>(new MemoryRandom(), change),
      ...new MemoryTime().world(),
    })),
  {
    'a bound that is reached': (right) => ({ below: (bound) => right.below(bound + 1) }),
    'one number too few': (right) => ({ below: (bound) => right.below(Math.max(1, bound - 1)) }),
    'a bias of modulo': (right) => ({ below: (bound) => right.below(64) % bound }),
    'a last byte that is not filled': (right) => ({
      fill: (bytes) => right.fill(bytes.subarray(0, -1)),
    }),
    'the same bytes each time': () => ({ fill: (bytes) => void bytes.fill(7) }),
    'bounds that are none': (right) => ({
      below: (bound) => (Number.isInteger(bound) && bound > 0 ? right.below(bound) : 0),
    }),
  },
)

prove<Resolver>(
  'Resolver',
  (change) =>
    resolverContract(async () => {
      const time = new MemoryTime()
      const resolver = changed<Resolver>(new MemoryResolver(time), change)
      const known = { host: 'known.example', address: '10.0.0.9' }
      return { resolver, known, unknown: 'unknown.example', ...time.world() }
    }),
  {
    'a family that does not matter': (right) => ({
      resolve: (host, _family, done) => right.resolve(host, 'any', done),
    }),
    'a cancel that does nothing': (right) => ({
      resolve: (host, family, done) => {
        right.resolve(host, family, done)
        return none
      },
    }),
    'an answer inside the call': () => ({
      resolve: (host, _family, done) => {
        done(undefined, [host])
        return none
      },
    }),
    'an empty answer for an unknown name': (right) => ({
      resolve: (host, family, done) =>
        right.resolve(host, family, (_error, found) => done(undefined, found)),
    }),
  },
)

prove<Hasher>(
  'Hasher',
  (change) =>
    hasherContract(async () => {
      const time = new MemoryTime()
      return { hasher: changed<Hasher>(new MemoryHasher(time), change), ...time.world() }
    }),
  {
    'the wrong algorithm': (right) => ({
      digest: (_algorithm, bytes, done) => right.digest('sha1', bytes, done),
    }),
    'the whole buffer instead of its part': (right) => ({
      digest: (algorithm, bytes, done) =>
        right.digest(algorithm, new Uint8Array(bytes.buffer), done),
    }),
    'a digest that is used again': (right) => {
      const kept = new Uint8Array(20)
      return {
        digest: (algorithm, bytes, done) =>
          right.digest(algorithm, bytes, (error, digest) => {
            if (algorithm !== 'sha1') return done(error, digest)
            if (kept.every((byte) => byte === 0) && bytes.length !== 3) kept.set(digest)
            done(error, bytes.length === 3 ? kept : digest)
          }),
      }
    },
    'memory that is not zeroed': () => ({ allocate: (length) => new Uint8Array(length).fill(1) }),
    'a last leaf that is padded': (right) => ({
      leaves: (bytes, leafLength, done) => {
        const padded = new Uint8Array(Math.ceil(bytes.length / leafLength) * leafLength)
        padded.set(bytes)
        right.leaves(padded, leafLength, done)
      },
    }),
    'an answer that comes twice': (right) => ({
      digest: (algorithm, bytes, done) => {
        right.digest(algorithm, bytes, done)
        right.digest(algorithm, bytes, done)
      },
    }),
  },
)

prove<Keep>(
  'Keep',
  (change) =>
    keepContract(async () => {
      const time = new MemoryTime()
      const keep = changed<Keep>(new MemoryKeep(time), change)
      return { keep, reopen: async () => keep, ...time.world() }
    }),
  {
    'one generation only': (right) => ({
      load: (name, done) => right.load(name, (error, found) => done(error, found.slice(0, 1))),
    }),
    'oldest first': (right) => ({
      load: (name, done) => right.load(name, (error, found) => done(error, [...found].reverse())),
    }),
    'names that fold case': (right) => ({
      save: (name, bytes, done) => right.save(name.toLowerCase(), bytes, done),
      load: (name, done) => right.load(name.toLowerCase(), done),
    }),
    'names that are normalised': (right) => ({
      save: (name, bytes, done) => right.save(name.normalize(), bytes, done),
      load: (name, done) => right.load(name.normalize(), done),
    }),
    'a remove that forgets nothing': (right) => ({
      remove: (_name, done) => right.load('', () => done(undefined)),
    }),
    'a save that answers inside the call': (right) => ({
      save: (name, bytes, done) => {
        right.save(name, bytes, () => {})
        done(undefined)
      },
    }),
    'memory that stays shared': () => {
      const blobs = new Map<string, Uint8Array[]>()
      const later = (run: () => void): void => void Promise.resolve().then(run)
      return {
        save: (name, bytes, done) =>
          later(() => {
            blobs.set(name, [bytes, ...(blobs.get(name) ?? [])].slice(0, 2))
            done(undefined)
          }),
        load: (name, done) => later(() => done(undefined, blobs.get(name) ?? [])),
      }
    },
  },
)

const disk = (change?: Change<Storage>): Check[] => {
  const setup = async () => {
    const time = new MemoryTime()
    const made = new MemoryDisk(time)
    const provider: StorageProvider = {
      open: (files, done: Done<Storage>) =>
        made.open(files, (error, storage) =>
          done(error, error ? storage : changed(storage, change)),
        ),
    }
    return {
      provider,
      reopen: async () => provider,
      failNext: (operation: string, code: 'DISK_FULL') => {
        made.failure = { operation, code }
      },
      ...time.world(),
    }
  }
  return [...storageContract(setup as never), ...storageFaultContract(setup as never)]
}

prove<Storage>('StorageProvider', disk, {
  'offsets of 32 bits': (right) => ({
    write: (file, offset, bytes, done) => right.write(file, offset % 2 ** 32, bytes, done),
    read: (file, offset, into, done) => right.read(file, offset % 2 ** 32, into, done),
  }),
  'files that mix': (right) => ({
    write: (_file, offset, bytes, done) => right.write(0, offset, bytes, done),
  }),
  'a missing file that reads as zeros': (right) => ({
    read: (file, offset, into, done) => right.read(file, offset, into, () => done(undefined)),
  }),
  'a truncate that does nothing': (right) => ({
    truncate: (_file, _length, done) => right.sync([], done),
  }),
  'a truncate that only cuts': (right) => ({
    truncate: (file, length, done) =>
      right.stat(file, (_error, stat) =>
        right.truncate(file, Math.min(length, stat?.length ?? 0), done),
      ),
  }),
  'a remove that does nothing': (right) => ({ remove: (_file, done) => right.sync([], done) }),
  'errors that are lost': (right) => ({
    write: (file, offset, bytes, done) => right.write(file, offset, bytes, () => done(undefined)),
  }),
  'a sync that always succeeds': (right) => ({
    sync: (files, done) => right.sync(files, () => done(undefined)),
  }),
  'a close that does not close': (right) => ({ close: (done) => right.sync([], done) }),
  'a write that is cut': (right) => ({
    write: (file, offset, bytes, done) => right.write(file, offset, bytes.subarray(0, 5000), done),
  }),
  'an answer inside the call': (right) => ({
    write: (file, offset, bytes, done) => {
      right.write(file, offset, bytes, () => {})
      done(undefined)
    },
  }),
})

describe('a storage suite', () => {
  test('finds a provider that lets paths out', async () => {
    const setup = async () => {
      const time = new MemoryTime()
      const made = new MemoryDisk(time)
      const provider: StorageProvider = {
        open: (files, done) =>
          made.open(
            files.map(({ length }, index) => ({ path: [String(index)], length })),
            done,
          ),
      }
      return { provider, reopen: async () => provider, ...time.world() }
    }
    const failed = await failures(storageContract(setup))
    expect(failed.some((each) => each.includes('OUTSIDE_ROOT'))).toBe(true)
  })
})
