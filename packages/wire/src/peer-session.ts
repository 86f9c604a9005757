// One connection as messages: phases, four flags, both request books, deadlines.
//
// It never sees a socket or a byte of framing, so that the byte path (PeerConnection) and the simulator's object path
// drive the same rules. What is heard is judged in hear-*.ts; here is what may be said. BEP 3, 6, 10, 52, 54.

import { type BencodeValue, encode } from '@bt/bencode'
import type { PieceGeometry } from '@bt/metainfo'
import { type BlockData, type ReadonlyBitfield, invariant } from '@bt/primitives'
import { type Owed } from './answer-book.ts'
import type { Phase } from './connection-phase.ts'
import { encodeDontHave } from './dont-have.ts'
import type { Handshake, HandshakeHead } from './handshake.ts'
import { admit, adoptFirst, hearHandshake, hearHead, sayHandshake } from './hear-handshake.ts'
import { hearMessage } from './hear-message.ts'
import type { HashRange, Message } from './message.ts'
import type { MessageOutput } from './outbox.ts'
import type { PeerEvent } from './peer-event.ts'
import type { Asked } from './request-book.ts'
import type { Admission, PeerSessionOptions } from './session-options.ts'
import { SessionState } from './session-state.ts'
import { CONNECTION_LIMITS, type ConnectionLimits } from './wire-limits.ts'

/** Milliseconds a soft promise or plain request may take, and whether the piece is only promised. */
export interface RequestOptions {
  /** Promised, not had (advance notice): it neither snubs nor counts as the only asker. */
  readonly soft?: boolean
  /** From `now`; when it passes: event 'reject', why 'expired', and a cancel is sent. */
  readonly deadlineMs?: number
}

/**
 * Contract of every machine: one call in, drain `next`, take the output, ask `deadline`. `receive`, `tick` and `adopt`
 * throw an InvariantError while events wait; commands may be given at any time, also between two events. Errors with
 * blame 'remote' come out of `receive`, `adopt` and `tick` and close the session; a closed session is deaf and mute.
 */
export class PeerSession {
  readonly #state: SessionState

  constructor(options: PeerSessionOptions) {
    const limits = { ...CONNECTION_LIMITS, ...options.limits }
    const state = new SessionState(options.role, options.identity, limits, options.now)
    this.#state = state
    if (options.role === 'accepted') return
    state.admission = options.admission
    sayHandshake(state, { ...options.identity, infoHash: options.admission.answer })
    adoptFirst(state, options.admission)
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
    const state = this.#state
    if (state.phase === 'closed') return
    this.#needDrained()
    this.#guarded(() => {
      state.adopt(geometry)
      const pieces = state.pieces.adopt(geometry)
      for (const piece of state.fastFromPeer) {
        if (!geometry.hasPiece(piece)) state.fastFromPeer.delete(piece)
      }
      if (pieces !== undefined) state.push({ type: 'pieces', pieces })
    })
  }

  /** Ends it from our side. Nothing is sent; lent data of unsent blocks is given back. Idempotent. */
  close(): void {
    this.#state.end('close-asked')
  }

  get role(): 'dialed' | 'accepted' {
    return this.#state.role
  }
  get phase(): Phase {
    return this.#state.phase
  }
  /** Refused, failed or closed. */
  get closed(): boolean {
    return this.#state.phase === 'closed'
  }
  get limits(): ConnectionLimits {
    return this.#state.limits
  }
  get amChoking(): boolean {
    return this.#state.amChoking
  }
  get amInterested(): boolean {
    return this.#state.amInterested
  }
  get peerChoking(): boolean {
    return this.#state.peerChoking
  }
  get peerInterested(): boolean {
    return this.#state.peerInterested
  }
  /** Both sides have the fast extension (BEP 6). */
  get fast(): boolean {
    return this.#state.fast
  }
  /** Both sides have the extension protocol (BEP 10). */
  get extended(): boolean {
    return this.#state.extended
  }
  get version(): '1' | '2' {
    return this.#state.version
  }
  /** Known with the metadata. */
  get geometry(): PieceGeometry | undefined {
    return this.#state.geometry
  }
  /** Undefined until the geometry is known; replaced with each 'pieces' event, changed in place by 'have'. */
  get peerPieces(): ReadonlyBitfield | undefined {
    return this.#state.pieces.known
  }
  /** Requests of ours without an answer, soft ones included. */
  get requestsOpen(): number {
    return this.#state.requests.count
  }
  get requestsOpenBytes(): number {
    return this.#state.requests.bytes
  }
  get requestsSoft(): number {
    return this.#state.requests.softCount
  }
  /** How many requests the peer takes at once: its `reqq`, 250 when it said nothing. */
  get requestsOpenMax(): number {
    return this.#state.requestsOpenMax
  }
  /** Requests of the peer without an answer, held ones included. */
  get requestsFromPeer(): number {
    return this.#state.answers.count
  }
  get requestsHeld(): number {
    return this.#state.answers.heldCount
  }
  /** Requests of ours that are open, oldest first. Do not change the book while walking it. */
  openRequests(): Iterable<Readonly<Asked>> {
    return this.#state.requests.open()
  }
  /** Requests of the peer that are open, oldest first. Do not change the book while walking it. */
  openRequestsFromPeer(): Iterable<Readonly<Owed>> {
    return this.#state.answers.open()
  }
  /** The peer takes messages of this extension (and did not disable it). */
  speaks(extension: string): boolean {
    return this.#state.extensions.idOf(extension) !== undefined
  }
  /** Not choked, or the piece is allowed-fast; and there is room under the peer's `reqq`. */
  mayRequest(piece: number): boolean {
    const state = this.#state
    if (state.phase !== 'open' || state.geometry === undefined) return false
    if (state.peerChoking && !state.fastFromPeer.has(piece)) return false
    return state.requests.count < state.requestsOpenMax
  }

  /**
   * One message, a whole handshake, or the first 48 bytes of one. Views in it are lent on to the events.
   * @throws {WireError} blame remote; the session is closed then
   */
  receive(message: Message | Handshake | HandshakeHead, now: number): void {
    const state = this.#state
    if (state.phase === 'closed') return
    this.#needDrained()
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

  /** Bytes came that are not yet a message: the peer is alive. */
  heard(now: number): void {
    this.#state.now = now
    this.#state.liveness.heard(now)
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
    const output = this.#state.outbox.take()
    if (output !== undefined) this.#state.liveness.said(this.#state.now)
    return output
  }

  /** Says so when it changes. */
  setInterested(interested: boolean): void {
    const state = this.#state
    if (!this.#maySpeak() || state.amInterested === interested) return
    state.amInterested = interested
    state.say(interested ? INTERESTED : NOT_INTERESTED)
  }

  unchoke(): void {
    const state = this.#state
    if (!this.#maySpeak() || !state.amChoking) return
    state.amChoking = false
    state.say(UNCHOKE)
  }

  /**
   * With the fast extension every open request but those for allowed-fast pieces is rejected here, after the choke,
   * held ones included; without it all are dropped in silence (BEP 3, 6).
   */
  choke(): void {
    const state = this.#state
    if (!this.#maySpeak() || state.amChoking) return
    state.amChoking = true
    state.say(CHOKE)
    const dropped = state.answers.takeWhere(({ piece }) => !state.fastToPeer.has(piece))
    for (const owed of dropped) this.#reject(owed)
  }

  /** @throws {WireError} blame local: closed, choked and not allowed-fast, past the peer's `reqq`, open already, no such block */
  request(
    piece: number,
    begin: number,
    length: number,
    now: number,
    options: RequestOptions = NO_OPTIONS,
  ): void {
    const state = this.#state
    state.now = now
    if (!this.mayRequest(piece)) throw this.#notNow(`request ${piece}:${begin}+${length}`)
    if (state.geometry?.hasBlock(piece, begin, length) !== true) {
      throw state.misuse('OUT_OF_RANGE', `request ${piece}:${begin}+${length}: no such block`)
    }
    const deadline = now + (options.deadlineMs ?? Number.POSITIVE_INFINITY)
    const soft = options.soft === true
    if (!state.requests.add({ piece, begin, length, soft, deadline })) {
      throw state.misuse('MESSAGE_OUT_OF_TURN', `request ${piece}:${begin} is open already`)
    }
    state.say({ type: 'request', piece, begin, length })
  }

  /** Nothing when it is not open. A late block is reported as asked 'cancelled'. */
  cancel(piece: number, begin: number, length: number): void {
    const state = this.#state
    if (!this.#maySpeak() || !state.requests.giveUp(piece, begin, length)) return
    state.say({ type: 'cancel', piece, begin, length })
  }

  /** Keeps a request of the peer open without its data; rejected by `tick` at `until` (event 'hold-expired'). */
  hold(piece: number, begin: number, length: number, until: number): void {
    this.#state.answers.hold(piece, begin, length, until)
  }

  /** Nothing when it is not open. Without the fast extension it is dropped in silence. */
  reject(piece: number, begin: number, length: number): void {
    if (!this.#maySpeak() || !this.#state.answers.take(piece, begin, length)) return
    this.#reject({ piece, begin, length })
  }

  /**
   * Answers a request with its data, which is lent until `sent` runs.
   * False: it was cancelled or choked away meanwhile, nothing is sent and `sent` will not run.
   */
  sendBlock(piece: number, begin: number, data: BlockData, sent?: () => void): boolean {
    const state = this.#state
    if (!this.#maySpeak() || !state.answers.take(piece, begin, data.length)) return false
    state.say({ type: 'piece', piece, begin, data }, sent)
    return true
  }

  /** Picks have-all, have-none, bitfield or nothing. Once, before any have. `have` may have length 0 for a magnet. */
  sendPieces(have: ReadonlyBitfield): void {
    const state = this.#state
    if (!this.#maySpeak()) return
    if (state.saidPieces) throw this.#notNow('pieces a second time')
    state.saidPieces = true
    if (have.count === 0) {
      if (state.fast) state.say(HAVE_NONE)
    } else if (have.count === have.length && state.fast) state.say(HAVE_ALL)
    else state.say({ type: 'bitfield', bits: have.toBytes() })
  }

  sendHave(piece: number): void {
    if (!this.#maySpeak()) return
    this.#state.saidPieces = true
    this.#state.say({ type: 'have', piece })
  }

  /** Nothing when the peer does not speak lt_donthave. Its open requests for the piece are rejected (BEP 54). */
  sendDontHave(piece: number): void {
    const state = this.#state
    if (!this.#maySpeak() || !this.speaks('lt_donthave')) return
    this.sendExtended('lt_donthave', encodeDontHave(piece))
    for (const owed of state.answers.takeWhere((one) => one.piece === piece)) this.#reject(owed)
  }

  /** Nothing without the fast extension. The peer may then have the piece once while it is choked. */
  sendAllowedFast(piece: number): void {
    const state = this.#state
    if (!this.#maySpeak() || !state.fast || state.fastToPeer.has(piece)) return
    const { geometry } = state
    if (geometry === undefined) throw this.#notNow('allowed-fast')
    state.fastToPeer.set(piece, geometry.lengthOf(geometry.piece(piece)))
    state.say({ type: 'allowed-fast', piece })
  }

  /** Nothing without the fast extension. */
  sendSuggest(piece: number): void {
    if (this.#maySpeak() && this.#state.fast) this.#state.say({ type: 'suggest-piece', piece })
  }

  /** Hashes are for connections of version '2' (BEP 52). `hashes` and the range are lent until the output is sent. */
  sendHashRequest(range: HashRange): void {
    this.#sayV2({ type: 'hash-request', range })
  }
  sendHashes(range: HashRange, hashes: Uint8Array): void {
    this.#sayV2({ type: 'hashes', range, hashes })
  }
  sendHashReject(range: HashRange): void {
    this.#sayV2({ type: 'hash-reject', range })
  }

  /** Registers our ids (`m`) and sends it; nothing when the peer lacks BEP 10. Later ones add to earlier ones. */
  sendExtensionHandshake(facts: ReadonlyMap<string, BencodeValue>): void {
    const state = this.#state
    if (!this.#maySpeak() || !state.extended) return
    state.extensions.offer(facts.get('m'))
    state.say({ type: 'extended', id: 0, payload: encode(facts) })
  }

  /** @throws {WireError} blame local: the peer does not speak it; ask `speaks` first */
  sendExtended(name: string, payload: Uint8Array): void {
    if (!this.#maySpeak()) return
    const id = this.#state.extensions.idOf(name)
    if (id === undefined) throw this.#notNow(`${name} to a peer that does not speak it`)
    this.#state.say({ type: 'extended', id, payload })
  }

  sendPort(port: number): void {
    if (this.#maySpeak()) this.#state.say({ type: 'port', port })
  }

  /** When it wants `tick`, in milliseconds; Infinity: never. */
  deadline(): number {
    const state = this.#state
    if (state.phase === 'closed') return Number.POSITIVE_INFINITY
    return Math.min(state.liveness.deadline, state.requests.deadline, state.answers.deadline)
  }

  /**
   * Time has come: requests and holds expire, a keep-alive is sent.
   * @throws {WireError} TIMED_OUT, blame remote
   */
  tick(now: number): void {
    const state = this.#state
    if (state.phase === 'closed') return
    this.#needDrained()
    state.now = now
    this.#guarded(() => {
      if (state.liveness.tick(now)) {
        state.say(KEEP_ALIVE)
        state.liveness.said(now)
      }
    })
    for (const { piece, begin, length } of state.requests.expire(now)) {
      state.say({ type: 'cancel', piece, begin, length })
      state.push({ type: 'reject', piece, begin, length, why: 'expired' })
    }
    for (const owed of state.answers.expireHolds(now)) {
      const { piece, begin, length } = owed
      this.#reject(owed)
      state.push({ type: 'hold-expired', piece, begin, length })
    }
  }

  #reject({ piece, begin, length }: Pick<Owed, 'piece' | 'begin' | 'length'>): void {
    if (this.#state.fast) this.#state.say({ type: 'reject-request', piece, begin, length })
  }

  #sayV2(message: Message): void {
    if (!this.#maySpeak()) return
    if (this.#state.version !== '2') throw this.#notNow(`${message.type} in a v1 connection`)
    this.#state.say(message)
  }

  /** False: closed, nothing is said. @throws {WireError} blame local before the handshake */
  #maySpeak(): boolean {
    if (this.#state.maySpeak) return true
    if (this.#state.phase === 'closed') return false
    throw this.#notNow('a message before the handshake')
  }

  #notNow(what: string): Error {
    const { phase, peerChoking } = this.#state
    const choked = peerChoking ? ', choked' : ''
    return this.#state.misuse('MESSAGE_OUT_OF_TURN', `${what}, while ${phase}${choked}`)
  }

  #needDrained(): void {
    invariant(
      !this.#state.isUndrained,
      'a session is told something new after its events are taken',
    )
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

const NO_OPTIONS: RequestOptions = {}
const KEEP_ALIVE: Message = { type: 'keep-alive' }
const CHOKE: Message = { type: 'choke' }
const UNCHOKE: Message = { type: 'unchoke' }
const INTERESTED: Message = { type: 'interested' }
const NOT_INTERESTED: Message = { type: 'not-interested' }
const HAVE_ALL: Message = { type: 'have-all' }
const HAVE_NONE: Message = { type: 'have-none' }
