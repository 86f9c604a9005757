// The suites of @bt/ports/contract on the simulated adapters. Time passes only while a check waits for it.
//
// Everything runs in six networks: unlimited and slow links, shared in turns and fairly, bytes whole and cut at random.

import type { StorageErrorCode } from '@bt/ports'
import {
  clockContract,
  datagramsContract,
  hasherContract,
  httpContract,
  keepContract,
  randomContract,
  resolverContract,
  silentDialContract,
  storageContract,
  storageFaultContract,
  transportContract,
} from '@bt/ports/contract'
import type { Check, Setup, World } from '@bt/ports/contract'
import { SimNetwork, Simulation } from '@bt/simulator'
import type { HostOptions, NetworkOptions, SimHost } from '@bt/simulator'
import { describe, test } from 'vitest'

const WAIT_MS = 600_000

interface Two {
  readonly network: SimNetwork
  readonly near: SimHost
  readonly far: SimHost
}

/** A world of two hosts in two sites, 2 ms apart. */
function two(seed: string, network: NetworkOptions, host: HostOptions): World & Two {
  const simulation = new Simulation(seed)
  const made = new SimNetwork(simulation, {}, network)
  const options = { latencyMs: 0.5, ...host }
  const near = made.addHost(made.addSite('near', { latencyMs: 0.5 }), options)
  const far = made.addHost(made.addSite('far', { latencyMs: 0.5 }), options)
  return {
    network: made,
    near,
    far,
    until: (holds, what) => {
      simulation.runUntil(holds, { timeMs: simulation.clock.now() + WAIT_MS }, what)
      return Promise.resolve()
    },
    pass: (milliseconds) => {
      simulation.run({ timeMs: simulation.clock.now() + milliseconds })
      return Promise.resolve()
    },
    close: () => Promise.resolve(),
  }
}

function run(checks: readonly Check[]): void {
  for (const check of checks) test(check.name, () => check.run())
}

const SLOW: HostOptions = { uploadBytesPerSecond: 20_000_000, downloadBytesPerSecond: 10_000_000 }
const LINKS = [
  ['unlimited links, bytes cut at random', { chunking: 'random' }, {}],
  ['unlimited links, bytes whole', { chunking: 'whole' }, {}],
  ['slow links, bytes cut at random', { chunking: 'random', windowBytes: 100_000 }, SLOW],
  ['slow links, bytes whole', { chunking: 'whole' }, SLOW],
  ['fair links, bytes cut at random', { chunking: 'random', rates: 'fair' }, SLOW],
  ['fair links, bytes whole', { chunking: 'whole', rates: 'fair', windowBytes: 100_000 }, SLOW],
] as const

for (const [name, network, host] of LINKS) {
  const setup: Setup<Two> = () => Promise.resolve(two(name, network, host))
  describe(`Transport, ${name}`, () => {
    const parts = async () => {
      const world = await setup()
      return {
        ...world,
        near: world.near.ports.transport,
        far: world.far.ports.transport,
        nearHost: world.near.address,
        farHost: world.far.address,
      }
    }
    run(transportContract(parts))
    run(
      silentDialContract(async () => ({
        ...(await parts()),
        silent: { host: '192.0.2.1', port: 6881 },
      })),
    )
  })
  for (const family of [4, 6] as const) {
    describe(`Datagrams, IPv${family}, ${name}`, () => {
      run(
        datagramsContract(async () => {
          const world = await setup()
          const address = (one: SimHost): string =>
            family === 4 ? one.address : (one.address6 as string)
          return {
            ...world,
            near: world.near.ports.datagrams,
            far: world.far.ports.datagrams,
            nearHost: address(world.near),
            farHost: address(world.far),
            family,
          }
        }),
      )
    })
  }
  describe(`Http, ${name}`, () => {
    run(
      httpContract(async () => {
        const world = await setup()
        let port = 8000
        return {
          ...world,
          http: world.near.ports.http,
          serve: (answer) => {
            world.far.serveHttp(++port, (request, reply) => {
              const response = answer({ path: request.path, headers: request.headers })
              if (response !== undefined) reply(response)
            })
            const { address } = world.far
            return Promise.resolve({ url: `http://${address}:${port}`, address })
          },
          refusing: `http://${world.far.address}:7999`,
          unknownHost: 'nobody.example',
        }
      }),
    )
  })
}

const alone = (): World & Two => two('alone', {}, {})

describe('Transport on one host, over loopback', () => {
  run(
    transportContract(() => {
      const world = alone()
      const { transport } = world.near.ports
      const host = '127.0.0.1'
      return Promise.resolve({
        ...world,
        near: transport,
        far: transport,
        nearHost: host,
        farHost: host,
      })
    }),
  )
})

describe('Clock', () => {
  run(
    clockContract(() => {
      const world = alone()
      return Promise.resolve({ ...world, clock: world.near.ports.clock })
    }),
  )
})

describe('Random', () => {
  run(
    randomContract(() => {
      const world = alone()
      return Promise.resolve({ ...world, random: world.near.ports.random })
    }),
  )
})

describe('Resolver', () => {
  run(
    resolverContract(() => {
      const world = alone()
      const known = { host: 'tracker.example', address: world.far.address }
      world.network.name(known.host, [world.far.address6 as string, known.address])
      const { resolver } = world.near.ports
      return Promise.resolve({ ...world, resolver, known, unknown: 'nobody.example' })
    }),
  )
})

for (const hashBytesPerSecond of [Number.POSITIVE_INFINITY, 1e9]) {
  describe(`Hasher at ${hashBytesPerSecond} bytes per second`, () => {
    run(
      hasherContract(() => {
        const world = two('hasher', {}, { hashBytesPerSecond })
        return Promise.resolve({ ...world, hasher: world.near.ports.hasher })
      }),
    )
  })
}

describe('Storage', () => {
  const setup = (): World & Two & StorageWorld => {
    const world = alone()
    const provider = world.near.ports.storage
    return {
      ...world,
      provider,
      reopen: () => {
        world.near.kill()
        world.near.restart()
        return Promise.resolve(world.near.ports.storage)
      },
      failNext: (operation, code) => {
        world.near.disk.fail({ code, operations: [operation], times: 1 })
      },
    }
  }
  run(storageContract(() => Promise.resolve(setup())))
  run(storageFaultContract(() => Promise.resolve(setup())))
})

interface StorageWorld {
  readonly provider: SimHost['ports']['storage']
  reopen(): Promise<SimHost['ports']['storage']>
  failNext(operation: 'read' | 'write' | 'sync', code: StorageErrorCode): void
}

for (const disk of ['kept', 'torn', 'dropped'] as const) {
  describe(`Keep, after a crash with unsynced data ${disk}`, () => {
    run(
      keepContract(() => {
        const world = alone()
        return Promise.resolve({
          ...world,
          // The suite goes on with both: each call is made by the process that lives now.
          keep: {
            load: (name, done) => world.near.ports.keep.load(name, done),
            save: (name, bytes, done) => world.near.ports.keep.save(name, bytes, done),
            remove: (name, done) => world.near.ports.keep.remove(name, done),
          },
          reopen: () => {
            world.near.crash({ disk })
            world.near.restart()
            return Promise.resolve(world.near.ports.keep)
          },
        })
      }),
    )
  })
}
