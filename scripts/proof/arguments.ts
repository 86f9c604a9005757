// What the proof takes from its command line, checked before anything is built.

import { parseArgs } from 'node:util'
import { type Fault, FAULTS } from './faults.ts'

export const SWARMS = [
  'cached',
  'plain',
  'aria2',
  'transmission',
  'aria2-local',
  'libtorrent-local',
] as const
export type SwarmName = (typeof SWARMS)[number]

const USAGE = `npm run proof -- [options]     (root)

  --sites N          sites, the first has the seed (5)
  --hosts N          hosts in each (8)
  --mebibytes N      content (64)
  --uplink-mbit N    rate of each site's uplink (40)
  --host-mbit N      rate of each host's link (200)
  --runs LIST        of ${SWARMS.join(', ')} (all)
  --faults LIST      'none', or numbers (all):
${FAULTS.map(({ name }, at) => `                       ${at + 1}  ${name}`).join('\n')}
  --page FILE        write the results as a page
  --help             this

Exit 0: every bar is met; 1: one is missed; 2: wrong arguments, or the network cannot be built here.
`

export interface Arguments {
  readonly sites: number
  readonly hosts: number
  readonly mebibytes: number
  readonly uplinkMbit: number
  readonly hostMbit: number
  readonly runs: readonly SwarmName[]
  readonly faults: readonly Fault[]
  readonly page: string | undefined
}

/** A text: to be said, and with which exit code to end. */
export function readArguments(
  args: readonly string[],
): Arguments | { readonly say: string; readonly exit: 0 | 2 } {
  try {
    return read(args)
  } catch (error) {
    return { say: `proof: ${(error as Error).message}\n\n${USAGE}`, exit: 2 }
  }
}

function read(args: readonly string[]): Arguments | { readonly say: string; readonly exit: 0 } {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sites: { type: 'string', default: '5' },
      hosts: { type: 'string', default: '8' },
      mebibytes: { type: 'string', default: '64' },
      'uplink-mbit': { type: 'string', default: '40' },
      'host-mbit': { type: 'string', default: '200' },
      runs: { type: 'string', default: SWARMS.join(',') },
      faults: { type: 'string', default: FAULTS.map((_, at) => at + 1).join(',') },
      page: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return { say: USAGE, exit: 0 }
  const number = (name: 'sites' | 'hosts' | 'mebibytes' | 'uplink-mbit' | 'host-mbit'): number => {
    const value = Number(values[name])
    const isCount = name === 'sites' || name === 'hosts'
    if (value > 0 && Number.isFinite(value) && (!isCount || Number.isInteger(value))) return value
    const kind = isCount ? 'whole number' : 'number'
    throw new Error(`--${name} takes a ${kind} above 0, not '${values[name]}'`)
  }
  const runs = listed(values.runs).map((name) => {
    const swarm = SWARMS.find((known) => known === name)
    if (swarm === undefined) throw new Error(`--runs: there is no swarm '${name}'`)
    return swarm
  })
  const faults = listed(values.faults).map((name) => {
    const fault = FAULTS[Number(name) - 1]
    if (fault === undefined) throw new Error(`--faults: 1 to ${FAULTS.length}, or none`)
    return fault
  })
  return {
    sites: number('sites'),
    hosts: number('hosts'),
    mebibytes: number('mebibytes'),
    uplinkMbit: number('uplink-mbit'),
    hostMbit: number('host-mbit'),
    runs,
    faults,
    page: values.page,
  }
}

function listed(text: string): readonly string[] {
  return text.split(',').filter((word) => word !== '' && word !== 'none')
}
