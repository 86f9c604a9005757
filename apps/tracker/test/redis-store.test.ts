// Goal: trackers that share a Redis know each other's peers, and need it for nothing else. Method: two built programs and
// Debian's redis-server, which is killed and started again.
import { expect, test } from 'vitest'
import { listening, type Listening, until } from './process.ts'
import { cli, freePort, startCluster, startRedis, withRedis } from './redis.ts'

const HASH = '%aa'.repeat(20)
const SWARMS = 24
const hashOf = (swarm: number): string => `%${(swarm + 16).toString(16)}`.repeat(20)
/** Seconds within which a peer is to be known to the other tracker. */
const KNOWN_S = 2

async function announce({ http }: Listening, port: number, hash = HASH): Promise<string> {
  const query = `info_hash=${hash}&peer_id=-XX0001-0123456789ab&left=1&port=${port}&numwant=200`
  const reply = await fetch(`http://127.0.0.1:${http}/announce?${query}`)
  return Buffer.from(await reply.arrayBuffer()).toString('latin1')
}

async function leeches({ http }: Listening, hash = HASH): Promise<number> {
  const reply = await fetch(`http://127.0.0.1:${http}/scrape?info_hash=${hash}`)
  return Number(/incompletei(\d+)e/.exec(await reply.text())?.[1])
}

/** Seconds until a tracker counts so many. */
async function knows(tracker: Listening, count: number, hash = HASH): Promise<number> {
  const began = performance.now()
  while ((await leeches(tracker, hash)) !== count) {
    if (performance.now() - began > 15_000)
      throw new Error(`${await leeches(tracker, hash)} instead of ${count}: ${tracker.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return (performance.now() - began) / 1000
}

/** Seconds until it counts so many in each swarm. */
async function knowsAll(tracker: Listening, count: number): Promise<number> {
  const began = performance.now()
  for (let swarm = 0; swarm < SWARMS; swarm++) await knows(tracker, count, hashOf(swarm))
  return (performance.now() - began) / 1000
}

const name = 'two trackers on one Redis'
withRedis(name, () => {
  test(`${name} know each other’s peers, without it they serve on, and they fill it again`, async () => {
    const port = await freePort()
    let server = await startRedis(port)
    const store = ['--store', `redis://127.0.0.1:${port}`]
    const one = await listening(store)
    const other = await listening(store)
    await until(
      () => one.stderr.includes('store connected') && other.stderr.includes('store connected'),
      () => one.stderr + other.stderr,
    )
    for (let peer = 1; peer <= 10; peer++) await announce(one, peer)
    expect(await knows(other, 10)).toBeLessThan(KNOWN_S)
    expect(await announce(other, 100)).toContain('5:peers60:')
    expect(await knows(one, 11)).toBeLessThan(KNOWN_S)

    server.kill('SIGKILL')
    await until(
      () => one.stderr.includes('store lost') && other.stderr.includes('store lost'),
      () => one.stderr + other.stderr,
    )
    // Answers never wait for it.
    for (let peer = 11; peer <= 20; peer++) expect(await announce(one, peer)).toContain('5:peers')
    expect(await announce(other, 101)).toContain('5:peers66:')

    server = await startRedis(port)
    await knows(one, 22)
    await knows(other, 22)
    // A third one, new, learns everything from what they filled in.
    const third = await listening(store)
    await knows(third, 22)
    third.child.kill('SIGTERM')
    expect(await third.ended).toBe(0)
    server.kill('SIGKILL')
  }, 60_000)

  test('a store that is not there at the start is waited for by nobody', async () => {
    const port = await freePort()
    const tracker = await listening(['--store', `redis://user:secret@127.0.0.1:${port}`])
    expect(await announce(tracker, 1)).toContain('5:peers0:')
    expect(tracker.stderr).not.toContain('secret')
    tracker.child.kill('SIGTERM')
    expect(await tracker.ended).toBe(0)
  })

  test('on a cluster of three nodes they know each other’s peers, also when a node was away and forgot its part', async () => {
    const { ports, nodes, restart } = await startCluster()
    const store = ['--store', `redis+cluster://127.0.0.1:${ports[1]}`]
    const one = await listening(store)
    const other = await listening(store)
    await until(
      () => one.stderr.includes('store connected') && other.stderr.includes('store connected'),
      () => one.stderr + other.stderr,
    )
    // Many swarms: they are spread over the streams, and these over the nodes.
    for (let swarm = 0; swarm < SWARMS; swarm++) await announce(one, 1, hashOf(swarm))
    expect(await knowsAll(other, 1)).toBeLessThan(KNOWN_S)
    for (const port of ports) expect(cli(port, 'dbsize').trim()).not.toBe('0')

    nodes[0]?.kill('SIGKILL')
    await until(
      () => one.stderr.includes('store lost') && other.stderr.includes('store lost'),
      () => one.stderr + other.stderr,
    )
    for (let swarm = 0; swarm < SWARMS; swarm++) await announce(one, 2, hashOf(swarm))
    // What lies on the other nodes goes on.
    const known = async (): Promise<number> => {
      let count = 0
      for (let swarm = 0; swarm < SWARMS; swarm++)
        if ((await leeches(other, hashOf(swarm))) === 2) count++
      return count
    }
    for (const end = performance.now() + 15_000; (await known()) < SWARMS / 3; )
      if (performance.now() > end) throw new Error(`${await known()}: ${other.stderr}`)
    expect(await known()).toBeLessThan(SWARMS)
    await restart(0)
    await knowsAll(other, 2)
    // A new one learns everything, also what the node had forgotten.
    const third = await listening(store)
    await knowsAll(third, 2)
    one.child.kill('SIGTERM')
    other.child.kill('SIGTERM')
    expect([await one.ended, await other.ended]).toEqual([0, 0])
  }, 60_000)

  test('a node of a cluster given as a server, and the other way, are refused with what to do', async () => {
    const { ports } = await startCluster()
    const alone = await freePort()
    await startRedis(alone)
    const node = await listening(['--store', `redis://127.0.0.1:${ports[0]}`])
    await until(
      () => node.stderr.includes('this is a cluster, give it as redis+cluster://'),
      () => node.stderr,
    )
    const single = await listening(['--store', `redis+cluster://127.0.0.1:${alone}`])
    await until(
      () => single.stderr.includes('this is no cluster, give it as redis://'),
      () => single.stderr,
    )
    // They serve all the same.
    expect(await announce(node, 1)).toContain('5:peers')
    expect(await announce(single, 1)).toContain('5:peers')
  }, 60_000)
})
