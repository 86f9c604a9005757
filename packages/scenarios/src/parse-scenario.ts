// JSON → Scenario, refusing what cannot be run.

import { HOSTS_PER_SITE_MAX, SITES_MAX } from '@bt/simulator'
import { ScenarioError } from './errors.ts'
import { Fields } from './fields.ts'
import type {
  Actor,
  Fault,
  HostClass,
  Join,
  Latency,
  NeighbourRules,
  Scenario,
  Seeds,
  SiteGroup,
  When,
} from './scenario.ts'

/** Bytes per second, 10 GB/s at most; seconds, a virtual month at most; percent. */
const RATE_MAX = 10_000_000_000
const SECONDS_MAX = 2_592_000
const MS_MAX = 10_000
const PEERS_MAX = 100_000

/**
 * @param value parsed JSON
 * @param name what to call it in results: that of the file
 * @throws {ScenarioError} BAD_SCENARIO, with the path of the field
 */
export function parseScenario(value: unknown, name: string): Scenario {
  const fields = new Fields(value, '')
  const sites = fields.list('sites', readSites)
  const siteCount = sites.reduce((sum, { count }) => sum + count, 0)
  if (siteCount === 0) throw new ScenarioError('BAD_SCENARIO', 'sites', 'sites: there is none')
  const scenario: Scenario = {
    name,
    description: fields.text('description', ''),
    pieces: fields.whole('pieces', 1, 100_000),
    pieceLength: fields.whole('pieceLength', 1, 16 * 1024 * 1024),
    blocksPerPiece: fields.whole('blocksPerPiece', 1, 1024, 1),
    sites,
    latency: readLatency(fields.object('latency')),
    classes: fields.list('classes', readClass),
    seeds: readSeeds(fields.object('seeds')),
    neighbours: readNeighbours(fields.object('neighbours')),
    joins: fields.list('joins', (join) => readJoin(join, siteCount)),
    faults: fields.list('faults', (fault) => readFault(fault, siteCount)),
    actors: fields.list('actors', readActor),
    ...(fields.has('leavesPercent')
      ? { leavesPercent: fields.number('leavesPercent', 0, 100) }
      : {}),
    datagramLossPercent: fields.number('datagramLossPercent', 0, 100, 0),
    dialFailurePercent: fields.number('dialFailurePercent', 0, 100, 0),
    limitSeconds: fields.number('limitSeconds', 1, SECONDS_MAX),
  }
  fields.end()
  if (scenario.classes.length === 0) {
    throw new ScenarioError('BAD_SCENARIO', 'classes', 'classes: there is none')
  }
  if (scenario.joins.length === 0 || scenario.joins.at(-1)?.sites !== undefined) {
    const what = 'joins: the last entry names no sites: it is that of all others'
    throw new ScenarioError('BAD_SCENARIO', 'joins', what)
  }
  return scenario
}

function readSites(fields: Fields): SiteGroup {
  const group: SiteGroup = {
    count: fields.whole('count', 1, SITES_MAX - 1),
    ...(fields.has('hosts') ? { hosts: fields.whole('hosts', 1, HOSTS_PER_SITE_MAX) } : {}),
    ...(fields.has('peers') ? { peers: fields.whole('peers', 1, PEERS_MAX) } : {}),
    ...(fields.has('sizes') ? { sizes: fields.oneOf('sizes', ['random', 'zipf']) } : {}),
    ...(fields.has('linkUpload') ? { linkUpload: fields.number('linkUpload', 1, RATE_MAX) } : {}),
    ...(fields.has('linkDownload')
      ? { linkDownload: fields.number('linkDownload', 1, RATE_MAX) }
      : {}),
    ...(fields.has('uploadPercent')
      ? { uploadPercent: fields.number('uploadPercent', 1, 10_000) }
      : {}),
  }
  fields.end()
  const isDrawn = group.peers !== undefined && group.sizes !== undefined
  if ((group.hosts !== undefined) === isDrawn) {
    const what = 'either hosts (of each site), or peers (of all) with sizes'
    throw new ScenarioError('BAD_SCENARIO', fields.path, `${fields.path}: give ${what}`)
  }
  if (group.peers !== undefined && group.peers < group.count) {
    const what = `${group.peers} peers cannot fill ${group.count} sites`
    throw new ScenarioError('BAD_SCENARIO', fields.path, `${fields.path}: ${what}`)
  }
  return group
}

function readLatency(fields: Fields): Latency {
  const kind = fields.oneOf('kind', ['equal', 'two-level', 'transit-stub'])
  const latency: Latency =
    kind === 'equal'
      ? { kind, ms: fields.number('ms', 0, MS_MAX) }
      : {
          kind,
          insideMs: fields.number('insideMs', 0, MS_MAX),
          betweenMs: fields.number('betweenMs', 0, MS_MAX),
        }
  fields.end()
  if (latency.kind !== 'equal' && latency.betweenMs < latency.insideMs) {
    const what = 'betweenMs is less than insideMs: outside would be nearer than inside'
    throw new ScenarioError('BAD_SCENARIO', fields.path, `${fields.path}: ${what}`)
  }
  return latency
}

function readClass(fields: Fields): HostClass {
  const read: HostClass = {
    name: fields.text('name'),
    share: fields.number('share', 0, 1_000_000, 1),
    upload: fields.number('upload', 1, RATE_MAX),
    download: fields.number('download', 1, RATE_MAX),
    ...(fields.has('scheme') ? { scheme: fields.text('scheme') } : {}),
  }
  fields.end()
  return read
}

function readSeeds(fields: Fields): Seeds {
  const seeds: Seeds = {
    count: fields.whole('count', 1, 1000, 1),
    upload: fields.number('upload', 1, RATE_MAX),
    download: fields.number('download', 1, RATE_MAX),
    where: fields.oneOf('where', ['first', 'spread'], 'first'),
  }
  fields.end()
  return seeds
}

function readNeighbours(fields: Fields): NeighbourRules {
  const rules = {
    out: fields.whole('out', 1, 200),
    max: fields.whole('max', 1, 2000),
    held: fields.flag('held', false),
  }
  fields.end()
  return rules
}

function readJoin(fields: Fields, siteCount: number): Join {
  const kind = fields.oneOf('kind', ['flash', 'poisson'])
  const sites = fields.wholes('sites', siteCount)
  const more = {
    atSeconds: fields.number('atSeconds', 0, SECONDS_MAX, 0),
    ...(sites === undefined ? {} : { sites }),
  }
  const join: Join =
    kind === 'flash'
      ? { kind, withinSeconds: fields.number('withinSeconds', 0, SECONDS_MAX), ...more }
      : { kind, perSecond: fields.number('perSecond', 0.0001, 1_000_000), ...more }
  fields.end()
  return join
}

function readWhen(fields: Fields): When {
  const when: When = fields.has('seconds')
    ? { seconds: fields.number('seconds', 0, SECONDS_MAX) }
    : { progress: fields.number('progress', 0, 1) }
  fields.end()
  return when
}

function readFault(fields: Fields, siteCount: number): Fault {
  const kind = fields.oneOf('kind', ['crash', 'crash-tracker', 'partition', 'churn'])
  const when = readWhen(fields.object('when'))
  const sites = fields.wholes('sites', siteCount)
  const seconds = (name: string): number => fields.number(name, 0, SECONDS_MAX)
  const restart = fields.has('restartSeconds') ? { restartSeconds: seconds('restartSeconds') } : {}
  let fault: Fault
  if (kind === 'crash') {
    fault = {
      kind,
      who: fields.oneOf('who', ['leaders', 'importers', 'members']),
      ...(fields.has('count') ? { count: fields.whole('count', 1, PEERS_MAX) } : {}),
      ...(sites === undefined ? {} : { sites }),
      when,
      ...restart,
    }
  } else if (kind === 'crash-tracker') fault = { kind, when, ...restart }
  else if (kind === 'partition') {
    fault = { kind, sites: sites ?? [], forSeconds: seconds('forSeconds'), when }
  } else {
    fault = {
      kind,
      percentPerMinute: fields.number('percentPerMinute', 0, 100),
      awaySeconds: seconds('awaySeconds'),
      when,
      forSeconds: seconds('forSeconds'),
    }
  }
  fields.end()
  return fault
}

function readActor(fields: Fields): Actor {
  const kinds = ['wrong-site', 'false-capacity', 'corrupt', 'stalling', 'slow-disk'] as const
  const actor: Actor = {
    kind: fields.oneOf('kind', kinds),
    count: fields.whole('count', 0, PEERS_MAX, 1),
    perSite: fields.flag('perSite', false),
    ...(fields.has('bytesPerSecond')
      ? { bytesPerSecond: fields.number('bytesPerSecond', 1, RATE_MAX) }
      : {}),
  }
  fields.end()
  return actor
}
