// What goes wrong at half of a run, in the order of the protocol's list of faults to survive.

import type { Host } from './topology.ts'
import type { Member, RunningSwarm } from './swarm.ts'
import { sleep } from '../../tests/support/peers.ts'

export interface Fault {
  readonly name: string
  /** What it must come to. */
  readonly bar: string
  /** Wire R of the site that it happens to, at most. */
  readonly redundancyMax: number
  readonly atHalf?: (swarm: RunningSwarm) => Promise<void>
  /** Options of `bt` for one host; undefined: those of everybody. 'stock': another client runs there. */
  readonly instead?: (host: Host) => readonly string[] | 'stock' | undefined
}

/** The site that suffers. */
const SITE = 2
const LINK_DOWN_MS = 10_000

export const FAULTS: readonly Fault[] = [
  {
    name: 'a leader is killed',
    bar: 'its standby decides; R of its site ≤ 1.15 on the wire',
    redundancyMax: 1.15,
    atHalf: async ({ members }) => kill(leadersIn(members).slice(0, 1)),
  },
  {
    name: 'all leaders of a site are killed',
    bar: 'its deputies lead, or members rank themselves; completes',
    redundancyMax: 1.5,
    atHalf: async ({ members }) => kill(leadersIn(members)),
  },
  {
    name: 'the tracker is killed',
    bar: 'leases renew among peers; R ≤ 1.10',
    redundancyMax: 1.1,
    atHalf: async ({ tracker }) => tracker.kill('SIGKILL'),
  },
  {
    name: 'a member names the wrong site',
    bar: 'downloads as what the map says; R ≤ 1.10',
    redundancyMax: 1.1,
    instead: ({ site, host }) => (site === SITE && host === 3 ? ['--site', 'site-3'] : undefined),
  },
  {
    name: 'a stock client among followers',
    bar: 'completes; R of its site ≤ 2.2: it imports by itself what it likes',
    redundancyMax: 2.2,
    instead: ({ site, host }) => (site === SITE && host === 3 ? 'stock' : undefined),
  },
  {
    name: "a site's link is down for 10 s",
    bar: 'goes on, nothing that had arrived comes again; R ≤ 1.15',
    redundancyMax: 1.15,
    atHalf: async ({ topology }) => {
      topology.uplink(SITE, 'down')
      await sleep(LINK_DOWN_MS)
      topology.uplink(SITE, 'up')
    },
  },
]

/** Members of the site that lead it by their own last word. */
function leadersIn(members: readonly Member[]): readonly Member[] {
  return members.filter(({ host, running }) => {
    if (host.site !== SITE) return false
    const said = running.program.events().filter(({ event }) => event === 'cache')
    return said.at(-1)?.['role'] === 'leader'
  })
}

function kill(members: readonly Member[]): void {
  if (members.length === 0) throw new Error(`site ${SITE} has no leader to kill`)
  for (const member of members) {
    member.isGone = true
    member.running.program.kill('SIGKILL')
  }
}
