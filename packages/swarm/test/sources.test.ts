import type { Done, PeerSink, PeerSource } from '@bt/ports'
import { type InfoHash, type PeerId, parsePeerId } from '@bt/primitives'
import { Simulation } from '@bt/simulator'
import { expect, test } from 'vitest'
import { STOP_SOURCES_MS } from '../src/options.ts'
import { type SinkParts, Sources } from '../src/sources.ts'

class FakeSource implements PeerSource {
  sink: PeerSink | undefined
  readonly told: string[] = []
  stopping: Done | undefined
  start(sink: PeerSink): void {
    this.sink = sink
    this.told.push('start')
  }
  changed(what: 'completed' | 'partial-seed'): void {
    this.told.push(what)
  }
  wanted(): void {
    this.told.push('wanted')
  }
  stop(done: Done): void {
    this.told.push('stop')
    this.stopping = done
  }
}

function make(isPrivate = false) {
  const simulation = new Simulation(1)
  const source = new FakeSource()
  const found: string[] = []
  const parts: SinkParts = {
    infoHashes: ['aa'.repeat(20) as InfoHash],
    peerId: parsePeerId('bb'.repeat(20)) as PeerId,
    clock: simulation.clock,
    isPrivate: () => isPrivate,
    listenPort: () => 6881,
    progress: () => ({ uploadedBytes: 0, downloadedBytes: 0, leftBytes: 0, partialSeed: false }),
    peersWanted: () => 50,
    announce: () => new Map(),
    announced: () => {},
    found: (peers, origin) => found.push(`${origin} ${peers.length}`),
    noted: () => {},
  }
  return { simulation, source, found, sources: new Sources([source], parts) }
}

const PEER = [{ endpoint: { host: '20.0.0.1', port: 1 } }]

test('a private torrent hears its trackers, and neither DHT nor local discovery', () => {
  for (const isPrivate of [false, true]) {
    const { source, sources, found } = make(isPrivate)
    sources.start()
    for (const origin of ['tracker', 'dht', 'lsd'] as const) source.sink?.found(PEER, origin)
    expect(found).toEqual(isPrivate ? ['tracker 1'] : ['tracker 1', 'dht 1', 'lsd 1'])
  }
})

test('stopping waits for the goodbye, and 5 s at most', () => {
  const { simulation, source, sources, found } = make()
  sources.start()
  let stopped = 0
  sources.stop(() => stopped++)
  expect(stopped).toBe(0)
  source.sink?.found(PEER, 'tracker')
  expect(found).toEqual([])
  expect(source.sink?.peersWanted()).toBe(0)
  simulation.run({ timeMs: STOP_SOURCES_MS - 1 })
  expect(stopped).toBe(0)
  simulation.run({ timeMs: STOP_SOURCES_MS })
  expect(stopped).toBe(1)
  source.stopping?.(undefined)
  expect(stopped).toBe(1)
})

test('a source that says goodbye ends the wait, and no alarm is left', () => {
  const { simulation, source, sources } = make()
  sources.start()
  let stopped = 0
  sources.stop(() => stopped++)
  source.stopping?.(undefined)
  expect(stopped).toBe(1)
  expect(simulation.run().stopped).toBe('idle')
  expect(simulation.clock.now()).toBe(0)
})

test('started again while it stops, a source starts when it has stopped', () => {
  const { simulation, source, sources } = make()
  sources.start()
  sources.stop(() => {})
  sources.start()
  expect(source.told).toEqual(['start', 'stop'])
  source.stopping?.(undefined)
  simulation.run()
  expect(source.told).toEqual(['start', 'stop', 'start'])
  sources.changed('completed')
  sources.wanted()
  expect(source.told.slice(3)).toEqual(['completed', 'wanted'])
})

test('what is not running is told nothing', () => {
  const { source, sources } = make()
  sources.changed('completed')
  sources.wanted()
  expect(source.told).toEqual([])
})

test('a second stop waits for the first', () => {
  const { source, sources } = make()
  const told: number[] = []
  sources.start()
  sources.stop(() => told.push(1))
  sources.stop(() => told.push(2))
  expect(source.told).toEqual(['start', 'stop'])
  source.stopping?.(undefined)
  expect(told).toEqual([1, 2])
})
