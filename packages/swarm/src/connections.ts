// The connections of one torrent, from a dial or an accept to the end: handshake, twins, bans, caps.

import type { ByteChannel } from '@bt/ports'
import { type Admission, featuresOf, type Handshake, PeerSession } from '@bt/wire'
import type { PieceGeometry } from '@bt/metainfo'
import type { InfoHash, InfoHashV2 } from '@bt/primitives'
import type { Emitter } from './emitter.ts'
import { SwarmError } from './errors.ts'
import type { SwarmEvents } from './events.ts'
import type { Hub } from './hub.ts'
import type { SwarmLimits } from './options.ts'
import type { DialCandidate, KnownPeers } from './peers/known-peers.ts'
import { framed } from './peers/framing.ts'
import { Peer } from './peers/peer.ts'
import type { PeerOwner } from './peers/peer-owner.ts'
import type { PeerSet } from './peers/peer-set.ts'
import type { Conviction } from './peers/trust.ts'
import { TokenBucket } from './transfer/byte-budget.ts'

export interface ConnectionsParts {
  readonly hub: Hub
  readonly known: KnownPeers
  readonly peers: PeerSet
  readonly owner: PeerOwner<Peer>
  readonly downloadBudget: TokenBucket
  readonly limits: () => SwarmLimits
  /** v1, then truncated v2. */
  readonly infoHashes: readonly InfoHash[]
  readonly infoHashV2: InfoHashV2 | undefined
  readonly events: Emitter<SwarmEvents>
  /** Undefined until a magnet's metadata is here. */
  readonly geometry: () => PieceGeometry | undefined
  /** False: no connections now (paused, checking). */
  readonly isOpen: () => boolean
  /** Somebody who would have been accepted was not, for want of room. */
  readonly full: () => void
  /** The handshake is done and the peer is ours. */
  readonly opened: (peer: Peer) => void
}

export class Connections {
  readonly #parts: ConnectionsParts

  constructor(parts: ConnectionsParts) {
    this.#parts = parts
  }

  /** A dial of ours succeeded; the caps have counted it. */
  dialed(channel: ByteChannel, candidate: DialCandidate): void {
    const { hub, peers, owner } = this.#parts
    const { clock } = hub.ports
    const session = new PeerSession({
      role: 'dialed',
      identity: hub.identity,
      admission: this.#admission(),
      limits: hub.connectionLimits,
      now: clock.now(),
    })
    const peer = new Peer({
      number: hub.peerNumber(),
      role: 'dialed',
      origin: candidate.origin,
      endpoint: candidate.endpoint,
      channel,
      connection: framed(session, channel, hub.framing),
      owner,
      clock,
      turn: hub.turn,
    })
    peers.added(peer)
    peer.start()
  }

  /** Somebody who came to our port asks for this torrent; false: refused. */
  accept(peer: Peer): boolean {
    const { known, peers, owner, limits, isOpen } = this.#parts
    if (!isOpen() || !known.accepts(peer.endpoint)) return false
    if (peers.size >= limits().peersMax) {
      this.#parts.full()
      return false
    }
    known.incoming(peer.endpoint)
    peer.owner = owner
    peers.added(peer)
    peer.session.admit(this.#admission())
    return true
  }

  /** Its handshake is here. */
  shaken(peer: Peer, remote: Handshake): void {
    const { hub, known, peers } = this.#parts
    peer.peerId = remote.peerId
    peer.speaksExtensions = featuresOf(remote.reserved).extensions
    if (remote.peerId === hub.identity.peerId) {
      known.handshaken(peer.endpoint, remote.peerId)
      peer.drop('self', 'this is ourselves')
      return
    }
    const twin = peers.opened(peer, hub.identity.peerId)
    if (twin !== undefined) {
      const number = twin === peer ? 'another connection' : `connection ${peer.number}`
      twin.drop('duplicate', `the same peer is connected by ${number}`)
      if (twin === peer) return
    }
    known.handshaken(peer.endpoint, remote.peerId)
    this.#limit(peer)
    this.#parts.opened(peer)
  }

  /** Told by the engine, after everybody else heard of it. */
  closed(peer: Peer, reason: Error | undefined): void {
    const { hub, known, peers } = this.#parts
    const now = hub.ports.clock.now()
    const wasOpen = peers.isOpen(peer)
    peers.removed(peer)
    hub.caps.disconnect(peer.endpoint.host)
    const evicted = reason instanceof SwarmError && reason.detail === 'evicted'
    const useful = !evicted && (peer.receivedBytes > 0 || peer.sentBytes > 0)
    const how = useful
      ? 'useful'
      : evicted || (wasOpen && reason === undefined)
        ? 'useless'
        : 'failed'
    known.disconnected(peer.endpoint, now, how)
  }

  /** It sent wrong blocks: after enough of them its address is refused, and its connections end. */
  convicted({ peer, piece, strikes, ban }: Conviction<Peer>): void {
    const { hub, events } = this.#parts
    const { endpoint, origin } = peer
    hub.ports.log?.('info', 'peer.convicted', { peer: endpoint, piece, strikes, ban })
    if (!ban || (peer.isClosed && hub.bans.has(endpoint.host))) return
    const message = `it sent wrong blocks ${strikes} times, the latest of piece ${piece}`
    const reason = new SwarmError('PEER_BANNED', message, { detail: 'corrupt' })
    hub.ban(endpoint.host, reason)
    peer.abort(reason) // on loopback, which all share, only this connection ends
    events.emit('peer', { endpoint, origin, change: 'banned', reason })
  }

  /** Connections with an address that is refused now end. */
  banned(reason: SwarmError): void {
    const { hub, peers } = this.#parts
    for (const peer of peers.all()) if (hub.bans.has(peer.endpoint.host)) peer.abort(reason)
  }

  dropAll(detail: string, message: string): void {
    for (const peer of this.#parts.peers.all()) peer.drop(detail, message)
  }

  /** New limits hold for connections that stand, too. */
  limitsChanged(): void {
    for (const peer of this.#parts.peers.open()) this.#limit(peer)
  }

  #admission(): Admission {
    const { infoHashes, infoHashV2 } = this.#parts
    const geometry = this.#parts.geometry()
    const answerV2 = infoHashV2 === undefined ? undefined : infoHashes.at(-1)
    return {
      answer: infoHashes[0] as InfoHash,
      accept: infoHashes,
      ...(answerV2 === undefined ? {} : { answerV2 }),
      ...(geometry === undefined ? {} : { geometry }),
    }
  }

  /** Reading is metered only where a limit exists: unlimited peers cost nothing per chunk. */
  #limit(peer: Peer): void {
    const { downloadBudget, limits, hub } = this.#parts
    const { downloadBytesPerSecond, peerDownloadBytesPerSecond } = limits()
    const rates = [downloadBytesPerSecond, peerDownloadBytesPerSecond, hub.downloadRate()]
    peer.readMeter = rates.every((rate) => rate === Number.POSITIVE_INFINITY)
      ? undefined
      : new TokenBucket(peerDownloadBytesPerSecond, hub.ports.clock.now(), downloadBudget)
  }
}
