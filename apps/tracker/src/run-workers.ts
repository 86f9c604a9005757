// Several worker processes on the same ports: starts them, carries what each takes in to the others, counts for all, and
// replaces one that dies. It serves nobody itself but the admin address.
//
// With the addons each worker has sockets of its own and the kernel spreads senders and connections over them; without
// them they share one of each kind. So any worker gets any announce, and each knows all peers.

import cluster, { type Worker } from 'node:cluster'
import { randomBytes } from 'node:crypto'
import { endpointText } from '@bt/primitives'
import type { TrackerCounts } from '@bt/tracker-server'
import { destination, pino } from 'pino'
import type { Config } from './config.ts'
import { closeAdmin, serveAdmin } from './serve-admin.ts'
import type { FromWorker, Protocol, ToWorker } from './worker-link.ts'

/** Batches on their way to one worker; further ones are dropped, and everything is told again later. */
const BATCHES_WAITING_MAX = 64
/** Milliseconds between the death of a worker and the next one: a cause that stays must not spin. */
const RESTART_MS = 1000

interface Member {
  readonly worker: Worker
  counts: TrackerCounts
  waiting: number
  /** It missed batches. */
  isBehind: boolean
}

const NOTHING: TrackerCounts = {
  announces: 0,
  scrapes: 0,
  refusals: 0,
  swarms: 0,
  peers: 0,
  memberBytes: 0,
}

/** Serves with workers until SIGTERM or SIGINT; the exit code. */
export async function runWorkers(config: Config, json: boolean): Promise<number> {
  const log = pino({ level: config.logLevel }, destination({ dest: 2, sync: true }))
  const say = (event: string, text: string, facts: Readonly<Record<string, unknown>>): void => {
    process.stdout.write(json ? `${JSON.stringify({ event, ...facts })}\n` : `${text}\n`)
  }
  cluster.setupPrimary({ serialization: 'advanced' })
  cluster.schedulingPolicy = cluster.SCHED_NONE
  const secret = Uint8Array.from(randomBytes(16))
  const members = new Map<number, Member>()
  const ports: { [protocol in Protocol]?: number } = {}
  /** Of workers that are gone. */
  let past = NOTHING
  let isEnding = false

  const hear = (from: Worker, message: FromWorker, ready: () => void): void => {
    const member = members.get(from.id)
    if (member === undefined) return
    if (message.type === 'counts') member.counts = message.counts
    if (message.type === 'changed')
      for (const other of members.values()) if (other !== member) tell(other, message.batch)
    if (message.type === 'hello')
      send(from, { type: 'start', secret, udpPort: ports.udp, httpPort: ports.http })
    if (message.type === 'ready') ready()
    if (message.type === 'listening' && ports[message.protocol] === undefined) {
      const { protocol, local, facts } = message
      ports[protocol] = local.port
      const { host, port } = local
      const more = { workers: config.workers, ...facts }
      say(
        'listening',
        `listening on ${protocol} ${endpointText(local)}, ${config.workers} workers`,
        { protocol, host, port, ...more },
      )
    }
  }
  const tell = (member: Member, batch: Uint8Array): void => {
    if (member.waiting >= BATCHES_WAITING_MAX) {
      member.isBehind = true
      return
    }
    member.waiting++
    send(member.worker, { type: 'heard', batch }, () => {
      member.waiting--
      if (!member.isBehind || member.waiting > 0) return
      member.isBehind = false
      refill(member)
    })
  }
  /** All but one tell everything again. */
  const refill = (but: Member): void => {
    for (const other of members.values()) if (other !== but) send(other.worker, { type: 'refill' })
  }
  /** Resolves with 'ready', or the code that it ended with before. */
  const start = (): Promise<number | 'ready'> =>
    new Promise((resolve) => {
      const worker = cluster.fork()
      const member: Member = { worker, counts: NOTHING, waiting: 0, isBehind: false }
      members.set(worker.id, member)
      worker.on('message', (message: FromWorker) =>
        hear(worker, message, () => {
          refill(member)
          resolve('ready')
        }),
      )
      worker.once('exit', (code) => {
        members.delete(worker.id)
        const done = member.counts
        past = sum([past, isEnding ? done : { ...done, swarms: 0, peers: 0, memberBytes: 0 }])
        resolve(code)
        if (isEnding) return
        log.warn({ worker: worker.id, code }, 'a worker ended, another one takes its place')
        setTimeout(() => {
          if (!isEnding) void start()
        }, RESTART_MS)
      })
    })

  const ended = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
  const counts = (): TrackerCounts => sum([past, ...[...members.values()].map((one) => one.counts)])
  const stop = async (): Promise<void> => {
    isEnding = true
    const gone = [...members.values()].map(
      ({ worker }) => new Promise((resolve) => worker.once('exit', resolve)),
    )
    for (const { worker } of members.values()) worker.process.kill('SIGTERM')
    await Promise.all(gone)
  }

  // The first one finds the ports; the others then take the same.
  isEnding = true
  const first = await start()
  if (first !== 'ready') return first
  isEnding = false
  for (let more = 1; more < config.workers; more++) void start()
  try {
    const view = {
      get counts() {
        return counts()
      },
    }
    process.on('SIGHUP', () => {
      for (const { worker } of members.values()) worker.process.kill('SIGHUP')
    })
    const admin = await serveAdmin(config.admin, view, undefined)
    say('listening', `listening on admin ${endpointText(admin.local)}`, {
      protocol: 'admin',
      ...admin.local,
    })
    const signal = await ended
    await stop()
    await closeAdmin(admin.server)
    say('stopped', `stopped by ${signal}`, { signal, ...counts() })
    process.removeAllListeners('SIGHUP')
    return 0
  } catch (error) {
    await stop()
    const at = endpointText(config.admin)
    const message = `cannot listen for admin on ${at}: ${(error as Error).message}; choose another address or stop what listens there`
    throw Object.assign(new Error(message, { cause: error }), { code: 'CANNOT_LISTEN' })
  }
}

/** What was done adds up; who is there is known to each, so the most is the truth. */
function sum(all: readonly TrackerCounts[]): TrackerCounts {
  return all.reduce((one, other) => ({
    announces: one.announces + other.announces,
    scrapes: one.scrapes + other.scrapes,
    refusals: one.refusals + other.refusals,
    swarms: Math.max(one.swarms, other.swarms),
    peers: Math.max(one.peers, other.peers),
    memberBytes: one.memberBytes + other.memberBytes,
  }))
}

function send(worker: Worker, message: ToWorker, sent: () => void = () => {}): void {
  if (worker.isConnected()) worker.send(message, undefined, () => sent())
}
