import { PieceGeometry } from '@bt/metainfo'
import { type InfoHash, parseInfoHash, parsePeerId, type PeerId } from '@bt/primitives'
import { expect, test } from 'vitest'
import { PeerSession, reservedBytes } from '../src/index.ts'

// aria2 1.36 says have-none and allowed-fast, and later a bitfield in place of many haves.

const infoHash = parseInfoHash('11'.repeat(20)) as InfoHash
const peerId = parsePeerId('33'.repeat(20)) as PeerId
const reserved = reservedBytes({ extensions: true, fast: true })

function openSession(): PeerSession {
  const geometry = new PieceGeometry({ pieceLength: 16_384, files: [{ length: 16_384 * 12 }] })
  const admission = { answer: infoHash, accept: [infoHash], geometry }
  const session = new PeerSession({
    role: 'dialed',
    identity: { peerId, reserved },
    admission,
    now: 0,
  })
  session.receive({ infoHash, peerId, reserved }, 0)
  drain(session)
  return session
}

function drain(session: PeerSession): string[] {
  const said: string[] = []
  for (let event = session.next(); event !== undefined; event = session.next())
    said.push(event.type === 'have' ? `have ${event.piece}` : event.type)
  return said
}

test('[D08] a bitfield after have-none is told as haves, each piece once', () => {
  const session = openSession()
  session.receive({ type: 'have-none' }, 0)
  drain(session)
  session.receive({ type: 'have', piece: 2 }, 0)
  drain(session)
  session.receive({ type: 'bitfield', bits: Uint8Array.of(0b10110000, 0) }, 0)
  expect(drain(session)).toEqual(['have 0', 'have 3'])
  expect(session.peerPieces?.count).toBe(3)
})

test('[D08] a later bitfield of another length, or with spare bits, is still refused', () => {
  for (const bits of [Uint8Array.of(0), Uint8Array.of(0, 0b1111)]) {
    const session = openSession()
    session.receive({ type: 'have-none' }, 0)
    drain(session)
    expect(() => session.receive({ type: 'bitfield', bits }, 0)).toThrow('bitfield')
  }
})
