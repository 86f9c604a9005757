// Who exists: every endpoint that was named to us, when it may be dialled, and which comes next.
//
// Named by strangers, so bounded in all directions: in number, per address, per source; addresses narrower than
// their source are refused (nobody out there may point us inside), failures back off with jitter, bans and ourselves
// stay out. Cost: O(1) per peer named, O(known) to choose whom to dial. BEP 7, 11, 40.

import type { FoundPeer, PeerOrigin, Random } from '@bt/ports'
import { type Endpoint, type PeerId, addressKey, endpointText, parseIp } from '@bt/primitives'
import { backOff } from './back-off.ts'
import { Bans } from './bans.ts'
import { BestDials } from './best-dials.ts'
import { KNOWN_PEERS_LIMITS, type KnownPeersLimits } from './known-peers-limits.ts'
import { KnownPeer, disposabilityOf } from './known-peer.ts'
import { mayName } from './naming-rule.ts'
import { peerPriority } from './peer-priority.ts'
import { Tally } from './tally.ts'

export { addressKey } from '@bt/primitives'

export interface DialCandidate {
  readonly endpoint: Endpoint
  readonly origin: PeerOrigin
  readonly seed: boolean
  readonly utp: boolean
  readonly encrypted: boolean
}

/**
 * How a connection, or a dial, was over. 'failed': it broke the protocol or never answered; 'useless': it had nothing for
 * us, or we nothing for it; 'no-room': our own places were taken, or we stopped, and nothing is known of it.
 */
export type Ending = 'useful' | 'useless' | 'no-room' | 'failed'

/** Above 0: may be dialled, higher first; 0: not now; −1: never. */
export type DialScore = (endpoint: Endpoint, origin: PeerOrigin) => number

export interface KnownPeersOptions extends Partial<KnownPeersLimits> {
  /** Sources at public addresses may name private ones: a public tracker of a private network. */
  readonly privateFromPublic?: boolean
}

export class KnownPeers {
  readonly #random: Random
  readonly #limits: KnownPeersLimits
  readonly #privateFromPublic: boolean
  readonly #known = new Map<string, KnownPeer>()
  readonly #bans: Bans
  readonly #ourIds = new Set<PeerId>()
  /** Known endpoints, and those dialled or connected, per address. */
  readonly #perAddress = new Tally()
  readonly #busyPerAddress = new Tally()
  /** Endpoints of each source that nobody has connected to. */
  readonly #unproven = new Tally()
  /** Accepted connections by where they came from: their address, and where they really listen, once they said so. */
  readonly #accepted = new Map<string, string | undefined>()
  readonly #listening = new Map<string, KnownPeer>()
  #ourselves: Endpoint | undefined

  /** `bans`: those of the session. */
  constructor(random: Random, options: KnownPeersOptions = {}, bans = new Bans()) {
    this.#random = random
    this.#limits = { ...KNOWN_PEERS_LIMITS, ...options }
    this.#privateFromPublic = options.privateFromPublic ?? false
    this.#bans = bans
  }

  get count(): number {
    return this.#known.size
  }

  /** An id of ours: who answers with it is ourselves. */
  ourId(peerId: PeerId): void {
    this.#ourIds.add(peerId)
  }

  /** Where others see us: for the order of BEP 40. Counts for endpoints named from now on. */
  learnOwnAddress(host: string): void {
    if (parseIp(host) !== undefined) this.#ourselves = { host, port: 0 }
  }

  /**
   * Endpoints that `source` (its address; undefined: it has none, and counts as global) named. Those that may not be
   * dialled, are banned, or do not fit the limits are left out. Answers how many were not known before.
   */
  found(
    peers: readonly FoundPeer[],
    origin: PeerOrigin,
    source: string | undefined,
    now: number,
  ): number {
    let added = 0
    for (const peer of peers) {
      const known = this.#known.get(endpointText(peer.endpoint))
      if (known !== undefined) {
        known.told(peer, origin)
        if (origin !== 'pex') this.#encourage(known, now)
      } else if (this.#mayAdd(peer.endpoint, origin, source)) {
        this.#add(peer.endpoint, origin, source, now).told(peer, origin)
        added++
      }
    }
    return added
  }

  /** Whether a connection from there is accepted: it is not banned. */
  accepts(remote: Endpoint): boolean {
    return !this.#bans.has(remote.host)
  }

  /** A connection from there was accepted: it counts for its address until `disconnected`. */
  incoming(remote: Endpoint): void {
    const key = endpointText(remote)
    const address = addressKey(remote.host)
    if (this.#accepted.has(key)) return
    this.#accepted.set(key, address)
    this.#busyPerAddress.add(address, 1)
  }

  /** An accepted connection said on which port it listens (BEP 10 `p`): it can be dialled there later. */
  listensAt(remote: Endpoint, port: number, now: number): void {
    const endpoint = { host: remote.host, port }
    const key = endpointText(remote)
    if (port < 1 || port > 65_535 || this.#listening.has(key) || !this.#accepted.has(key)) return
    let known = this.#known.get(endpointText(endpoint))
    if (known === undefined) {
      // It speaks for itself, so any address it comes from will do.
      if (!this.#mayAdd(endpoint, 'incoming', remote.host)) return
      known = this.#add(endpoint, 'incoming', undefined, now)
    }
    if (known.state !== 'idle') return
    this.#listening.set(key, known)
    known.state = 'connected'
    known.dials++
    this.#prove(known)
  }

  /**
   * Whom to dial, best first, at most `count`; each counts as being dialled until `dialFailed`, `connected` or
   * `disconnected`. `skipSeeds`: we have everything, they have nothing to ask us.
   */
  candidates(
    count: number,
    now: number,
    score?: DialScore,
    skipSeeds = false,
  ): readonly DialCandidate[] {
    const best = new BestDials(count)
    for (const known of this.#known.values()) {
      if (!this.#isDue(known, now) || (skipSeeds && known.seed)) continue
      best.offer(known, score?.(known.endpoint, known.origin) ?? 1)
    }
    const chosen: DialCandidate[] = []
    for (const known of best.all()) {
      if (this.#isFull(known)) continue
      this.#setState(known, 'dialing')
      known.dials++
      const { endpoint, origin, seed, utp, encrypted } = known
      chosen.push({ endpoint, origin, seed, utp, encrypted })
    }
    return chosen
  }

  /** Somebody could be dialled now. */
  hasDue(now: number, skipSeeds: boolean): boolean {
    for (const known of this.#known.values()) {
      if (this.#isDue(known, now) && !(skipSeeds && known.seed)) return true
    }
    return false
  }

  /** Nobody answered there. */
  dialFailed(endpoint: Endpoint, now: number): void {
    const known = this.#known.get(endpointText(endpoint))
    if (known !== undefined) this.#failed(known, now)
  }

  /** There is a connection; it is useful only once the handshake is done. */
  connected(endpoint: Endpoint): void {
    const known = this.#known.get(endpointText(endpoint))
    if (known !== undefined) this.#setState(known, 'connected')
  }

  /** Its handshake is here. 'self': this is one of our own ids; the endpoint is never dialled again. */
  handshaken(endpoint: Endpoint, peerId: PeerId): 'ok' | 'self' {
    const known = this.#at(endpoint)
    const isSelf = this.#ourIds.has(peerId)
    if (known === undefined) return isSelf ? 'self' : 'ok'
    known.isSelf = isSelf
    if (isSelf) return 'self'
    known.failures = 0
    this.#prove(known)
    return 'ok'
  }

  /** It turned out to have everything. */
  seedMet(endpoint: Endpoint): void {
    const known = this.#at(endpoint)
    if (known !== undefined) known.seed = true
  }

  disconnected(endpoint: Endpoint, now: number, how: Ending): void {
    const key = endpointText(endpoint)
    const known = this.#at(endpoint)
    const listened = this.#listening.delete(key)
    const address = this.#accepted.get(key)
    const wasAccepted = this.#accepted.delete(key)
    // Where it listens counts nothing of its own: the accepted connection did.
    if (wasAccepted && !listened && address !== undefined) this.#busyPerAddress.add(address, -1)
    if (known === undefined || known.state === 'idle') return
    if (how === 'failed') {
      this.#failed(known, now)
      return
    }
    this.#setState(known, 'idle')
    const { reconnectMs, uselessMs, noRoomMs } = this.#limits
    const pauses = { useful: reconnectMs, useless: uselessMs, 'no-room': noRoomMs }
    known.notBefore = now + this.#jittered(pauses[how])
  }

  /** We want something again: those that were of no use, and did not fail, may be dialled now. */
  wantAgain(now: number): void {
    for (const known of this.#known.values()) {
      if (known.failures === 0) known.notBefore = Math.min(known.notBefore, now)
    }
  }

  /** When an endpoint that is backing off may be dialled; `now` when there is one already, Infinity when none is known. */
  deadline(now: number): number {
    let first = Number.POSITIVE_INFINITY
    for (const known of this.#known.values()) {
      if (!this.#mayDial(known) || known.notBefore >= first) continue
      if (this.#isFull(known) || this.#bans.has(known.endpoint.host)) continue
      first = known.notBefore
    }
    return Math.max(now, first)
  }

  /** Real ones first (they were connected once), to be kept over a restart. */
  entries(max: number): readonly Endpoint[] {
    const all = [...this.#known.values()].filter((known) => !known.isSelf)
    const proven = all.filter((known) => known.proven)
    const others = all.filter((known) => !known.proven)
    return [...proven, ...others].slice(0, max).map((known) => known.endpoint)
  }

  /** What is known of a connection's other end. */
  #at(endpoint: Endpoint): KnownPeer | undefined {
    const key = endpointText(endpoint)
    return this.#listening.get(key) ?? this.#known.get(key)
  }

  #mayAdd(endpoint: Endpoint, origin: PeerOrigin, source: string | undefined): boolean {
    const { peersPerAddressMax, peersPerSourceMax, peersMax } = this.#limits
    if (!mayName(endpoint, origin, source, this.#privateFromPublic)) return false
    if (this.#bans.has(endpoint.host)) return false
    if (origin !== 'user') {
      if (this.#perAddress.of(addressKey(endpoint.host)) >= peersPerAddressMax) return false
      if (this.#unproven.of(source) >= peersPerSourceMax) return false
    }
    return this.#known.size < peersMax || this.#makeRoom(origin)
  }

  #add(endpoint: Endpoint, origin: PeerOrigin, source: string | undefined, now: number): KnownPeer {
    const chance = this.#random.below(2 ** 32)
    const rank = this.#ourselves === undefined ? undefined : peerPriority(this.#ourselves, endpoint)
    const known = new KnownPeer(endpoint, { origin, source, now, rank: rank ?? chance })
    this.#known.set(endpointText(endpoint), known)
    this.#perAddress.add(known.address, 1)
    if (source !== undefined) this.#unproven.add(source, 1)
    return known
  }

  #forget(known: KnownPeer): void {
    this.#setState(known, 'idle')
    this.#known.delete(endpointText(known.endpoint))
    this.#perAddress.add(known.address, -1)
    if (known.source !== undefined && !known.proven) this.#unproven.add(known.source, -1)
  }

  /** Forgets the least useful, if it is no better than a new one of this origin. */
  #makeRoom(origin: PeerOrigin): boolean {
    let worst: KnownPeer | undefined
    for (const known of this.#known.values()) {
      if (worst === undefined || known.disposability > worst.disposability) worst = known
    }
    if (worst === undefined || worst.disposability < disposabilityOf(origin)) return false
    this.#forget(worst)
    return true
  }

  /** Named again by somebody who should know: the next try comes sooner. */
  #encourage(known: KnownPeer, now: number): void {
    if (known.failures === 0) return
    known.failures--
    known.notBefore = Math.min(known.notBefore, now + this.#backOff(known.failures))
  }

  #failed(known: KnownPeer, now: number): void {
    this.#setState(known, 'idle')
    known.failures++
    if (known.failures >= this.#limits.failuresMax && known.origin !== 'user') {
      this.#forget(known)
      return
    }
    known.notBefore = now + this.#jittered(this.#backOff(known.failures))
  }

  #backOff(failures: number): number {
    return backOff(this.#limits.backOffMs, failures, this.#limits.backOffMaxMs)
  }

  /** Between three quarters and five quarters, so that those who failed together do not come back together. */
  #jittered(ms: number): number {
    return Math.round(ms * 0.75) + this.#random.below(Math.max(1, Math.round(ms / 2)))
  }

  #mayDial(known: KnownPeer): boolean {
    return known.state === 'idle' && !known.isSelf && known.dials < this.#limits.dialsPerPeerMax
  }

  #isDue(known: KnownPeer, now: number): boolean {
    if (!this.#mayDial(known) || known.notBefore > now) return false
    return !this.#isFull(known) && !this.#bans.has(known.endpoint.host)
  }

  #isFull({ address }: KnownPeer): boolean {
    if (address === undefined) return false
    return this.#busyPerAddress.of(address) >= this.#limits.connectionsPerAddressMax
  }

  #setState(known: KnownPeer, state: KnownPeer['state']): void {
    const busy = (state === 'idle' ? 0 : 1) - (known.state === 'idle' ? 0 : 1)
    if (busy !== 0 && known.address !== undefined) this.#busyPerAddress.add(known.address, busy)
    known.state = state
  }

  #prove(known: KnownPeer): void {
    if (!known.proven && known.source !== undefined) this.#unproven.add(known.source, -1)
    known.proven = true
  }
}
