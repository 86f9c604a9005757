// Debian's redis-server as tests need it: one, or a cluster of three; killed and started again.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, test } from 'vitest'
import { until } from './process.ts'

const MISSING = 'redis-server is not installed (apt-get install redis-server)'
const NODES = 3
const SLOTS = 16_384

/** Defines tests where there is a redis-server; elsewhere one that is skipped, or fails where it must be there. */
export function withRedis(name: string, define: () => void): void {
  if (isInstalled()) define()
  else if (process.env['BT_REQUIRE_PEERS'] === '1')
    test(name, () => {
      throw new Error(MISSING)
    })
  else test.skip(`${name}: ${MISSING}`, () => {})
}

function isInstalled(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v redis-server'])
    return true
  } catch {
    return false
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Keeps nothing on disk: a restart forgets everything, but in a `folder` its place in a cluster. */
export async function startRedis(
  port: number,
  more: readonly string[] = [],
  folder = mkdtempSync(join(tmpdir(), 'bt-redis-')),
): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const child = spawn('redis-server', [...args, ...more])
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => (said += String(bytes)))
  onTestFinished(() => void child.kill('SIGKILL'))
  await until(
    () => said.includes('Ready to accept connections'),
    () => said,
  )
  return child
}

export interface RedisCluster {
  readonly ports: readonly number[]
  readonly nodes: readonly ChildProcess[]
  /** A node that was killed comes back, and has forgotten what it held. */
  readonly restart: (node: number) => Promise<ChildProcess>
}

/** Three nodes that share all slots, each with a third, and know it. */
export async function startCluster(): Promise<RedisCluster> {
  const ports: number[] = []
  const buses: number[] = []
  const nodes: ChildProcess[] = []
  const folders: string[] = []
  const start = (node: number): Promise<ChildProcess> => {
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(buses[node])]
    // Two thirds of it go on when a node is away.
    const lenient = ['--cluster-require-full-coverage', 'no', '--cluster-node-timeout', '2000']
    folders[node] ??= mkdtempSync(join(tmpdir(), 'bt-redis-'))
    return startRedis(ports[node] as number, [...cluster, ...lenient], folders[node])
  }
  for (let node = 0; node < NODES; node++) {
    const [port, bus] = [await freePort(), await freePort()]
    ports.push(port)
    buses.push(bus)
    nodes.push(await start(node))
  }
  for (const [node, port] of ports.entries()) {
    const first = Math.floor((SLOTS * node) / NODES)
    const last = Math.floor((SLOTS * (node + 1)) / NODES) - 1
    cli(port, 'cluster', 'addslotsrange', String(first), String(last))
    if (node > 0)
      cli(ports[0] as number, 'cluster', 'meet', '127.0.0.1', String(port), String(buses[node]))
  }
  const isWhole = (): boolean =>
    ports.every((port) => {
      const info = cli(port, 'cluster', 'info')
      return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`)
    })
  await until(isWhole, () => ports.map((port) => cli(port, 'cluster', 'nodes')).join('\n'))
  return { ports, nodes, restart: start }
}

/** What redis-cli says. */
export function cli(port: number, ...command: readonly string[]): string {
  return execFileSync('redis-cli', ['-p', String(port), ...command], { encoding: 'utf8' })
}
