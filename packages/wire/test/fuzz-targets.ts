// What strangers may say, as targets for mutation: codecs alone, and whole connections in several states.
import { type InfoHash, Prng } from '@bt/primitives'
import { findVectors } from '../../../tests/support/vectors.ts'
import type { FuzzTarget } from '../../../tests/support/mutate.ts'
import {
  HandshakeReader,
  MessageDecoder,
  WireError,
  clientName,
  decodeExtensionHandshake,
  decodeHolepunch,
  decodeMetadataMessage,
  decodePex,
  describe,
  encodeHandshake,
  encodeMessage,
  encodeMetadataMessage,
  encodePex,
  extensionHandshake,
  readExtensionFacts,
  wireLength,
} from '../src/index.ts'
import { encode } from '@bt/bencode'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { hex } from './bytes.ts'
import { GEOMETRY, INFO_HASH, Pair, V2_HASH, chunksOf, concat, identity } from './pair.ts'

const vectors = JSON.parse(
  readFileSync(new URL('vectors/messages.json', import.meta.url), 'utf8'),
) as { cases: readonly { hex: string; message: unknown }[] }
const messages = vectors.cases.map((one) => hex(one.hex))
const handshakes = [INFO_HASH, V2_HASH].map((infoHash: InfoHash) =>
  encodeHandshake({ ...identity('-TR4060-abcdefghijkl', { v2: true }), infoHash }),
)
const extended = encode(
  extensionHandshake({
    extensions: { ut_metadata: 3, ut_pex: 1, lt_donthave: 7 },
    client: 'x',
    requestsMax: 250,
    metadataLength: 31_235,
    yourAddress: '1.2.3.4',
  }),
)
const metadata = encodeMetadataMessage({
  type: 'data',
  piece: 0,
  totalLength: 40,
  bytes: new Uint8Array(40),
})
const pex = encodePex({
  added: [
    { endpoint: { host: '1.2.3.4', port: 5 }, seed: true },
    { endpoint: { host: '2001:db8::1', port: 5 } },
  ],
  dropped: [{ host: '9.9.9.9', port: 9 }],
})

/** Seeds of other projects, where they are installed. */
const foreign = ((): readonly Uint8Array[] => {
  const found = findVectors()
  if (found === undefined) return []
  return readdirSync(join(found.folder, 'fuzz-seeds'))
    .filter((name) => name.startsWith('anacrolix-peer_protocol-'))
    .map((name) => found.bytes(`fuzz-seeds/${name}`))
})()

const conversation = [
  concat(messages),
  concat([
    encodeMessage({ type: 'extended', id: 0, payload: extended }),
    encodeMessage({ type: 'extended', id: 3, payload: metadata }),
    encodeMessage({ type: 'unchoke' }),
  ]),
  ...messages.map((message) => concat([message, message])),
  ...foreign,
]

/** Everything a message can be asked, so that a half-read one shows. */
function use(message: Parameters<typeof describe>[0]): void {
  describe(message)
  if ('type' in message) {
    if (encodeMessage(message).length !== wireLength(message)) throw new Error('length differs')
  } else clientName(message.peerId)
}

/** Bytes to an open connection, cut as the bytes themselves say; memory and answers stay bounded. */
function converse(bytes: Uint8Array, magnet: boolean, fast: boolean): void {
  const side = { fast, ...(magnet ? { geometry: undefined } : {}) }
  const { acceptor } = Pair.open(side, side)
  const { session } = acceptor
  session.sendExtensionHandshake(
    extensionHandshake({ extensions: { ut_metadata: 3, lt_donthave: 7 } }),
  )
  session.unchoke()
  const length = 1 + (bytes[0] ?? 0)
  for (const [at, chunk] of chunksOf(length)(bytes).entries()) {
    acceptor.take(chunk, at)
    if (acceptor.error !== undefined) throw remote(acceptor.error)
    if (at < 1000 && session.mayRequest(at % 10)) session.request(at % 10, at, 100, at)
  }
  if (magnet) session.adopt(GEOMETRY)
  acceptor.drain()
  session.tick(1000)
  acceptor.drain()
  const said = acceptor.connection.takeOutput()?.length ?? 0
  if (said > 400 + 17 * 2 * bytes.length) throw new Error(`${said} bytes said to ${bytes.length}`)
}

/** What a peer does is never our own fault: an error that says so is a finding. */
function remote(error: Error): Error {
  if (error instanceof WireError && error.blame === 'local')
    throw new Error('blamed on us', { cause: error })
  return error
}

const expects = ['WireError']

export const targets: Record<string, FuzzTarget> = {
  'wire-decoder': {
    seeds: conversation,
    expects,
    run(bytes) {
      const decoder = new MessageDecoder()
      decoder.push(bytes)
      for (let message = decoder.next(); message; message = decoder.next()) use(message)
      if (decoder.carryLength > 16_397 + 2 * bytes.length) throw new Error('memory grew')
    },
  },
  'wire-decoder-split': {
    seeds: conversation,
    expects,
    run(bytes) {
      const random = new Prng(bytes.length)
      const decoder = new MessageDecoder()
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + random.below(40)
        decoder.push(bytes.slice(at, at + length))
        for (let message = decoder.next(); message; message = decoder.next()) use(message)
        at += length
      }
    },
  },
  'wire-handshake': {
    seeds: handshakes,
    expects,
    run(bytes) {
      const reader = new HandshakeReader()
      for (let at = 0; at < bytes.length && at < 100; at += 7)
        reader.push(bytes.subarray(at, at + 7), 0)
      const whole = reader.whole()
      if (whole !== undefined) use(whole)
    },
  },
  'wire-session': {
    seeds: conversation,
    expects,
    run: (bytes) => converse(bytes, false, true),
  },
  'wire-session-without-fast': {
    seeds: conversation,
    expects,
    run: (bytes) => converse(bytes, false, false),
  },
  'wire-session-magnet': {
    seeds: conversation,
    expects,
    run: (bytes) => converse(bytes, true, true),
  },
  'extension-handshake': {
    seeds: [extended],
    expects,
    run(bytes) {
      const { client } = readExtensionFacts(decodeExtensionHandshake(bytes))
      if (client !== undefined && client.length > 64) throw new Error('the name is long')
    },
  },
  'ut-metadata': {
    seeds: [metadata, encodeMetadataMessage({ type: 'request', piece: 3 })],
    expects,
    run(bytes) {
      const message = decodeMetadataMessage(bytes)
      if (message.type !== 'unknown') decodeMetadataMessage(encodeMetadataMessage(message))
    },
  },
  'ut-pex': {
    seeds: [pex],
    expects,
    run(bytes) {
      const { added, dropped } = decodePex(bytes)
      if (added.length > 100 || dropped.length > 100) throw new Error('too many peers')
      decodePex(encodePex({ added, dropped }))
    },
  },
  'ut-holepunch': {
    seeds: [hex('010120010db80000000000000000000000011ae100000000'), hex('00000102030450d8')],
    expects,
    run: (bytes) => void decodeHolepunch(bytes),
  },
}
