// Whether a peer that announced can be reached: a connection, our handshake, and its answer for the same swarm.
//
// Only the address that an announce came from is dialled, so that nobody can point us at others; a few bytes are sent.

import { randomBytes } from 'node:crypto'
import type { DialBack } from '@bt/cachetorrent'
import type { ByteChannel, Transport } from '@bt/ports'
import { type InfoHash, type PeerId, parsePeerId } from '@bt/primitives'
import { encodeHandshake, HandshakeReader, reservedBytes } from '@bt/wire'

/** Milliseconds for all of it: a peer behind a slow line answers in two seconds. */
const DIAL_BACK_MS = 5_000

export function dialBackOver(transport: Transport, timeoutMs = DIAL_BACK_MS): DialBack {
  const peerId = parsePeerId(Buffer.concat([Buffer.from('-BT0000-'), randomBytes(12)])) as PeerId
  return (endpoint, infoHash, done) => {
    let channel: ByteChannel | undefined
    let isOver = false
    const end = (isThere: boolean): void => {
      if (isOver) return
      isOver = true
      clearTimeout(late)
      channel?.close()
      done(isThere)
    }
    const late = setTimeout(() => {
      dialling.cancel()
      end(false)
    }, timeoutMs)
    const dialling = transport.dial(endpoint, { timeoutMs }, (error, opened) => {
      if (error !== undefined) return end(false)
      channel = opened
      greet(opened, infoHash, peerId, end)
    })
  }
}

function greet(
  channel: ByteChannel,
  infoHash: InfoHash,
  peerId: PeerId,
  end: (isThere: boolean) => void,
): void {
  const reader = new HandshakeReader()
  channel.start({
    received(chunk) {
      try {
        reader.push(chunk, 0)
        const head = reader.head()
        if (head !== undefined) end(head.infoHash === infoHash)
      } catch {
        end(false)
      }
    },
    drained() {},
    closed: () => end(false),
  })
  channel.send([encodeHandshake({ infoHash, peerId, reserved: reservedBytes({}) })])
}
