// What is said when two peers meet, and what is made of what the other one says about itself (BEP 10, 21).
//
// Our extension handshake goes out right after the 68 bytes, before our pieces; both orders are met in the field.

import type { BencodeValue } from '@bt/bencode'
import { CONNECTION_LIMITS, clientName, extensionHandshake, readExtensionFacts } from '@bt/wire'
import type { KnownPeers } from './peers/known-peers.ts'
import type { Peer } from './peers/peer.ts'
import type { PolicySeat } from './policy-seat.ts'

/** Our ids of extension messages; a policy's own begin at 16. */
const EXTENSION_IDS = { ut_metadata: 1, lt_donthave: 3 } as const
const PEER_EXCHANGE_ID = 2
const POLICY_IDS_FROM = 16

export interface GreetingParts {
  readonly known: KnownPeers
  readonly seat: PolicySeat
  readonly client: string
  readonly port: () => number
  readonly exchangesPeers: () => boolean
  readonly metadataLength: () => number | undefined
  readonly isUploadOnly: () => boolean
}

export class Greeting {
  readonly #parts: GreetingParts

  constructor(parts: GreetingParts) {
    this.#parts = parts
  }

  /** The whole of what we say about ourselves; later ones add to it. */
  sendHandshake(peer: Peer): void {
    if (!peer.speaksExtensions) return
    const { seat, client, port, exchangesPeers, metadataLength, isUploadOnly } = this.#parts
    const extensions: Record<string, number> = { ...EXTENSION_IDS }
    if (exchangesPeers()) extensions['ut_pex'] = PEER_EXCHANGE_ID
    const own = seat.policy?.extensions ?? []
    for (const [at, extension] of own.entries()) extensions[extension.name] = POLICY_IDS_FROM + at
    const length = metadataLength()
    const facts = extensionHandshake({
      extensions,
      client,
      requestsMax: CONNECTION_LIMITS.requestsFromPeerMax,
      requestLengthMax: CONNECTION_LIMITS.requestLengthMax,
      yourAddress: peer.endpoint.host,
      ...(port() === 0 ? {} : { listenPort: port() }),
      ...(length === undefined ? {} : { metadataLength: length }),
      uploadOnly: isUploadOnly(),
    })
    for (const extension of own) {
      for (const [key, value] of extension.handshake?.() ?? []) facts.set(key, value)
    }
    peer.session.sendExtensionHandshake(facts)
    peer.touch()
  }

  /** Theirs came, perhaps not the first. */
  heard(peer: Peer, facts: ReadonlyMap<string, BencodeValue>): void {
    const { known } = this.#parts
    const isFirst = peer.extensions.size === 0
    peer.extensions = isFirst ? facts : merged(peer.extensions, facts)
    const said = readExtensionFacts(facts)
    peer.said = isFirst ? said : { ...peer.said, ...said }
    const { listenPort, yourAddress } = peer.said
    if (peer.role === 'accepted' && listenPort !== undefined && peer.listenPort !== listenPort) {
      peer.listenPort = listenPort
      known.listensAt(peer.endpoint, listenPort, peer.now)
    }
    if (yourAddress !== undefined) known.learnOwnAddress(yourAddress)
  }
}

/** Name and version by the peer's own account, else by its peer id. */
export function clientOf(peer: Peer): string | undefined {
  return peer.said.client ?? clientName(peer.peerId)
}

/** It has everything, or says that it wants nothing (BEP 21). */
export function wantsNothing(peer: Peer): boolean {
  const { pieces } = peer
  if (pieces.length > 0 && pieces.count === pieces.length) return true
  return peer.said.uploadOnly === true
}

function merged(
  before: ReadonlyMap<string, BencodeValue>,
  more: ReadonlyMap<string, BencodeValue>,
): ReadonlyMap<string, BencodeValue> {
  const facts = new Map(before)
  for (const [key, value] of more) facts.set(key, value)
  const names = before.get('m')
  const moreNames = more.get('m')
  if (names instanceof Map && moreNames instanceof Map) {
    facts.set('m', new Map([...names, ...moreNames]) as BencodeValue)
  }
  return facts
}
