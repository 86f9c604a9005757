// A peer that misbehaves on demand: speaks the protocol through @bt/wire, and does what a script says with it.
import type { Metainfo } from '@bt/metainfo'
import type { ByteChannel } from '@bt/ports'
import {
  Bitfield,
  type BlockData,
  type Endpoint,
  type InfoHash,
  type PeerId,
  Prng,
  parsePeerId,
} from '@bt/primitives'
import type { SimHost } from '@bt/simulator'
import {
  PeerConnection,
  type PeerEvent,
  PeerSession,
  extensionHandshake,
  reservedBytes,
} from '@bt/wire'

export type RequestEvent = {
  readonly piece: number
  readonly begin: number
  readonly length: number
}

/** What it does; everything absent is honest or silent. */
export interface Script {
  /** Pieces it claims; default all. */
  readonly pieces?: Bitfield
  /** Unchokes whoever is interested; default true. */
  readonly unchokes?: boolean
  /** What it answers a request with: bytes, nothing ('silent') or 'reject'. */
  readonly answer?: (
    request: RequestEvent,
    honest: () => Uint8Array,
  ) => Uint8Array | 'silent' | 'reject'
  /** Called for every event, after the default behaviour. */
  readonly heard?: (event: PeerEvent, peer: FakePeer) => void
  readonly fast?: boolean
  readonly extensions?: Readonly<Record<string, number>>
  readonly metadataLength?: number
  readonly peerId?: PeerId
}

export class FakePeer {
  readonly session: PeerSession
  readonly #connection: PeerConnection
  readonly #channel: ByteChannel
  readonly #host: SimHost
  readonly #script: Script
  readonly #data: (piece: number, begin: number, length: number) => Uint8Array
  readonly #metainfo: Metainfo
  isClosed = false
  closedBy: Error | undefined
  /** Blocks that came, and what else: type → count. */
  readonly counts = new Map<PeerEvent['type'], number>()

  constructor(parts: {
    readonly host: SimHost
    readonly channel: ByteChannel
    readonly session: PeerSession
    readonly script: Script
    readonly metainfo: Metainfo
    readonly data: (piece: number, begin: number, length: number) => Uint8Array
  }) {
    this.session = parts.session
    this.#connection = new PeerConnection(parts.session)
    this.#channel = parts.channel
    this.#host = parts.host
    this.#script = parts.script
    this.#data = parts.data
    this.#metainfo = parts.metainfo
    parts.channel.start({
      received: (chunk) => {
        if (this.isClosed) return
        this.#connection.receive(chunk, this.#host.ports.clock.now())
        this.#drain()
      },
      drained: () => {},
      closed: (reason) => {
        this.isClosed = true
        this.closedBy = reason
        this.session.close()
      },
    })
    this.flush()
  }

  /** Sends what was said since. */
  flush(): void {
    if (this.isClosed) return
    const output = this.#connection.takeOutput()
    if (output !== undefined) this.#channel.send(output.chunks, () => output.sent())
  }

  /** Bytes of its own, past every rule. */
  raw(bytes: Uint8Array): void {
    this.flush()
    if (!this.isClosed) this.#channel.send([bytes])
  }

  close(): void {
    if (!this.isClosed) this.#channel.abort(new Error('the fake peer goes'))
  }

  #drain(): void {
    for (let event = this.#connection.next(); event; event = this.#connection.next()) {
      this.counts.set(event.type, (this.counts.get(event.type) ?? 0) + 1)
      this.#behave(event)
      this.#script.heard?.(event, this)
      if (this.isClosed) return
    }
    this.flush()
  }

  #behave(event: PeerEvent): void {
    const { session } = this
    const { geometry } = this.#metainfo
    if (event.type === 'asked') {
      const [answer] = this.#metainfo.wireHashes
      session.admit({ answer: answer as InfoHash, accept: this.#metainfo.wireHashes, geometry })
    } else if (event.type === 'handshake') {
      if (this.#script.extensions !== undefined) {
        const { extensions, metadataLength } = this.#script
        const facts = { extensions, ...(metadataLength === undefined ? {} : { metadataLength }) }
        session.sendExtensionHandshake(extensionHandshake(facts))
      }
      session.sendPieces(this.#script.pieces ?? Bitfield.full(geometry.pieceCount))
    } else if (event.type === 'interested' && this.#script.unchokes !== false) {
      session.unchoke()
    } else if (event.type === 'request') this.#answer(event)
  }

  #answer(event: RequestEvent): void {
    const { piece, begin, length } = event
    const honest = (): Uint8Array => this.#data(piece, begin, length)
    const answer = this.#script.answer?.({ piece, begin, length }, honest) ?? honest()
    if (answer === 'silent') return
    if (answer === 'reject') this.session.reject(piece, begin, length)
    else this.session.sendBlock(piece, begin, answer as BlockData)
  }
}

/** The torrent's bytes, piece by piece, as a peer would send them. */
export function contentReader(
  metainfo: Metainfo,
  files: readonly { readonly data: Uint8Array }[],
): (piece: number, begin: number, length: number) => Uint8Array {
  return (piece, begin, length) => {
    const bytes = new Uint8Array(length)
    const { geometry } = metainfo
    for (const span of geometry.fileSpans(geometry.piece(piece), begin, length)) {
      if (span.pad) continue
      const data = files[span.file]?.data ?? new Uint8Array(0)
      bytes.set(data.subarray(span.offset, span.offset + span.length), span.begin - begin)
    }
    return bytes
  }
}

export interface FakeParts {
  readonly host: SimHost
  readonly metainfo: Metainfo
  readonly files: readonly { readonly data: Uint8Array }[]
  readonly script: Script
}

function identityOf(parts: FakeParts, number: number): { peerId: PeerId; reserved: Uint8Array } {
  const bytes = new Uint8Array(20)
  new Prng(`${parts.host.address}/${number}`).fill(bytes)
  return {
    peerId: parts.script.peerId ?? (parsePeerId(bytes) as PeerId),
    reserved: reservedBytes({
      fast: parts.script.fast ?? true,
      extensions: parts.script.extensions !== undefined,
    }),
  }
}

/** Accepts at port 6881; the list grows with every connection. */
export function fakeServer(parts: FakeParts): FakePeer[] {
  const peers: FakePeer[] = []
  const { host, metainfo, script } = parts
  const data = contentReader(metainfo, parts.files)
  host.ports.transport.listen(
    { port: 6881 },
    (channel) => {
      const now = host.ports.clock.now()
      const identity = identityOf(parts, peers.length)
      const session = new PeerSession({ role: 'accepted', identity, now })
      peers.push(new FakePeer({ host, channel, session, script, metainfo, data }))
    },
    (error) => {
      if (error !== undefined) throw error
    },
  )
  return peers
}

/** Dials; the answer is filled once the connection stands. */
export function fakeDial(parts: FakeParts, to: Endpoint, number = 0): { peer?: FakePeer } {
  const dialed: { peer?: FakePeer } = {}
  const { host, metainfo, script } = parts
  const data = contentReader(metainfo, parts.files)
  host.ports.transport.dial(to, {}, (error, channel) => {
    if (error !== undefined) return
    const [answer] = metainfo.wireHashes
    const session = new PeerSession({
      role: 'dialed',
      identity: identityOf(parts, number),
      admission: {
        answer: answer as InfoHash,
        accept: metainfo.wireHashes,
        geometry: metainfo.geometry,
      },
      now: host.ports.clock.now(),
    })
    dialed.peer = new FakePeer({ host, channel, session, script, metainfo, data })
  })
  return dialed
}
