import type { DatagramBatch, DatagramSocket, HttpRequest, HttpResponse } from '@bt/ports'
import { packMapped } from '@bt/primitives'
import { HOSTS_PER_SITE_MAX, SimNetwork, Simulation, SITES_MAX } from '@bt/simulator'
import type { Faults, SimHost } from '@bt/simulator'
import { describe, expect, test } from 'vitest'
import { accepting, Counter, ONE_WAY_MS, PORT, twoHosts } from './world.ts'

describe('addresses', () => {
  test('every host of every site has its own, and the last ones fit', () => {
    const network = new SimNetwork(new Simulation(1))
    const seen = new Set<string>()
    for (let site = 0; site < 300; site++) {
      const id = network.addSite(`site ${site}`)
      for (let host = 0; host < 10; host++) {
        const { address, address6 } = network.addHost(id)
        seen.add(address).add(address6 as string)
      }
    }
    expect(seen.size).toBe(6_000)
    expect(network.hosts.length).toBe(3_000)
    expect(network.addSite('site 7')).toBe(network.addSite('site 7'))
  })

  test('a site takes so many hosts and no more', () => {
    const network = new SimNetwork(new Simulation(1))
    const site = network.addSite('large')
    for (let host = 0; host < HOSTS_PER_SITE_MAX; host++) network.addHost(site)
    expect(network.hosts.at(-1)?.address).toBe('20.0.7.254')
    expect(() => network.addHost(site)).toThrow('at most 2046 hosts')
  })

  test('a network takes so many sites and no more', () => {
    const network = new SimNetwork(new Simulation(1))
    for (let site = 0; site < SITES_MAX; site++) network.addSite(String(site))
    const last = network.addHost(network.addSite(String(SITES_MAX - 1)))
    expect(last.address).toBe('20.255.248.1')
    expect(() => network.addSite('one more')).toThrow('at most 8192 sites')
  })
})

interface Mail {
  readonly timeMs: number
  readonly number: number
}

/** Alice sends 500 numbered datagrams, one each millisecond; what comes at Bob. */
function mail(faults: Partial<Faults>, rate?: number): { mail: Mail[]; batches: number[] } {
  const { simulation, alice, bob } = twoHosts({
    faults,
    ...(rate === undefined ? {} : { alice: { uploadBytesPerSecond: rate } }),
  })
  const got: Mail[] = []
  const batches: number[] = []
  bob.ports.datagrams.open(
    { port: 53, family: 4 },
    {
      received: (batch) => {
        batches.push(batch.count)
        for (let at = 0; at < batch.count; at++) {
          const [high = 0, low = 0] = batch.bytes.subarray(at * batch.stride)
          got.push({ timeMs: simulation.clock.now(), number: high * 256 + low })
        }
      },
    },
    () => {},
  )
  let socket: DatagramSocket | undefined
  alice.ports.datagrams.open({ port: 0, family: 4 }, { received: () => {} }, (_error, opened) => {
    socket = opened
  })
  const to = packMapped({ host: bob.address, port: 53 }) as Uint8Array
  for (let number = 0; number < 500; number++) {
    simulation.at(10 + number, () => {
      const bytes = new Uint8Array(72)
      bytes.set([number >> 8, number & 255])
      socket?.send(bytes, to)
    })
  }
  simulation.run()
  return { mail: got, batches }
}

describe('datagrams', () => {
  test('without faults all come, in order, after the latency', () => {
    const got = mail({}).mail
    expect(got.map(({ number }) => number)).toEqual(Array.from({ length: 500 }, (_, at) => at))
    expect(got[7]?.timeMs).toBe(17 + ONE_WAY_MS)
  })

  test('a share is lost', () => {
    const { length } = mail({ datagramLoss: 0.3 }).mail
    expect(length).toBeGreaterThan(300)
    expect(length).toBeLessThan(400)
  })

  test('a share comes twice', () => {
    const got = mail({ datagramDuplicate: 0.2 }).mail
    expect(got.length).toBeGreaterThan(560)
    expect(got.length).toBeLessThan(640)
    expect(new Set(got.map(({ number }) => number)).size).toBe(500)
  })

  test('a share is overtaken by later ones', () => {
    const numbers = mail({ datagramReorder: 0.2 }).mail.map(({ number }) => number)
    const late = numbers.filter((number, at) => number < Math.max(...numbers.slice(0, at)))
    expect(numbers.length).toBe(500)
    expect(late.length).toBeGreaterThan(50)
  })

  test('a slow link delays them, and drops what would wait longer than a second', () => {
    // 100 bytes with headers each millisecond for 500, over a link of 20,000 bytes a second: 5 ms each.
    const got = mail({}, 20_000).mail
    expect(got.length).toBeGreaterThan(290)
    expect(got.length).toBeLessThan(310)
    expect(got.at(-1)?.timeMs).toBeGreaterThan(1_480)
    expect(got.at(-1)?.timeMs).toBeLessThan(1_550)
  })

  test('65,507 bytes are the most that one holds; longer ones are lost in silence', () => {
    const { simulation, alice, bob } = twoHosts()
    const lengths: number[] = []
    const receiver = {
      received: (batch: DatagramBatch) => void lengths.push(...batch.lengths.slice(0, batch.count)),
    }
    bob.ports.datagrams.open({ port: 53, family: 4 }, receiver, () => {})
    alice.ports.datagrams.open({ port: 0, family: 4 }, receiver, (_error, socket) => {
      const to = packMapped({ host: bob.address, port: 53 }) as Uint8Array
      for (const length of [65_508, 65_507, 0]) socket.send(new Uint8Array(length), to)
    })
    simulation.run()
    expect(lengths).toEqual([65_507, 0])
  })

  test('what arrives at one instant comes as batches', () => {
    const { simulation, alice, bob } = twoHosts()
    const batches: number[] = []
    const receiver = { received: (batch: { count: number }) => void batches.push(batch.count) }
    bob.ports.datagrams.open({ port: 53, family: 4 }, receiver, () => {})
    alice.ports.datagrams.open({ port: 0, family: 4 }, receiver, (_error, socket) => {
      const to = packMapped({ host: bob.address, port: 53 }) as Uint8Array
      for (let number = 0; number < 20; number++) socket.send(new Uint8Array(8), to)
    })
    simulation.run()
    expect(batches).toEqual([8, 8, 4])
  })
})

function get(host: SimHost, url: string, more: Partial<HttpRequest> = {}) {
  const answers: { error: Error | undefined; response: HttpResponse }[] = []
  host.ports.http.request(
    { url, timeoutMs: 5_000, bodyLengthMax: 10_000, redirectsMax: 3, admit: () => true, ...more },
    (error, response) => answers.push({ error, response }),
  )
  return answers
}

describe('http', () => {
  test('a server is a function, found by name, that may take its time', () => {
    const { simulation, network, alice, bob } = twoHosts()
    network.name('tracker.example', [bob.address])
    const seen: unknown[] = []
    bob.serveHttp(8080, (request, answer) => {
      seen.push([request.path, request.host, request.scheme, request.from])
      simulation.at(simulation.clock.now() + 1_000, () =>
        answer({ status: 200, body: Uint8Array.of(1, 2, 3) }),
      )
    })
    const answers = get(alice, 'http://Tracker.Example:8080/announce?x=%00')
    simulation.run()
    expect(seen).toEqual([['/announce?x=%00', 'tracker.example:8080', 'http', alice.address]])
    expect(answers[0]?.response.body).toEqual(Uint8Array.of(1, 2, 3))
    expect(answers[0]?.response.address).toBe(bob.address)
    // A name (20 ms), two round trips, and the server's second.
    expect(simulation.clock.now()).toBe(20 + 4 * ONE_WAY_MS + 1_000)
  })

  test('a server whose machine is off is silence, one whose process was killed refuses', () => {
    for (const [crash, code] of [
      [(host: SimHost) => host.crash(), 'TIMED_OUT'],
      [(host: SimHost) => host.kill(), 'REFUSED'],
    ] as const) {
      const { simulation, alice, bob } = twoHosts()
      bob.serveHttp(80, (_request, answer) => answer({ status: 200 }))
      crash(bob)
      const answers = get(alice, `http://${bob.address}/`)
      simulation.run()
      expect(answers[0]?.error).toMatchObject({ code })
    }
  })

  test('a body takes the time of its length, and a server that throws is status 500', () => {
    const { simulation, alice, bob } = twoHosts({ bob: { uploadBytesPerSecond: 1_000 } })
    bob.serveHttp(80, (request, answer) => {
      if (request.path === '/broken') throw new Error('a bug')
      answer({ status: 200, body: new Uint8Array(2_000) })
    })
    const broken = get(alice, `http://${bob.address}/broken`)
    simulation.run()
    expect(broken[0]?.response.status).toBe(500)
    const start = simulation.clock.now()
    get(alice, `http://${bob.address}/`)
    simulation.run()
    expect(simulation.clock.now() - start).toBe(2_300 + 4 * ONE_WAY_MS)
  })

  test('an IPv6 literal is spoken to over IPv6', () => {
    const { simulation, alice, bob } = twoHosts()
    bob.serveHttp(80, (request, answer) =>
      answer({ status: 200, body: new TextEncoder().encode(request.from) }),
    )
    const answers = get(alice, `http://[${bob.address6}]/`)
    simulation.run()
    expect(new TextDecoder().decode(answers[0]?.response.body)).toBe(alice.address6)
  })
})

describe('hosts', () => {
  test('the wall clock may jump; the monotonic one does not notice', () => {
    const { simulation, alice, bob } = twoHosts()
    const { clock } = alice.ports
    const before = clock.wallSeconds()
    let ran = 0
    clock.at(1_000, () => ran++)
    alice.jumpWallClock(-86_400)
    expect(clock.now()).toBe(0)
    expect(clock.wallSeconds()).toBe(before - 86_400)
    expect(bob.ports.clock.wallSeconds()).toBe(before)
    simulation.run()
    expect([ran, clock.now()]).toEqual([1, 1_000])
  })

  test('names fail in the share that the faults say', () => {
    const { simulation, alice, bob, network } = twoHosts({ faults: { resolveFailure: 0.5 } })
    network.name('a.example', [bob.address])
    let found = 0
    for (let question = 0; question < 100; question++) {
      alice.ports.resolver.resolve('a.example', 4, (error) => {
        if (error === undefined) found++
      })
    }
    simulation.run()
    expect(found).toBeGreaterThan(30)
    expect(found).toBeLessThan(70)
  })

  test('what a process holds open is counted, and counted out when it is given back', () => {
    const { simulation, alice, bob } = twoHosts()
    accepting(bob)
    const { ports } = alice
    const closing: (() => void)[] = []
    const keep = (opened: { close(done: () => void): void }): void => {
      closing.push(() => opened.close(() => {}))
    }
    ports.transport.listen(
      { port: PORT },
      () => {},
      (_error, listener) => keep(listener),
    )
    ports.datagrams.open({ port: 0, family: 4 }, { received: () => {} }, (_error, socket) =>
      keep(socket),
    )
    ports.storage.open([], (_error, storage) => keep(storage))
    ports.transport.dial({ host: bob.address, port: PORT }, {}, (_error, channel) => {
      const counter = new Counter(channel)
      closing.push(() => counter.channel.close())
    })
    const hanging = ports.transport.dial({ host: '20.9.9.9', port: PORT }, {}, () => {})
    const alarm = ports.clock.at(100_000, () => {})
    ports.clock.at(1, () => {})
    simulation.run({ timeMs: 1_000 })
    const each = { alarms: 1, channels: 1, listeners: 1, datagramSockets: 1, requests: 1 }
    expect(alice.open).toEqual({ ...each, storages: 1 })
    for (const close of [...closing, ...closing]) close()
    hanging.cancel()
    alarm.cancel()
    alarm.cancel()
    simulation.run({ timeMs: 2_000 })
    const nothing = { alarms: 0, channels: 0, listeners: 0, datagramSockets: 0, requests: 0 }
    expect(alice.open).toEqual({ ...nothing, storages: 0 })
  })

  test('log calls stand in the trace and change its hash', () => {
    const events: (string | undefined)[] = []
    const hashOf = (event: string): string => {
      const simulation = new Simulation(1, { trace: (entry) => events.push(entry.event) })
      const network = new SimNetwork(simulation)
      network.addHost(network.addSite('a')).ports.log?.('info', event, { piece: 1 })
      return simulation.traceHash
    }
    expect(hashOf('one')).not.toBe(hashOf('two'))
    expect(events).toEqual(['one', 'two'])
  })
})

test('a frozen host lets nothing happen, and then does all that became due, in its order', () => {
  const { simulation, alice, bob } = twoHosts()
  const { clock } = alice.ports
  const heard: string[] = []
  clock.at(1_000, () => heard.push(`one at ${clock.now()}`))
  clock.at(2_000, () => heard.push(`two at ${clock.now()}`))
  clock.at(1_500, () => heard.push('called off')).cancel()
  clock.at(7_000, () => heard.push(`late at ${clock.now()}`))
  bob.ports.clock.at(1_000, () => heard.push('bob goes on'))
  simulation.at(500, () => alice.freeze(5_000))
  simulation.run({ timeMs: 10_000 })
  expect(heard).toEqual(['bob goes on', 'one at 5500', 'two at 5500', 'late at 7000'])
  expect(alice.open.alarms).toBe(0)
})
