// The listening side of a session: one port, many torrents, told apart by the infohash of the handshake.
//
// A connection costs a slot from the first byte: pending ones are few and short (the handshake deadline of wire),
// one address gets only so many, and what asks for an unknown torrent is closed without a word of ours.

import type { ByteChannel, Done, Listener } from '@bt/ports'
import type { InfoHash } from '@bt/primitives'
import { type PeerEvent, PeerSession } from '@bt/wire'
import type { Hub } from '../hub.ts'
import type { SessionLimits } from '../options.ts'
import { framed } from './framing.ts'
import { Peer } from './peer.ts'
import type { PeerOwner } from './peer-owner.ts'

/** A torrent, as far as accepting goes. */
export interface Admitting {
  /** Takes the peer over (sets `peer.owner`, admits) or answers false: refused. */
  accept(peer: Peer): boolean
}

export interface AcceptorParts {
  readonly hub: Hub
  readonly limits: SessionLimits
  readonly torrentOf: (infoHash: InfoHash) => Admitting | undefined
}

export class Acceptor implements PeerOwner<Peer> {
  readonly #parts: AcceptorParts
  readonly #pending = new Set<Peer>()
  #listener: Listener | undefined
  #closed = false

  constructor(parts: AcceptorParts) {
    this.#parts = parts
  }

  /** Port that is listened on; 0: none. */
  get port(): number {
    return this.#listener?.local.port ?? 0
  }

  /** Connections whose handshake is not here yet. */
  get pendingCount(): number {
    return this.#pending.size
  }

  listen(options: { readonly host?: string; readonly port: number }, done: Done): void {
    this.#parts.hub.ports.transport.listen(
      options,
      (channel) => this.#accepted(channel),
      (error, listener) => {
        if (error !== undefined) return done(error)
        this.#listener = listener
        if (this.#closed) listener.close(() => {})
        done(undefined)
      },
    )
  }

  close(done: Done): void {
    this.#closed = true
    for (const peer of Array.from(this.#pending))
      peer.drop('session-closed', 'the session is closed')
    const { clock } = this.#parts.hub.ports
    if (this.#listener === undefined) clock.at(clock.now(), () => done(undefined))
    else this.#listener.close(done)
    this.#listener = undefined
  }

  peerEvent(peer: Peer, event: PeerEvent): void {
    if (event.type !== 'asked') return
    const torrent = this.#parts.torrentOf(event.infoHash)
    this.#pending.delete(peer)
    if (torrent?.accept(peer) === true) return
    this.#parts.hub.ports.log?.('debug', 'accept.refused', {
      peer: peer.endpoint,
      infoHash: event.infoHash,
      known: torrent !== undefined,
    })
    peer.session.refuse()
    peer.drop('not-served', `no torrent with infohash ${event.infoHash} is served here now`)
  }

  peerHas(): void {}

  peerDrained(): void {}

  peerWritable(): void {}

  glance(): number {
    return 0
  }

  peerClosed(peer: Peer, reason: Error | undefined): void {
    this.#pending.delete(peer)
    this.#parts.hub.caps.disconnect(peer.endpoint.host)
    this.#parts.hub.ports.log?.('debug', 'accept.closed', { peer: peer.endpoint, reason })
  }

  #accepted(channel: ByteChannel): void {
    const { hub, limits } = this.#parts
    const { caps, bans, turn, identity, connectionLimits } = hub
    const { clock, log } = hub.ports
    const host = channel.remote.host
    const full = this.#closed || this.#pending.size >= limits.acceptsPendingMax
    if (full || bans.has(host) || !caps.connect(host)) {
      log?.('debug', 'accept.turned-away', { peer: channel.remote, pending: this.#pending.size })
      channel.start({ received() {}, drained() {}, closed() {} })
      channel.abort(new Error('too many connections, or a banned address'))
      return
    }
    const session = new PeerSession({
      role: 'accepted',
      identity,
      limits: connectionLimits,
      now: clock.now(),
    })
    const peer = new Peer({
      number: hub.peerNumber(),
      role: 'accepted',
      origin: 'incoming',
      endpoint: channel.remote,
      channel,
      connection: framed(session, channel, hub.framing),
      owner: this,
      clock,
      turn,
    })
    this.#pending.add(peer)
    peer.start()
    turn.end()
  }
}
