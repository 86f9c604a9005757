// Goal: one seed is one run, whatever goes wrong in it. Method: a gossip of twelve hosts that uses every port,
// with every fault switched on, crashes and partitions, run twice per seed; traces are compared event by event.

import type { ByteChannel, Storage } from '@bt/ports'
import { packMapped } from '@bt/primitives'
import { SimNetwork, Simulation } from '@bt/simulator'
import type { SimHost, TraceEntry } from '@bt/simulator'
import { expect, test } from 'vitest'

const END_MS = 60_000
const PORT = 6881

/** A process that talks to random others over everything it has, until its life ends. */
function gossip(host: SimHost, hosts: readonly SimHost[]): void {
  const { ports } = host
  const { clock, random } = ports
  const nothing = (): void => {}
  const anyone = (): SimHost => hosts[random.below(hosts.length)] as SimHost
  const talk = (channel: ByteChannel): void => {
    let heard = 0
    channel.start({
      received: (chunk) => {
        heard += chunk.length
        if (heard > 200_000) channel.close()
        else if (random.below(4) === 0) channel.send([new Uint8Array(1 + random.below(30_000))])
      },
      drained: nothing,
      closed: (reason) => ports.log?.('debug', 'closed', { reason: reason?.message }),
    })
    channel.send([new Uint8Array(1_000)])
  }
  let storage: Storage | undefined
  ports.transport.listen({ port: PORT }, talk, nothing)
  host.serveHttp(80, (request, answer) =>
    answer({ status: 200, body: new TextEncoder().encode(request.from) }),
  )
  ports.storage.open([{ path: ['file'], length: 1_000_000 }], (_error, opened) => {
    storage = opened
  })
  const receiver = { received: () => ports.log?.('debug', 'datagram', {}) }
  ports.datagrams.open({ port: 53, family: 4 }, receiver, (error, socket) => {
    if (error !== undefined) return
    const send = (): void => {
      const to = packMapped({ host: anyone().address, port: 53 }) as Uint8Array
      socket.send(new Uint8Array(1 + random.below(1_400)), to)
      clock.at(clock.now() + 1 + random.below(300), send)
    }
    send()
  })
  const work = (): void => {
    const far = anyone()
    ports.transport.dial(
      { host: far.address, port: PORT },
      { timeoutMs: 5_000 },
      (error, channel) => {
        if (error === undefined) talk(channel)
      },
    )
    const bytes = new Uint8Array(1 + random.below(50_000))
    storage?.write(0, random.below(900_000), bytes, () => storage?.sync([0], nothing))
    ports.keep.save('state', bytes, nothing)
    ports.hasher.digest('sha1', bytes, (_error, digest) =>
      ports.log?.('debug', 'hashed', { digest }),
    )
    const limits = { timeoutMs: 3_000, bodyLengthMax: 100, redirectsMax: 0, admit: () => true }
    ports.http.request({ url: `http://host-${far.index}.example/`, ...limits }, nothing)
    clock.at(clock.now() + 200 + random.below(2_000), work)
  }
  clock.at(random.below(1_000), work)
}

function scenario(seed: number, trace?: (entry: TraceEntry) => void) {
  const simulation = new Simulation(seed, trace === undefined ? {} : { trace })
  const network = new SimNetwork(simulation, {
    dialFailure: 0.05,
    corruptChunk: 0.01,
    datagramLoss: 0.1,
    datagramDuplicate: 0.1,
    datagramReorder: 0.1,
    resolveFailure: 0.05,
    diskError: 0.05,
    partitionEveryMs: 20_000,
    partitionForMs: 5_000,
  })
  const sites = ['a', 'b', 'c'].map((name, at) => network.addSite(name, { latencyMs: 5 + 10 * at }))
  const hosts: SimHost[] = []
  for (let at = 0; at < 12; at++) {
    const rates = { uploadBytesPerSecond: 50_000 * (1 + (at % 4)), downloadBytesPerSecond: 400_000 }
    hosts.push(network.addHost(sites[at % 3] ?? network.addSite('a'), at === 11 ? {} : rates))
    network.name(`host-${at}.example`, [hosts.at(-1)?.address as string])
  }
  for (const host of hosts) gossip(host, hosts)
  const fate = simulation.random('fate')
  for (let round = 0; round < 10; round++) {
    const host = hosts[fate.below(hosts.length)] as SimHost
    simulation.at(3_000 + round * 5_000, () => (fate.below(2) === 0 ? host.crash() : host.kill()))
    simulation.at(5_500 + round * 5_000, () => {
      if (host.alive) return
      host.restart()
      gossip(host, hosts)
    })
  }
  const result = simulation.run({ timeMs: END_MS })
  return { ...result, traffic: network.traffic }
}

test('[L10] a run repeated from its seed has the same events, and another seed has others', () => {
  const hashes = new Set<string>()
  for (let seed = 1; seed <= 5; seed++) {
    const first = scenario(seed)
    expect(scenario(seed), `seed ${seed}`).toEqual(first)
    expect(first.events).toBeGreaterThan(10_000)
    expect(first.traffic.betweenBytes).toBeGreaterThan(1_000_000)
    hashes.add(first.traceHash)
  }
  expect(hashes.size).toBe(5)
})

test('[L10] the events themselves are the same, one by one', () => {
  const record = (): string[] => {
    const lines: string[] = []
    scenario(77, ({ timeMs, kind, host, size, event }) =>
      lines.push(`${timeMs} ${kind} ${host} ${size} ${event ?? ''}`),
    )
    return lines
  }
  const first = record()
  const second = record()
  expect(first.length).toBeGreaterThan(10_000)
  expect(second.length).toBe(first.length)
  expect(second.findIndex((line, at) => line !== first[at])).toBe(-1)
})
