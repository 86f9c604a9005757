// bt-tracker as a process of its own, built, as users run it: what it prints, where it listens, how it ends.
import { type ChildProcess, spawn } from 'node:child_process'
import dgram from 'node:dgram'
import { mkdtempSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../dist/bt-tracker.js', import.meta.url))
const ANY = '127.0.0.1:0'
/** Milliseconds until a test gives up waiting; nothing is measured by it. */
const PATIENCE_MS = 15_000

export interface Run {
  readonly child: ChildProcess
  /** What came on stdout and stderr so far. */
  stdout: string
  stderr: string
  readonly ended: Promise<number | NodeJS.Signals>
}

/** `descriptors`: how many it may have. */
export function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  descriptors?: number,
): Run {
  const plain = [process.execPath, PROGRAM, ...args] as const
  const limited = ['sh', '-c', `ulimit -n ${descriptors} && exec "$0" "$@"`, ...plain] as const
  const [program, ...rest] = descriptors === undefined ? plain : limited
  const child = spawn(program, rest, { env: { ...process.env, ...env } })
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? (signal as NodeJS.Signals))),
  )
  const one: Run = { child, stdout: '', stderr: '', ended }
  child.stdout.on('data', (bytes: Buffer) => (one.stdout += String(bytes)))
  child.stderr.on('data', (bytes: Buffer) => (one.stderr += String(bytes)))
  onTestFinished(() => void child.kill('SIGKILL'))
  return one
}

export interface Listening extends Run {
  readonly http: number
  readonly udp: number
  readonly admin: number
}

/** Any free ports on loopback. */
export async function listening(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
  descriptors?: number,
): Promise<Listening> {
  const all = ['--json', '--http', ANY, '--udp', ANY, '--admin', ANY, ...args]
  const one = run(all, env, descriptors)
  await until(
    () => one.stdout.includes('"admin"'),
    () => `it does not listen: ${one.stderr}`,
  )
  const ports = eventsOf(one)
    .filter(({ event }) => event === 'listening')
    .map(({ protocol, port }) => [protocol, port])
  return Object.assign(one, Object.fromEntries(ports) as Record<'http' | 'udp' | 'admin', number>)
}

export function eventsOf({ stdout }: Run): readonly Readonly<Record<string, unknown>>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export async function until(
  holds: () => boolean,
  what: () => string,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  for (const end = performance.now() + patienceMs; !holds(); ) {
    if (performance.now() > end) throw new Error(what())
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export function file(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'bt-tracker-')), name)
  writeFileSync(path, text)
  return path
}

/** Sends raw bytes to a TCP port; answers all that came back when the far end closed. */
export function raw(
  port: number,
  bytes: string | Uint8Array,
  more?: (socket: net.Socket) => void,
): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.write(bytes)
      more?.(socket)
    })
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
}

/** Sends one datagram; answers the reply, or undefined after half a second of silence. */
export function ask(port: number, packet: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4')
    const end = (reply?: Uint8Array): void => {
      clearTimeout(silence)
      socket.close()
      resolve(reply)
    }
    const silence = setTimeout(() => end(), 500)
    socket.on('message', (reply) => end(Uint8Array.from(reply)))
    socket.send(packet, port, '127.0.0.1')
  })
}

export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
