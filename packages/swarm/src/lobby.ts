// The torrents of a session and what they share: one port, the caps and budgets, who we are.
//
// Behind both façades: a Session has a lobby of many swarms, a Swarm of its own a lobby of one.

import { MemoryBudget } from '@bt/piece-store'
import type { Done, Ports } from '@bt/ports'
import { type InfoHash, type PeerId, parsePeerId } from '@bt/primitives'
import { reservedBytes } from '@bt/wire'
import { SwarmError } from './errors.ts'
import type { Hub } from './hub.ts'
import {
  MEMORY_MAX_BYTES,
  SESSION_LIMITS,
  type SessionLimits,
  type SessionOptions,
} from './options.ts'
import { Acceptor } from './peers/acceptor.ts'
import { Bans } from './peers/bans.ts'
import { ConnectionCaps } from './peers/connection-caps.ts'
import type { Peer } from './peers/peer.ts'
import { Turn } from './peers/turn.ts'
import { TokenBucket } from './transfer/byte-budget.ts'

/** Azureus style (BEP 20): our letters and version; random bytes follow. */
export const PEER_ID_PREFIX = '-CX0001-'
/** What we call ourselves in extension handshakes. */
export const CLIENT = 'bt-stack 0.1'

/** A torrent, as far as the lobby is concerned. */
export interface Member {
  readonly infoHashes: readonly InfoHash[]
  /** Somebody at our port asks for it; false: not now. */
  accept(peer: Peer): boolean
  /** An address is refused from now on. */
  banned(reason: SwarmError): void
  /** The session's limits changed. */
  limitsChanged(): void
  /** Closes; `done` once. */
  stop(done: () => void): void
}

export class Lobby {
  readonly hub: Hub
  readonly limits: SessionLimits
  readonly #acceptor: Acceptor
  readonly #members = new Set<Member>()
  readonly #byHash = new Map<InfoHash, Member>()
  readonly #waiting: (() => void)[] = []
  #state: 'open' | 'closing' | 'closed' = 'open'
  #peers = 0

  /** Accepts nothing before `listen`. */
  constructor(ports: Ports, options: SessionOptions) {
    const now = ports.clock.now()
    const limits = { ...SESSION_LIMITS, ...options.limits }
    const identity = {
      peerId: newPeerId(ports, options.peerIdPrefix ?? PEER_ID_PREFIX),
      reserved: reservedBytes({ extensions: true, fast: true, v2: true }),
    }
    const turn = new Turn(ports.clock)
    const caps = new ConnectionCaps(limits)
    const bans = new Bans()
    const peerNumber = (): number => ++this.#peers
    this.limits = limits
    this.hub = {
      ports,
      turn,
      caps,
      identity,
      framing: options.framing ?? 'bytes',
      connectionLimits: options.connectionLimits ?? {},
      memory: new MemoryBudget(options.memoryMaxBytes ?? MEMORY_MAX_BYTES),
      uploadBudget: new TokenBucket(limits.uploadBytesPerSecond, now),
      downloadBudget: new TokenBucket(limits.downloadBytesPerSecond, now),
      downloadRate: () => limits.downloadBytesPerSecond,
      addresses: options.addresses ?? {},
      bans,
      ban: (host, reason) => {
        if (!bans.add(host, reason.message)) return false
        for (const member of this.#members) member.banned(reason)
        return true
      },
      swarmLimits: options.swarmLimits ?? {},
      client: options.client ?? CLIENT,
      port: () => this.port,
      peerNumber,
    }
    this.#acceptor = new Acceptor({
      hub: this.hub,
      limits,
      torrentOf: (infoHash) => this.#byHash.get(infoHash),
    })
  }

  /** Port we accept on; 0: none. */
  get port(): number {
    return this.#acceptor.port
  }

  /** Binds the port, unless told not to. Error: SwarmError CANNOT_LISTEN. */
  listen(options: Pick<SessionOptions, 'port' | 'host' | 'listen'>, done: Done): void {
    const { clock, listenPort } = this.hub.ports
    if (options.listen === false) {
      clock.at(clock.now(), () => done(undefined))
      return
    }
    const { port = listenPort ?? 0, host } = options
    this.#acceptor.listen({ port, ...(host === undefined ? {} : { host }) }, (cause) => {
      if (cause === undefined) return done(undefined)
      const where = `port ${port} of ${host ?? 'all addresses'}`
      const message = `cannot listen on ${where}: ${cause.message}; choose another port`
      done(new SwarmError('CANNOT_LISTEN', message, { cause }))
    })
  }

  /** @throws {SwarmError} CLOSED, ALREADY_ADDED */
  enter(member: Member): void {
    if (this.#state !== 'open') throw new SwarmError('CLOSED', 'the session is closed')
    for (const infoHash of member.infoHashes) {
      if (!this.#byHash.has(infoHash)) continue
      throw new SwarmError('ALREADY_ADDED', `torrent ${infoHash} is in this session already`)
    }
    for (const infoHash of member.infoHashes) this.#byHash.set(infoHash, member)
    this.#members.add(member)
  }

  /** It has closed. */
  leave(member: Member): void {
    this.#members.delete(member)
    for (const infoHash of member.infoHashes) {
      if (this.#byHash.get(infoHash) === member) this.#byHash.delete(infoHash)
    }
  }

  setLimits(limits: Partial<SessionLimits>): void {
    const now = this.hub.ports.clock.now()
    Object.assign(this.limits, limits)
    this.hub.uploadBudget.setRate(this.limits.uploadBytesPerSecond, now)
    this.hub.downloadBudget.setRate(this.limits.downloadBytesPerSecond, now)
    for (const member of this.#members) member.limitsChanged()
    this.hub.turn.end()
  }

  /** Closes all members and the port; `done` each time it is asked. */
  stop(done: () => void): void {
    const { clock } = this.hub.ports
    if (this.#state === 'closed') {
      clock.at(clock.now(), done)
      return
    }
    this.#waiting.push(done)
    if (this.#state === 'closing') return
    this.#state = 'closing'
    let left = this.#members.size + 1
    const finish = (): void => {
      left--
      if (left > 0) return
      this.#state = 'closed'
      this.hub.turn.close()
      for (const told of this.#waiting.splice(0)) told()
    }
    for (const member of Array.from(this.#members)) member.stop(finish)
    this.#acceptor.close(finish)
  }
}

function newPeerId(ports: Ports, prefix: string): PeerId {
  const bytes = new Uint8Array(20)
  ports.random.fill(bytes)
  const head = new TextEncoder().encode(prefix)
  if (head.length > 20) {
    throw new SwarmError('BAD_OPTION', `peerIdPrefix has ${head.length} bytes, at most 20 fit`)
  }
  bytes.set(head)
  return parsePeerId(bytes) as PeerId
}
