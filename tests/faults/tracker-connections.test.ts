// More connections than a tracker has descriptors, and very many: the built program with a limit of its own, and
// crowds in processes of theirs.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Listening, listening, until } from '../../apps/tracker/test/process.ts'

const CROWD = fileURLToPath(new URL('../../apps/tracker/test/crowd.mjs', import.meta.url))
const HEALTH = 'GET /health HTTP/1.1\r\n\r\n'
/** Connections of all crowds together, where so many descriptors may be had. */
const MANY = 20_000
const CROWDS = 4
/** Descriptors of the tracker beside its connections. */
const OWN = 100
const PATIENCE_MS = 60_000

interface Idle {
  readonly socket: net.Socket
  heard: string
  isClosed: boolean
}

function connect(port: number): Promise<Idle> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    const one: Idle = { socket, heard: '', isClosed: false }
    socket.on('data', (chunk: Buffer) => (one.heard += String(chunk)))
    socket.on('error', () => {})
    socket.on('close', () => (one.isClosed = true))
    socket.once('connect', () => resolve(one))
    socket.once('close', () => resolve(one))
    onTestFinished(() => void socket.destroy())
  })
}

async function isWell(port: number): Promise<boolean> {
  const one = await connect(port)
  one.socket.write(HEALTH)
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    if (one.isClosed || one.heard.endsWith('ok\n')) break
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  one.socket.destroy()
  return one.heard.endsWith('ok\n')
}

describe.each([['auto'], ['off']])('a tracker with --http-batch %s', (batch) => {
  test('[F15] out of descriptors turns away who comes, keeps who is there, and serves again when some left', async () => {
    const tracker = await listening(['--http-batch', batch], {}, 150)
    const all = await Promise.all(Array.from({ length: 300 }, () => connect(tracker.http)))
    await until(
      () => all.filter(({ isClosed }) => isClosed).length >= 150,
      () => `${all.filter(({ isClosed }) => isClosed).length} were turned away`,
    )
    const kept = all.filter(({ isClosed }) => !isClosed)
    expect(kept.length).toBeGreaterThan(50)
    for (const { socket } of kept) socket.write(HEALTH)
    await until(
      () => kept.every(({ heard }) => heard.endsWith('ok\n')),
      () => `${kept.filter(({ heard }) => heard !== '').length} of ${kept.length} were answered`,
    )
    for (const { socket } of kept.splice(0, 20)) socket.destroy()
    for (const end = performance.now() + PATIENCE_MS; !(await isWell(tracker.http)); )
      if (performance.now() > end) throw new Error(tracker.stderr)
    expect(kept.filter(({ isClosed }) => isClosed)).toEqual([])
    tracker.child.kill('SIGTERM')
    expect(await tracker.ended).toBe(0)
  }, 100_000)
})

test('[F15] 20,000 connections at once are served, and said goodbye to', async () => {
  const hard = Number(execFileSync('sh', ['-c', 'ulimit -H -n'], { encoding: 'utf8' }))
  const most = Math.min(
    MANY,
    (Number.isNaN(hard) ? Infinity : mayRaise() ? MANY + OWN : hard) - OWN,
  )
  const each = Math.floor(most / CROWDS)
  const tracker = await listening([], {}, most + OWN)
  const crowds = Array.from({ length: CROWDS }, (_, at) => crowd(tracker, each, at * each))
  await until(
    () => crowds.every(({ said }) => said().includes('ready')),
    () => crowds.map(({ said }) => said().slice(-200)).join('; '),
    PATIENCE_MS,
  )
  expect(crowds.map(({ said }) => said().includes('closed'))).toEqual(crowds.map(() => false))
  expect(await isWell(tracker.http)).toBe(true)
  const metrics = await fetch(`http://127.0.0.1:${tracker.admin}/metrics`)
  expect(await metrics.text()).toContain(`\nbt_tracker_peers ${each * CROWDS}\n`)
  crowds[0]?.child.kill('SIGKILL')
  expect(await isWell(tracker.http)).toBe(true)
  tracker.child.kill('SIGTERM')
  expect(await tracker.ended).toBe(0)
}, 170_000)

/** Whether a child may have more descriptors than we. */
function mayRaise(): boolean {
  try {
    execFileSync('sh', ['-c', `ulimit -n ${MANY + OWN}`])
    return true
  } catch {
    return false
  }
}

function crowd(
  { http }: Listening,
  count: number,
  first: number,
): { readonly child: ChildProcess; readonly said: () => string } {
  const child = spawn(process.execPath, [CROWD, ...[http, count, first].map(String)])
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (said += String(bytes)))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, said: () => said }
}
