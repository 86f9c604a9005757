import { SimNetwork, Simulation, transitStub, twoLevel } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import { accepting, Counter, PORT } from './world.ts'

describe('two levels', () => {
  test('any two sites are equally far apart, and none may be', () => {
    for (const latencyMs of [0, 7]) {
      const simulation = new Simulation(1)
      const network = new SimNetwork(simulation)
      const sites = network.addTopology(twoLevel({ sites: 3, latencyMs }))
      const hosts = sites.map((site) => network.addHost(site, { latencyMs: 0 }))
      for (const host of hosts) accepting(host)
      const tookMs: number[] = []
      for (const [from, to] of [
        [0, 1],
        [1, 2],
        [2, 0],
      ] as const) {
        const remote = { host: hosts[to]?.address as string, port: PORT }
        hosts[from]?.ports.transport.dial(remote, {}, () => tookMs.push(simulation.clock.now()))
      }
      simulation.run({ timeMs: 1_000 })
      expect(tookMs).toEqual(Array(3).fill(4 * latencyMs))
    }
  })
})

describe('transit-stub', () => {
  test('the same seed gives the same network, another seed another', () => {
    const made = (seed: number) =>
      transitStub({ sites: 14, random: new Simulation(seed).random('topology') })
    expect(made(1)).toEqual(made(1))
    expect(made(1)).not.toEqual(made(2))
  })

  test('every site reaches every other, by a way that no detour beats', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Simulation(seed).random('topology')
      const { sites, coreLatencyMs: ms } = transitStub({ sites: 40, random, domains: 3 })
      expect(ms.length).toBe(12)
      for (const [one, row] of ms.entries())
        for (const [other, direct] of row.entries()) {
          expect(direct).toBe(ms[other]?.[one])
          expect(direct).toBeLessThanOrEqual(200)
          if (one !== other) expect(direct).toBeGreaterThan(0)
          for (const [via, onwards] of ms.entries())
            expect(direct).toBeLessThanOrEqual((row[via] as number) + (onwards[other] as number))
        }
      expect(new Set(sites.map(({ core }) => core)).size).toBeGreaterThan(6)
    }
  })

  test('latency is that of stub, core and stub', () => {
    const simulation = new Simulation(3)
    const network = new SimNetwork(simulation)
    const topology = transitStub({ sites: 5, random: simulation.random('topology') })
    const sites = network.addTopology(topology)
    const [near, far] = sites.slice(3).map((site) => network.addHost(site, { latencyMs: 0 }))
    accepting(far as never)
    let ms = 0
    near?.ports.transport.dial({ host: far?.address as string, port: PORT }, {}, () => {
      ms = simulation.clock.now()
    })
    simulation.run({ timeMs: 5_000 })
    const [one, other] = topology.sites.slice(3)
    const core = topology.coreLatencyMs[one?.core ?? -1]?.[other?.core ?? -1] as number
    expect(ms).toBe(2 * ((one?.latencyMs ?? 0) + core + (other?.latencyMs ?? 0)))
    expect(ms).toBeGreaterThan(0)
  })
})

test('bytes are counted by site and by pair of sites', () => {
  const simulation = new Simulation(1)
  const network = new SimNetwork(simulation, {}, { chunking: 'whole' })
  const [one, other, third] = network.addTopology(twoLevel({ sites: 3 })) as [never, never, never]
  const near = network.addHost(one)
  const send = (site: never, length: number): void => {
    const far = network.addHost(site)
    accepting(far)
    near.ports.transport.dial({ host: far.address, port: PORT }, {}, (_error, channel) => {
      new Counter(channel).channel.send([new Uint8Array(length)])
    })
  }
  send(one, 1)
  send(other, 20)
  send(other, 300)
  send(third, 4_000)
  simulation.run()
  expect(network.siteTraffic(one)).toEqual({ outBytes: 4_320, inBytes: 0, insideBytes: 1 })
  expect(network.siteTraffic(other)).toEqual({ outBytes: 0, inBytes: 320, insideBytes: 0 })
  expect(network.bytesBetween(one, third)).toBe(4_000)
  expect(network.bytesBetween(third, one)).toBe(0)
  expect(network.traffic).toEqual({ insideBytes: 1, betweenBytes: 4_320 })
  expect(network.sites).toEqual([one, other, third])
  expect(network.siteOf(near)).toBe(one)
})
