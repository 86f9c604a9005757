// One connection: a channel and its framing, drained into its owner.
//
// Shell of the machine contract: bytes in, events out one by one, then one write of all that was caused. The owner
// is first the acceptor (until the infohash is known), then the engine of a torrent. Closing is told once, at once,
// and gives back every lent block. Reading pauses while a download budget is in debt.

import type { BencodeValue } from '@bt/bencode'
import type { PieceGeometry } from '@bt/metainfo'
import type { Alarm, ByteChannel, ChannelReader, Clock, PeerOrigin } from '@bt/ports'
import {
  addressKey,
  Bitfield,
  type Endpoint,
  invariant,
  type PeerId,
  type ReadonlyBitfield,
} from '@bt/primitives'
import {
  type ExtensionFacts,
  type Message,
  type MessageObject,
  ObjectConnection,
  objectLength,
  PeerConnection,
  type PeerSession,
  WireError,
  wireLength,
} from '@bt/wire'
import { SwarmError } from '../errors.ts'
import type { PeerHandle } from '../policy.ts'
import { hearEach, hearLoneHave, tellEvents } from './hear-objects.ts'
import type { PeerOwner } from './peer-owner.ts'
import type { Glanced, PeerParts } from './peer-parts.ts'
import { ReadDebt, type ReadMeter } from './read-debt.ts'
import { SmallTalk } from './small-talk.ts'
import type { Turn } from './turn.ts'

/**
 * Bytes waiting in a channel that does not take them: four send-aheads, or four blocks where these are longer (fast
 * profile); a peer that makes us talk and never reads is closed.
 */
export const OUTPUT_BYTES_MAX = 2 * 1024 * 1024

const NO_PIECES: ReadonlyBitfield = new Bitfield(0)
const NO_EXTENSIONS: ReadonlyMap<string, BencodeValue> = new Map()

export class Peer implements PeerHandle, ChannelReader {
  // What each message needs stands first, so that it lies together in memory.
  readonly session: PeerSession
  owner: PeerOwner<Peer>
  #closed = false
  #dirty = false
  readonly #turn: Turn
  /** What the downloader, the seat of the policy, the uploader and choking keep of it, while they deal with it: theirs alone. */
  intake: Glanced | undefined
  answers: object | undefined
  note: object | undefined
  desk: object | undefined
  candidate: object | undefined
  /** What it receives is taken from this; absent: as fast as it comes. */
  readMeter: ReadMeter | undefined
  readonly #channel: ByteChannel
  /** Only where messages are bytes: there a write of its own costs. */
  readonly #smallTalk: SmallTalk | undefined
  readonly #connection: PeerConnection | ObjectConnection
  #alarmAt = Number.POSITIVE_INFINITY
  #alarm: Alarm | undefined
  /** Since when its channel takes nothing more; undefined: it does. */
  fullSince: number | undefined
  receivedBytes = 0
  sentBytes = 0
  readonly number: number
  readonly role: 'dialed' | 'accepted'
  readonly origin: PeerOrigin
  readonly endpoint: Endpoint
  /** `addressKey` of its host; undefined: loopback, where caps do not apply. */
  readonly address: string | undefined
  readonly openedAt: number
  /** When it was told what our handshake allows; set by the engine. */
  peerId: PeerId = '' as PeerId
  extensions: ReadonlyMap<string, BencodeValue> = NO_EXTENSIONS
  /** What of them we understand. */
  said: ExtensionFacts = {}
  /** Its handshake has the bit of BEP 10. */
  speaksExtensions = false
  /** Was told which pieces we have; not yet while they are checked. */
  isGreeted = false
  /** Port it accepts on, where it said so (BEP 10 `p`) or was dialled. */
  listenPort: number | undefined
  readonly #clock: Clock
  #debt: ReadDebt | undefined

  constructor(parts: PeerParts<Peer>) {
    this.number = parts.number
    this.role = parts.role
    this.origin = parts.origin
    this.endpoint = parts.endpoint
    this.address = addressKey(parts.endpoint.host)
    this.owner = parts.owner
    this.session = parts.connection.session
    this.#connection = parts.connection
    this.#channel = parts.channel
    this.#clock = parts.clock
    this.#turn = parts.turn
    if (parts.connection instanceof PeerConnection) {
      this.#smallTalk = new SmallTalk(parts.clock, () => {
        this.touch()
        this.#turn.end()
      })
    }
    this.openedAt = parts.turn.begin()
    this.listenPort = parts.role === 'dialed' ? parts.endpoint.port : undefined
  }

  /** Time of the call under way, on the clock of the ports. */
  get now(): number {
    return this.#turn.now
  }
  get heardAt(): number {
    return this.#channel.isReceiving === true ? Math.floor(this.#clock.now()) : this.session.heardAt
  }
  get pieces(): ReadonlyBitfield {
    return this.session.peerPieces ?? NO_PIECES
  }

  get fast(): boolean {
    return this.session.fast
  }
  get isClosed(): boolean {
    return this.#closed
  }
  /** Bytes given to the channel and not yet gone. */
  get queuedBytes(): number {
    return this.#channel.queuedBytes
  }
  get carriers(): readonly string[] {
    return this.#channel.carriers
  }

  /** Reading begins, and our side of the handshake goes out where it may. */
  start(): void {
    this.#channel.start(this)
    this.touch()
  }

  /** Output may have grown, or the deadline moved: to be called after any call of `session`. */
  touch(): void {
    if (this.#dirty || this.#closed) return
    this.#dirty = true
    this.#turn.touch(this)
  }

  /** We have a piece. `isUrgent` false: it may wait for company; and where messages are bytes it always may, `waitMs`. */
  tellHave(piece: number, isUrgent: boolean, waitMs: number): void {
    const { session } = this
    const isAlone = isUrgent && this.#smallTalk === undefined && !this.#dirty && !this.#closed
    const have = isAlone ? session.takeHave(piece) : undefined
    if (have !== undefined) {
      const takesMore = (this.#channel as Required<ByteChannel>).sendObject(have, wireLength(have))
      if (!takesMore) this.fullSince ??= this.#clock.now()
      return
    }
    session.sendHave(piece, isUrgent)
    if (!session.hasOutput || this.#dirty || this.#closed) return
    if (this.#smallTalk?.isNow(waitMs) !== false) this.touch()
  }

  /** Milliseconds for which its channel has taken nothing more; 0: it does. */
  get fullMs(): number {
    return this.fullSince === undefined ? 0 : this.#clock.now() - this.fullSince
  }

  /** Told by the turn: one gathered write of all there is, and the alarm. */
  flush(): void {
    this.#dirty = false
    if (this.#closed) return
    if (!this.#send()) {
      this.fullSince ??= this.#clock.now()
      const { geometry } = this.session
      const outputBytesMax = Math.max(OUTPUT_BYTES_MAX, 4 * (geometry?.blockLength ?? 0))
      const { queuedBytes } = this
      if (queuedBytes > outputBytesMax) {
        return this.drop('output-full', `${queuedBytes} bytes wait for a peer that reads nothing`)
      }
    }
    this.#arm()
  }

  /** Metadata is here: what was heard before comes as events now. */
  adopt(geometry: PieceGeometry): void {
    this.#guarded(() => this.session.adopt(geometry))
  }

  received(chunk: Uint8Array): void {
    if (this.#closed) return
    const now = this.#turn.begin()
    const connection = this.#connection
    invariant(connection instanceof PeerConnection, 'who frames objects is sent objects')
    try {
      connection.receive(chunk, now)
      this.#drain()
    } catch (error) {
      this.#failed(error)
    }
    if (this.readMeter !== undefined) this.#pay(chunk.length, now)
    this.#turn.end()
  }

  glance(value: object): number {
    const message = value as Message
    const piece = message.type === 'have' ? message.piece : 0
    return this.glanceAt(piece) + this.owner.glance(this, piece)
  }

  /** The part of it that is this peer's own, for whoever looks at many peers of one torrent. */
  glanceAt(piece: number): number {
    return this.session.glance(piece) + (this.intake?.glance(piece) ?? 0) + (this.readMeter ? 1 : 0)
  }

  receivedObject(value: object): void {
    if (this.#closed) return
    const now = this.#turn.begin()
    try {
      const only = value as Message
      if (only.type === 'have') hearLoneHave(this, only.piece, now)
      else this.#hear(value as MessageObject, now)
    } catch (error) {
      this.#failed(error)
    }
    if (this.readMeter !== undefined) this.#pay(objectLength(value as MessageObject), now)
    this.#turn.end()
  }

  drained(): void {
    if (this.#closed) return
    this.#turn.begin()
    this.fullSince = undefined
    this.owner.peerWritable(this)
    this.#turn.end()
  }

  closed(reason: Error | undefined): void {
    this.#over(reason)
    this.#turn.end()
  }

  /** Ends the connection for a reason of ours; `detail` is a word for logs and tests. */
  drop(detail: string, message: string): void {
    this.abort(new SwarmError('PEER_DROPPED', message, { detail }))
  }

  abort(reason: Error): void {
    if (this.#closed) return
    this.#channel.abort(reason)
    this.#over(reason)
  }

  /** Sends what is queued, then closes. */
  close(): void {
    if (this.#closed) return
    this.flush()
    if (this.#closed) return
    this.#channel.close()
    this.#over(undefined)
  }

  #guarded(call: () => void): void {
    if (this.#closed) return
    this.#turn.begin()
    try {
      call()
      this.#drain()
    } catch (error) {
      this.#failed(error)
    }
  }

  #hear(value: MessageObject, now: number): void {
    const connection = this.#connection
    invariant(connection instanceof ObjectConnection, 'who frames bytes is sent bytes')
    if (Array.isArray(value)) hearEach(this, connection, value as readonly Message[], now)
    else connection.receive(value, now)
    this.#drain()
  }

  #drain(): void {
    tellEvents(this, this.#connection)
    if (this.#closed) return
    this.owner.peerDrained(this)
    // most of what is heard has no answer, and moves no deadline nearer
    if (this.session.hasOutput || this.session.isHastened) this.touch()
  }

  #failed(error: unknown): void {
    if (!(error instanceof WireError && error.blame === 'remote')) throw error
    this.abort(error)
  }

  #pay(bytes: number, now: number): void {
    if (this.readMeter === undefined || this.#closed) return
    this.#debt ??= new ReadDebt(this.#channel, this.#clock)
    this.#debt.pay(this.readMeter, bytes, now)
  }

  /** The channel is gone or going: everything lent comes back, the owner hears of it. */
  #over(reason: Error | undefined): void {
    if (this.#closed) return
    this.#closed = true
    this.#alarm?.cancel()
    this.#debt?.close()
    this.#smallTalk?.close()
    this.session.close()
    this.owner.peerClosed(this, reason)
  }

  /** All there is to say. False: the channel takes nothing more for now. */
  #send(): boolean {
    const connection = this.#connection
    const channel = this.#channel
    if (connection instanceof ObjectConnection) {
      return connection.send(channel as Required<ByteChannel>, this.#turn.ended)
    }
    const output = connection.takeOutput()
    if (output === undefined) return true
    this.#smallTalk?.spoken()
    return channel.send(output.chunks, () => {
      output.sent()
      this.#turn.end()
    })
  }

  /** An alarm stays where it is when the deadline moves away: it looks again when it rings. */
  #arm(): void {
    if (this.#alarmAt !== Number.POSITIVE_INFINITY && !this.session.isHastened) return
    const deadline = this.session.deadline()
    if (deadline >= this.#alarmAt || deadline === Number.POSITIVE_INFINITY) return
    this.#alarm?.cancel()
    this.#alarmAt = deadline
    this.#alarm = this.#clock.at(deadline, () => this.#rang())
  }

  #rang(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY
    const now = this.#turn.begin()
    if (this.session.deadline() <= now) this.#guarded(() => this.session.tick(now))
    else this.touch()
    this.#turn.end()
  }
}
