// One connection as messages: phases, four flags, both request books, deadlines.
//
// It never sees a socket or a byte of framing, so that the byte path (PeerConnection) and the simulator's object path
// drive the same rules. What is heard is judged in hear-*.ts, what may be said in say-*.ts; here both meet their owner. BEP 3, 6, 10, 52, 54.

import type { BencodeValue } from '@bt/bencode'
import type { PieceGeometry } from '@bt/metainfo'
import { type BlockData, type ReadonlyBitfield, invariant } from '@bt/primitives'
import { adoptGeometry } from './adopt-geometry.ts'
import type { Handshake, HandshakeHead } from './handshake.ts'
import { admit, hearHandshake, hearHead, sayHandshake } from './hear-handshake.ts'
import { hearHave, hearMessage } from './hear-message.ts'
import type { HashRange, Message } from './message.ts'
import type { MessageOutput } from './outbox.ts'
import type { PeerEvent } from './peer-event.ts'
import { deadlineOf, passTime } from './pass-time.ts'
import { sayDontHave, sayExtended, sayExtensionHandshake } from './say-extended.ts'
import { sayAllowedFast, sayHave, sayPieces, takeHave } from './say-pieces.ts'
import {
  NO_OPTIONS,
  type RequestOptions,
  mayRequest,
  sayBlock,
  sayCancel,
  sayChoke,
  sayInterest,
  sayReject,
  sayRequest,
  sayUnchoke,
} from './say-requests.ts'
import type { Admission, PeerSessionOptions } from './session-options.ts'
import { SessionFacts } from './session-facts.ts'
import { SessionState } from './session-state.ts'
import { limitsOf } from './wire-limits.ts'

/**
 * Contract of every machine: one call in, drain `next`, take the output, ask `deadline`. `receive`, `tick` and `adopt`
 * throw an InvariantError while events wait; commands may be given at any time, also between two events. Errors with
 * blame 'remote' come out of `receive`, `adopt` and `tick` and close the session; a closed session is deaf and mute.
 */
export class PeerSession extends SessionFacts {
  readonly #state: SessionState

  constructor(options: PeerSessionOptions) {
    const limits = limitsOf(options.limits)
    const state = new SessionState(options.role, options.identity, limits, options.now)
    super(state)
    this.#state = state
    if (options.role === 'accepted') return
    state.admission = options.admission
    const { answer, geometry } = options.admission
    sayHandshake(state, options.admission, answer)
    if (geometry !== undefined) adoptGeometry(state, geometry)
  }

  /** Answers 'asked': our handshake goes out. */
  admit(admission: Admission): void {
    admit(this.#state, admission)
  }

  /** Answers 'asked': no byte goes out, close the channel. */
  refuse(): void {
    this.#state.end('refused')
  }

  /**
   * Metadata is here (magnet). Checks what was heard so far; the event 'pieces' follows if anything was.
   * @throws {WireError} blame remote: a bitfield or have that this torrent cannot have
   */
  adopt(geometry: PieceGeometry): void {
    if (!this.#mayHear()) return
    this.#guarded(() => adoptGeometry(this.#state, geometry))
  }

  /** Ends it from our side. Nothing is sent; lent data of unsent blocks is given back. Idempotent. */
  close(): void {
    this.#state.end('close-asked')
  }

  /** Not choked, or the piece is allowed-fast; and there is room under the peer's `reqq`. */
  mayRequest(piece: number): boolean {
    return mayRequest(this.#state, piece)
  }

  /**
   * One message, a whole handshake, or the first 48 bytes of one. Views in it are lent on to the events.
   * @throws {WireError} blame remote; the session is closed then
   */
  receive(message: Message | Handshake | HandshakeHead, now: number): void {
    if (!this.#mayHear()) return
    const state = this.#state
    this.heard(now)
    try {
      if ('type' in message) hearMessage(state, message)
      else if ('peerId' in message) hearHandshake(state, message)
      else hearHead(state, message)
    } catch (error) {
      state.end('failed')
      throw error
    }
  }

  /**
   * A have that came alone, as `receive` and `next` would tell it: true where the event 'have' would follow. Nearly all
   * that is heard in a large swarm, so that nothing is made of it.
   * @throws {WireError} blame remote; the session is closed then
   */
  hearHave(piece: number, now: number): boolean {
    if (!this.#mayHear()) return false
    const state = this.#state
    state.heard(now)
    try {
      return hearHave(state, piece, now)
    } catch (error) {
      state.end('failed')
      throw error
    }
  }

  /** When any byte of it came last, in whole ms: those of a message that is not whole yet, too. */
  get heardAt(): number {
    return this.#state.heardAt
  }

  /** Bytes came that are not yet a message: the peer is alive. */
  heard(now: number): void {
    this.#state.now = now
    this.#state.heard(now)
  }

  /** Lent: the object and its views are valid until the next call of any method. */
  next(): PeerEvent | undefined {
    const event = this.#state.shift()
    if (event !== undefined) return event
    invariant(this.#state.phase !== 'asked', 'asked is answered with admit or refuse')
    return undefined
  }

  /** Everything to send now, in order: the object path's output; PeerConnection frames it for the byte path. */
  takeMessages(): MessageOutput | undefined {
    return this.#state.take()
  }

  /** The same where there is one message and nobody waits for it to go out; else undefined, and nothing is taken. */
  takeOnlyMessage(): Message | Handshake | undefined {
    return this.#state.takeOnly()
  }

  /** There is something to send. */
  get hasOutput(): boolean {
    return !this.#state.outbox.isEmpty
  }

  /** Says so when it changes. */
  setInterested(interested: boolean): void {
    if (this.#maySpeak()) sayInterest(this.#state, interested)
  }

  unchoke(): void {
    if (this.#maySpeak()) sayUnchoke(this.#state)
  }

  /**
   * With the fast extension every open request but those for allowed-fast pieces is rejected here, after the choke,
   * held ones included; without it all are dropped in silence (BEP 3, 6).
   */
  choke(): void {
    if (this.#maySpeak()) sayChoke(this.#state)
  }

  /** @throws {WireError} blame local: `mayRequest` says no, it is open already, or there is no such block */
  request(
    piece: number,
    begin: number,
    length: number,
    now: number,
    options: RequestOptions = NO_OPTIONS,
  ): void {
    this.#state.now = now
    sayRequest(this.#state, piece, begin, length, options)
  }

  /** Nothing when it is not open. A late block is reported as asked 'cancelled'. */
  cancel(piece: number, begin: number, length: number): void {
    if (this.#maySpeak()) sayCancel(this.#state, { piece, begin, length })
  }

  /** Keeps a request of the peer open without its data; rejected by `tick` at `until` (event 'hold-expired'). */
  hold(piece: number, begin: number, length: number, until: number): void {
    this.#state.isHastened = true
    this.#state.answers.hold(piece, begin, length, until)
  }

  /** Nothing when it is not open. Without the fast extension it is dropped in silence. */
  reject(piece: number, begin: number, length: number): void {
    if (!this.#maySpeak() || !this.#state.answers.take(piece, begin, length)) return
    sayReject(this.#state, { piece, begin, length })
  }

  /**
   * Answers a request with its data, which is lent until `sent` runs.
   * False: it was cancelled or choked away meanwhile, nothing is sent and `sent` will not run.
   */
  sendBlock(piece: number, begin: number, data: BlockData, sent?: () => void): boolean {
    return this.#maySpeak() && sayBlock(this.#state, piece, begin, data, sent)
  }

  /** Picks have-all, have-none, bitfield or nothing. Once, before any have. `have` may have length 0 for a magnet. */
  sendPieces(have: ReadonlyBitfield): void {
    if (this.#maySpeak()) sayPieces(this.#state, have)
  }

  /** `isUrgent` false: it goes with the next output, when 64 wait, or with `sendWaiting`. */
  sendHave(piece: number, isUrgent = true): void {
    if (this.#maySpeak()) sayHave(this.#state, piece, isUrgent)
  }

  /** Haves that wait for company are output now. */
  sendWaiting(): void {
    this.#state.outbox.joinLater()
  }

  /** `sendHave` and `takeOnlyMessage` in one, where nothing else is to be said; else undefined, and nothing is said. */
  takeHave(piece: number): Message | undefined {
    return takeHave(this.#state, piece)
  }

  /** Nothing when the peer does not speak lt_donthave. Its open requests for the piece are rejected (BEP 54). */
  sendDontHave(piece: number): void {
    if (this.#maySpeak()) sayDontHave(this.#state, piece)
  }

  /** Nothing without the fast extension. The peer may then have the piece once while it is choked. */
  sendAllowedFast(piece: number): void {
    if (this.#maySpeak()) sayAllowedFast(this.#state, piece)
  }

  /** Nothing without the fast extension. */
  sendSuggest(piece: number): void {
    if (this.#maySpeak() && this.#state.fast) this.#state.say({ type: 'suggest-piece', piece })
  }

  /** Hashes are for connections of version '2' (BEP 52). `hashes` and the range are lent until the output is sent. */
  sendHashRequest(range: HashRange): void {
    if (this.#maySpeak()) this.#state.sayV2({ type: 'hash-request', range })
  }
  sendHashes(range: HashRange, hashes: Uint8Array): void {
    if (this.#maySpeak()) this.#state.sayV2({ type: 'hashes', range, hashes })
  }
  sendHashReject(range: HashRange): void {
    if (this.#maySpeak()) this.#state.sayV2({ type: 'hash-reject', range })
  }

  /** Registers our ids (`m`) and sends it; nothing when the peer lacks BEP 10. Later ones add to earlier ones. */
  sendExtensionHandshake(facts: ReadonlyMap<string, BencodeValue>): void {
    if (this.#maySpeak()) sayExtensionHandshake(this.#state, facts)
  }

  /** @throws {WireError} blame local: the peer does not speak it; ask `speaks` first */
  sendExtended(name: string, payload: Uint8Array): void {
    if (this.#maySpeak()) sayExtended(this.#state, name, payload)
  }

  sendPort(port: number): void {
    if (this.#maySpeak()) this.#state.say({ type: 'port', port })
  }

  /** When it wants `tick`, in milliseconds; Infinity: never. */
  deadline(): number {
    this.#state.isHastened = false
    return deadlineOf(this.#state)
  }

  /** False: the deadline is not earlier than `deadline` last said; later it may be. */
  get isHastened(): boolean {
    return this.#state.isHastened
  }

  /**
   * Time has come: requests and holds expire, a keep-alive is sent.
   * @throws {WireError} TIMED_OUT, blame remote
   */
  tick(now: number): void {
    if (!this.#mayHear()) return
    this.#guarded(() => passTime(this.#state, now))
  }

  /** False: closed, nothing is said. @throws {WireError} blame local before the handshake */
  #maySpeak(): boolean {
    if (this.#state.maySpeak) return true
    if (this.#state.phase === 'closed') return false
    throw this.#state.notNow('a message before the handshake')
  }

  /** False: closed, nothing is heard. */
  #mayHear(): boolean {
    invariant(!this.#state.isUndrained, 'a session is told new things once its events are taken')
    return this.#state.phase !== 'closed'
  }

  #guarded(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#state.end('failed')
      throw error
    }
  }
}
