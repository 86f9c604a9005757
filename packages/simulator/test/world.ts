// What the tests of this package begin with: two hosts, and a peer that counts what it gets.

import type { ByteChannel, ChannelReader } from '@bt/ports'
import { SimNetwork, Simulation } from '@bt/simulator'
import type { Faults, HostOptions, NetworkOptions, SimHost } from '@bt/simulator'

/** One way between alice and bob in `twoHosts`, in ms: 1 + 10 + 10 + 1. */
export const ONE_WAY_MS = 22

export interface TwoHosts {
  readonly simulation: Simulation
  readonly network: SimNetwork
  readonly alice: SimHost
  readonly bob: SimHost
}

export function twoHosts(
  options: {
    readonly seed?: number
    readonly faults?: Partial<Faults>
    readonly network?: NetworkOptions
    readonly alice?: HostOptions
    readonly bob?: HostOptions
  } = {},
): TwoHosts {
  const simulation = new Simulation(options.seed ?? 1)
  const network = new SimNetwork(simulation, options.faults, {
    chunking: 'whole',
    ...options.network,
  })
  const alice = network.addHost(network.addSite('a'), options.alice)
  const bob = network.addHost(network.addSite('b'), options.bob)
  return { simulation, network, alice, bob }
}

/** Keeps what comes, as lengths and, on demand, as bytes. */
export class Counter implements ChannelReader {
  readonly channel: ByteChannel
  length = 0
  readonly chunks: number[] = []
  readonly objects: object[] = []
  readonly bytes: number[] = []
  drains = 0
  ends = 0
  reason: Error | undefined
  readonly #keepBytes: boolean

  constructor(channel: ByteChannel, keepBytes = false) {
    this.channel = channel
    this.#keepBytes = keepBytes
    channel.start(this)
  }

  received(chunk: Uint8Array): void {
    this.length += chunk.length
    this.chunks.push(chunk.length)
    if (this.#keepBytes) this.bytes.push(...chunk)
  }

  receivedObject(value: object): void {
    this.objects.push(value)
  }

  drained(): void {
    this.drains++
  }

  closed(reason: Error | undefined): void {
    this.ends++
    this.reason = reason
  }

  get code(): unknown {
    return (this.reason as { code?: unknown } | undefined)?.code
  }
}

export const PORT = 6881

/** Bob listens; answers the counters of what he accepts, as it comes. */
export function accepting(host: SimHost, keepBytes = false): Counter[] {
  const accepted: Counter[] = []
  host.ports.transport.listen(
    { port: PORT },
    (channel) => accepted.push(new Counter(channel, keepBytes)),
    (error) => {
      if (error !== undefined) throw error
    },
  )
  return accepted
}

/** A connection between the two, both ends counting. */
export function connected(
  { simulation, alice, bob }: TwoHosts,
  keepBytes = false,
): { near: Counter; far: Counter } {
  const accepted = accepting(bob, keepBytes)
  let near: Counter | undefined
  alice.ports.transport.dial({ host: bob.address, port: PORT }, {}, (error, channel) => {
    if (error !== undefined) throw error
    near = new Counter(channel, keepBytes)
  })
  const limits = { timeMs: simulation.clock.now() + 10_000 }
  simulation.runUntil(() => near !== undefined && accepted.length === 1, limits, 'a connection')
  return { near: near as Counter, far: accepted[0] as Counter }
}
