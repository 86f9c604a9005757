// `npm run proof`: CacheTorrent on real sockets beside plain swarms, on one machine's own network of sites. Needs root.
//
// Prints a table; with --page FILE writes it as a page. Exit 1 where a bar is missed.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { aria2, libtorrent, type PeerProgram, transmission } from '../../tests/support/peers.ts'
import { readArguments, type SwarmName } from './arguments.ts'
import { BT, makeContent } from './content.ts'
import { oneStream } from './one-stream.ts'
import { type Figures, type Floor, pageOf, type Row, rowOf, tableOf } from './page.ts'
import { ours } from './programs.ts'
import { runSwarm, type SwarmSetup } from './swarm.ts'
import { machine, Topology, whyNot } from './topology.ts'

const MIB = 1024 * 1024

const read = readArguments(process.argv.slice(2))
if ('say' in read) {
  process[read.exit === 0 ? 'stdout' : 'stderr'].write(read.say)
  process.exit(read.exit)
}
const asked = read
const why = whyNot()
if (why !== undefined) {
  process.stderr.write(`proof: ${why}\n`)
  process.exit(2)
}
const topology = new Topology({
  sites: asked.sites,
  hosts: asked.hosts,
  uplink: asked.uplinkMbit * 1e6,
  access: asked.hostMbit * 1e6,
})
// In memory where there is such a folder: disks are not what is measured.
const base = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bt-proof-'))
const clean = async (): Promise<void> => {
  await topology.close()
  rmSync(base, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => void clean().then(() => process.exit(130)))
try {
  process.exitCode = await prove()
} finally {
  await clean()
}

async function prove(): Promise<number> {
  const content = makeContent(base, asked.mebibytes * MIB, topology.trackerUrl)
  const map = join(base, 'sites')
  writeFileSync(map, topology.siteMap)
  const rate = await oneStream(topology, asked.uplinkMbit * 1e6)
  const floor: Floor = { streamBytesPerSecond: rate, seconds: content.length / rate }
  say(
    `one TCP stream over an uplink: ${(rate / 1e6).toFixed(2)} MB/s; floor ${floor.seconds.toFixed(1)} s`,
  )

  // as an operator would: who says what its line carries knows when another one is the bottleneck
  const cached = ours(BT, ['--cache', 'on', '--up', String(Math.round((asked.hostMbit * 1e6) / 8))])
  const withSites = ['--site-map', map]
  const swarms: Readonly<Record<SwarmName, Row>> = {
    cached: { name: 'bt, cached', program: cached, tracker: withSites, bar: 'cached' },
    plain: { name: 'bt, plain (--cache off)', program: ours(BT, ['--cache', 'off']), tracker: [] },
    aria2: { name: 'aria2', program: aria2, tracker: [] },
    transmission: { name: 'Transmission', program: transmission, tracker: [] },
    'aria2-local': { name: 'aria2, tracker with sites', program: aria2, tracker: withSites },
    'libtorrent-local': {
      name: 'libtorrent, tracker with sites',
      program: libtorrent,
      tracker: withSites,
    },
  }
  const figures: Figures[] = []
  for (const name of asked.runs) {
    const row = swarms[name]
    if (!row.program.isHere()) {
      say(`${row.name}: not installed, left out`)
      continue
    }
    figures.push(await measured(row, { program: () => row.program, tracker: row.tracker }))
  }
  for (const fault of asked.faults) {
    const program = (host: Parameters<SwarmSetup['program']>[0]): PeerProgram => {
      const instead = fault.instead?.(host)
      if (instead === 'stock') return aria2
      return instead === undefined ? cached : ours(BT, ['--cache', 'on', ...instead])
    }
    const row: Row = {
      name: fault.name,
      program: cached,
      tracker: withSites,
      bar: 'fault',
      said: fault.bar,
      redundancyMax: fault.redundancyMax,
    }
    const { atHalf } = fault
    figures.push(
      await measured(row, {
        program,
        tracker: withSites,
        ...(atHalf === undefined ? {} : { atHalf }),
      }),
    )
  }
  say(`\n${tableOf(figures, floor)}`)
  if (asked.page !== undefined) {
    const command = `npm run proof -- ${process.argv.slice(2).join(' ')}`.trim()
    writeFileSync(
      asked.page,
      pageOf(figures, floor, topology.shape, content.length, machine(), command),
    )
  }
  return figures.every(({ verdict }) => verdict !== 'missed') ? 0 : 1

  async function measured(
    row: Row,
    how: Pick<SwarmSetup, 'program' | 'tracker' | 'atHalf'>,
  ): Promise<Figures> {
    say(`${row.name} …`)
    const result = await runSwarm({
      topology,
      content,
      scratch: join(base, 'downloads'),
      patienceMs: Math.max(120_000, 20_000 * floor.seconds),
      ...how,
    })
    const figure = rowOf(row, result, floor)
    say(`  ${tableOf([figure], floor).split('\n').at(-1)}`)
    return figure
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
