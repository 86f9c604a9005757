// Sites as they are out there, on one machine: each host a network namespace, each site a switch with one thin uplink to
// a core, every link with a rate (tc tbf), and the kernel's byte counters of the uplinks as the truth.
//
// Frames are cut to the MTU before they cross an uplink, so that the counters see every header. Needs root.

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Program } from '../../tests/support/network.ts'

export interface Shape {
  readonly sites: number
  /** Hosts of each site. */
  readonly hosts: number
  /** Bits per second, both ways. */
  readonly uplink: number
  readonly access: number
}

export interface Host {
  /** From 1. */
  readonly site: number
  readonly host: number
  readonly address: string
  readonly namespace: string
}

export interface Crossing {
  /** Bytes of the link layer that came into the site, and that left it. */
  readonly received: number
  readonly sent: number
}

/** Bytes that a queue may hold: 50 ms of the uplink and more of the access links, as home routers do. */
const QUEUE_SECONDS = 0.05
const BURST_BYTES = 32 * 1024

export class Topology {
  readonly shape: Shape
  readonly hosts: readonly Host[]
  readonly tracker: Host
  readonly #name: string
  readonly #programs: Program[] = []

  constructor(shape: Shape) {
    this.shape = shape
    this.#name = `bt${process.pid}`
    this.tracker = {
      site: 0,
      host: 1,
      address: '10.0.0.1',
      namespace: `${this.#name}-tracker`,
    }
    this.hosts = Array.from({ length: shape.sites * shape.hosts }, (_, at) => {
      const site = 1 + Math.floor(at / shape.hosts)
      const host = 1 + (at % shape.hosts)
      return {
        site,
        host,
        address: `10.${site}.0.${host}`,
        namespace: `${this.#name}-${site}-${host}`,
      }
    })
    this.#build()
  }

  get trackerUrl(): string {
    return `http://${this.tracker.address}:6969/announce`
  }

  /** Lines of a map for `--site-map`. */
  get siteMap(): string {
    const sites = Array.from({ length: this.shape.sites }, (_, at) => at + 1)
    return sites.map((site) => `10.${site}.0.0/16 site-${site}\n`).join('')
  }

  run(
    on: Host,
    command: string,
    args: readonly string[],
    env: Record<string, string> = {},
  ): Program {
    const child = spawn('ip', ['netns', 'exec', on.namespace, command, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const program = new Program(`${command} on ${on.address}`, child)
    this.#programs.push(program)
    return program
  }

  /** What the kernel counted at the uplink of a site since it was built. */
  crossed(site: number): Crossing {
    const read = (which: string): number =>
      Number(
        execFileSync('ip', [
          'netns',
          'exec',
          this.#switch(site),
          'cat',
          `/sys/class/net/uplink/statistics/${which}_bytes`,
        ]).toString(),
      )
    return { received: read('rx'), sent: read('tx') }
  }

  /** Bits per second that a host may send. */
  throttle(on: Host, bits: number): void {
    // What waits when the limit is lifted must not have been thrown away.
    shape(on.namespace, 'eth0', bits, 'change', 2 * 1024 * 1024)
  }

  unthrottle(on: Host): void {
    shape(on.namespace, 'eth0', this.shape.access, 'change')
  }

  /** Takes the uplink of a site away, or brings it back. */
  uplink(site: number, is: 'up' | 'down'): void {
    const name = this.#switch(site)
    ip('-n', name, 'link', 'set', 'dev', 'uplink', is)
    // A link that goes down takes its routes along.
    if (is === 'up') ip('-n', name, 'route', 'replace', 'default', 'via', `10.0.${site}.2`)
  }

  async stopAll(): Promise<void> {
    for (const program of this.#programs) program.kill('SIGKILL')
    await Promise.all(this.#programs.map((program) => program.exited))
    this.#programs.length = 0
  }

  async close(): Promise<void> {
    await this.stopAll()
    for (const name of this.#namespaces()) spawnSync('ip', ['netns', 'del', name])
  }

  #switch(site: number): string {
    return `${this.#name}-switch-${site}`
  }

  #core(): string {
    return `${this.#name}-core`
  }

  #namespaces(): readonly string[] {
    const sites = Array.from({ length: this.shape.sites }, (_, at) => this.#switch(at + 1))
    const hosts = [...this.hosts, this.tracker].map(({ namespace }) => namespace)
    return [...hosts, ...sites, this.#core()]
  }

  /** Routed, not bridged: with every host a neighbour of every other the kernel's one table of neighbours overflows. */
  #build(): void {
    const { sites, uplink, access } = this.shape
    for (const name of this.#namespaces()) {
      ip('netns', 'add', name)
      ip('-n', name, 'link', 'set', 'dev', 'lo', 'up')
    }
    forwards(this.#core())
    for (let site = 1; site <= sites; site++) {
      const name = this.#switch(site)
      const port = `site${site}`
      forwards(name)
      ip('-n', name, 'link', 'add', 'name', 'lan', 'type', 'bridge')
      address(name, 'lan', `10.${site}.255.254/16`)
      connect(name, 'uplink', this.#core(), port)
      address(name, 'uplink', `10.0.${site}.1/24`)
      address(this.#core(), port, `10.0.${site}.2/24`)
      ip('-n', name, 'route', 'add', 'default', 'via', `10.0.${site}.2`)
      ip('-n', this.#core(), 'route', 'add', `10.${site}.0.0/16`, 'via', `10.0.${site}.1`)
      for (const [namespace, device] of [
        [name, 'uplink'],
        [this.#core(), port],
      ] as const) {
        // Longer frames are cut here.
        ip('-n', namespace, 'link', 'set', 'dev', device, 'gso_max_segs', '1')
        shape(namespace, device, uplink, 'add')
      }
    }
    for (const host of this.hosts) {
      const lan = this.#switch(host.site)
      const port = `host${host.host}`
      connect(host.namespace, 'eth0', lan, port)
      ip('-n', lan, 'link', 'set', 'dev', port, 'master', 'lan', 'up')
      address(host.namespace, 'eth0', `${host.address}/16`)
      ip('-n', host.namespace, 'route', 'add', 'default', 'via', `10.${host.site}.255.254`)
      shape(host.namespace, 'eth0', access, 'add')
      shape(lan, port, access, 'add')
    }
    connect(this.tracker.namespace, 'eth0', this.#core(), 'tracker')
    address(this.#core(), 'tracker', '10.0.0.254/24')
    address(this.tracker.namespace, 'eth0', `${this.tracker.address}/24`)
    ip('-n', this.tracker.namespace, 'route', 'add', 'default', 'via', '10.0.0.254')
  }
}

/** Why there can be no topology here; undefined: there can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const probe = `btprobe${process.pid}`
  const steps = [
    ['ip', 'netns', 'add', probe],
    ['ip', '-n', probe, 'link', 'add', 'name', 'a', 'type', 'veth', 'peer', 'name', 'b'],
    ['ip', '-n', probe, 'link', 'set', 'dev', 'a', 'gso_max_segs', '1'],
    ['ip', '-n', probe, 'link', 'add', 'name', 'lan', 'type', 'bridge'],
    [
      'tc',
      '-n',
      probe,
      'qdisc',
      'add',
      'dev',
      'a',
      'root',
      'tbf',
      'rate',
      '1mbit',
      'burst',
      '8k',
      'limit',
      '8k',
    ],
  ] as const
  const failed = steps.find(([command, ...args]) => spawnSync(command, args).status !== 0)
  spawnSync('ip', ['netns', 'del', probe])
  return failed === undefined ? undefined : `this does not work here: ${failed.join(' ')}`
}

/** What this machine is, for a page of results. */
export function machine(): string {
  const model =
    /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown'
  const kernel = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim()
  return `${model}, Linux ${kernel}, Node ${process.version}`
}

function connect(one: string, device: string, other: string, peer: string): void {
  const far = ['type', 'veth', 'peer', 'name', peer, 'netns', other]
  ip('link', 'add', 'name', device, 'netns', one, ...far)
}

function address(namespace: string, device: string, prefix: string): void {
  ip('-n', namespace, 'addr', 'add', prefix, 'dev', device)
  ip('-n', namespace, 'link', 'set', 'dev', device, 'up')
}

function forwards(namespace: string): void {
  const all = 'echo 1 > /proc/sys/net/ipv4/ip_forward'
  execFileSync('ip', ['netns', 'exec', namespace, 'sh', '-c', all])
}

function shape(
  namespace: string,
  device: string,
  bits: number,
  how: 'add' | 'change',
  limit = Math.max(2 * BURST_BYTES, Math.round((bits / 8) * QUEUE_SECONDS)),
): void {
  execFileSync('tc', [
    '-n',
    namespace,
    'qdisc',
    how,
    'dev',
    device,
    'root',
    'tbf',
    'rate',
    `${bits}bit`,
    'burst',
    String(BURST_BYTES),
    'limit',
    String(limit),
  ])
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
