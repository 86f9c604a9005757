// Goal: trackers that share a Redis know each other's peers, and need it for nothing else. Method: two built programs and
// Debian's redis-server, which is killed and started again.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { listening, type Listening, until } from './process.ts'

const HASH = '%aa'.repeat(20)
/** Seconds within which a peer is to be known to the other tracker. */
const KNOWN_S = 2

function isInstalled(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v redis-server'])
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Keeps nothing on disk: a restart forgets everything. */
async function redis(port: number): Promise<ChildProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'bt-redis-'))
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const child = spawn('redis-server', args)
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => (said += String(bytes)))
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(
    () => said.includes('Ready to accept connections'),
    () => said,
  )
  return child
}

async function announce({ http }: Listening, port: number): Promise<string> {
  const query = `info_hash=${HASH}&peer_id=-XX0001-0123456789ab&left=1&port=${port}&numwant=200`
  const reply = await fetch(`http://127.0.0.1:${http}/announce?${query}`)
  return Buffer.from(await reply.arrayBuffer()).toString('latin1')
}

async function leeches({ http }: Listening): Promise<number> {
  const reply = await fetch(`http://127.0.0.1:${http}/scrape?info_hash=${HASH}`)
  return Number(/incompletei(\d+)e/.exec(await reply.text())?.[1])
}

/** Seconds until a tracker counts so many. */
async function knows(tracker: Listening, count: number): Promise<number> {
  const began = performance.now()
  while ((await leeches(tracker)) !== count) {
    if (performance.now() - began > 15_000)
      throw new Error(`${await leeches(tracker)} instead of ${count}: ${tracker.stderr}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return (performance.now() - began) / 1000
}

const name = 'two trackers on one Redis'
if (!isInstalled()) {
  if (process.env['BT_REQUIRE_PEERS'] === '1')
    test(name, () => {
      throw new Error('redis-server is not installed (apt-get install redis-server)')
    })
  else test.skip(`${name}: redis-server is not installed (apt-get install redis-server)`, () => {})
} else {
  test(`${name} know each other’s peers, without it they serve on, and they fill it again`, async () => {
    const port = await freePort()
    let server = await redis(port)
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

    server = await redis(port)
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
}
