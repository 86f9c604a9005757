// Goal: any worker answers for any swarm. Method: the built program with two workers; announces from many sockets, which
// the kernel spreads over both.
import dgram from 'node:dgram'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { describe, expect, test } from 'vitest'
import { eventsOf, file, hex, listening, until } from './process.ts'

const CLIENTS = 30
/** Milliseconds within which a peer is to be known to all workers; the load of a busy machine is in it. */
const KNOWN_MS = 10_000

/** A client with a socket of its own: a connect, then an announce of its own port; the peers that it is told. */
async function announce(tracker: number, port: number): Promise<readonly number[]> {
  const socket = dgram.createSocket('udp4')
  const ask = (packet: Uint8Array): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const silence = setTimeout(() => reject(new Error(`no answer to port ${port}`)), 5000)
      socket.once('message', (reply) => {
        clearTimeout(silence)
        resolve(reply)
      })
      socket.send(packet, tracker, '127.0.0.1')
    })
  try {
    const connected = await ask(hex('00000417271019800000000012345678'))
    const packet = Buffer.alloc(98)
    packet.set(connected.subarray(8, 16))
    packet.writeUInt32BE(1, 8)
    packet.fill(0xaa, 16, 36)
    packet.fill(0xbb, 36, 56)
    packet.writeUInt32BE(1, 68)
    packet.writeInt32BE(200, 92)
    packet.writeUInt16BE(port, 96)
    const reply = await ask(packet)
    expect(reply.readUInt32BE(0)).toBe(1)
    return Array.from({ length: (reply.length - 20) / 6 }, (_, at) =>
      reply.readUInt16BE(24 + 6 * at),
    )
  } finally {
    socket.close()
  }
}

describe.each([['auto'], ['off']])('two workers, --udp-batch %s', (batch) => {
  test('hand out each other’s peers, within two seconds', async () => {
    const tracker = await listening(['--workers', '2', '--udp-batch', batch])
    for (let port = 1; port <= CLIENTS; port++) await announce(tracker.udp, port)
    const began = performance.now()
    const toldOf = async (): Promise<number> => {
      const told = await Promise.all(
        Array.from({ length: 10 }, (_, at) => announce(tracker.udp, 1 + at)),
      )
      return Math.min(...told.map((peers) => new Set(peers).size))
    }
    let least = 0
    while (least < CLIENTS - 1 && performance.now() - began < 10_000) least = await toldOf()
    expect(least).toBe(CLIENTS - 1)
    expect(performance.now() - began).toBeLessThan(KNOWN_MS)
    const peers = async (): Promise<boolean> => {
      const page = await fetch(`http://127.0.0.1:${tracker.admin}/metrics`)
      return (await page.text()).includes(`\nbt_tracker_peers ${CLIENTS}\n`)
    }
    // Workers report twice a second.
    for (const end = performance.now() + 5000; !(await peers()); )
      if (performance.now() > end) throw new Error('the metrics do not count all peers')
    tracker.child.kill('SIGTERM')
    expect(await tracker.ended).toBe(0)
    expect(eventsOf(tracker).at(-1)).toMatchObject({ event: 'stopped', peers: CLIENTS })
  })
})

test('HTTP is served by workers, too', async () => {
  const tracker = await listening(['--workers', '2'])
  const query = `info_hash=${'%aa'.repeat(20)}&peer_id=-XX0001-0123456789ab&left=1`
  for (let port = 1; port <= 20; port++)
    await fetch(`http://127.0.0.1:${tracker.http}/announce?${query}&port=${port}`).then((reply) =>
      reply.arrayBuffer(),
    )
  await new Promise((resolve) => setTimeout(resolve, 1500))
  for (let turn = 0; turn < 10; turn++) {
    const reply = await fetch(
      `http://127.0.0.1:${tracker.http}/scrape?info_hash=${'%aa'.repeat(20)}`,
    )
    expect(await reply.text()).toContain('10:incompletei20e')
  }
})

test('both name the same leaders in the same term, also after one of them died', async () => {
  const map = file('sites', '127.0.0.0/8 basel\n')
  const options = ['--workers', '2', '--site-map', map, '--dial-back', 'off']
  const tracker = await listening(options)
  /** What one announce, over a connection of its own, hears: the peer ids and the term in its `ct`. */
  const hears = async (peer: number): Promise<string> => {
    const id = `-XX0001-${String(peer).padStart(12, '0')}`
    const query = `info_hash=${'%aa'.repeat(20)}&peer_id=${id}&left=1&port=${peer}&ct=1&ct_up=1000`
    const body = await new Promise<string>((resolve) => {
      const at = { host: '127.0.0.1', port: tracker.http, path: `/announce?${query}`, agent: false }
      const asked = http.get(at, (reply) => {
        let heard = ''
        reply.setEncoding('latin1')
        reply.on('data', (chunk: string) => (heard += chunk))
        reply.on('end', () => resolve(heard))
      })
      // Connections that a dying worker had not accepted are reset.
      asked.once('error', () => resolve(''))
    })
    const ct = body.slice(body.indexOf('2:ctd'))
    return [...ct.matchAll(/1:i20:(.{20})|1:ti(\d+)e/gs)]
      .map(([, of, term]) => of ?? term)
      .join(' ')
  }
  /** What all of twenty hear, once it is one thing. */
  const agreed = async (): Promise<string> => {
    for (const end = performance.now() + KNOWN_MS; ; ) {
      const all = new Set<string>()
      for (let turn = 0; turn < 20; turn++) all.add(await hears(1 + (turn % CLIENTS)))
      if (all.size === 1 && !all.has('')) return [...all].join('')
      if (performance.now() > end) throw new Error([...all].join('\n'))
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, at) => hears(1 + at)))
  const before = await agreed()
  expect(before).toMatch(/^-XX0001-\d{12} -XX0001-\d{12}.* \d{10}$/)

  const children = `/proc/${tracker.child.pid}/task/${tracker.child.pid}/children`
  const workers = readFileSync(children, 'utf8').trim().split(' ')
  expect(workers).toHaveLength(2)
  process.kill(Number(workers[1]), 'SIGKILL')
  // The one that is left answers, and the new one in its place learns of it.
  await until(
    () => readFileSync(children, 'utf8').trim().split(' ').length === 2,
    () => tracker.stderr,
  )
  expect(await agreed()).toMatch(/^-XX0001-\d{12} -XX0001-\d{12}.* \d{10}$/)
  tracker.child.kill('SIGTERM')
  expect(await tracker.ended).toBe(0)
})
