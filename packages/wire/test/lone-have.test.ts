import { PieceGeometry } from '@bt/metainfo'
import { type InfoHash, parseInfoHash, parsePeerId, type PeerId } from '@bt/primitives'
import { expect, test } from 'vitest'
import { PeerSession, reservedBytes } from '../src/index.ts'
import { USELESS_BURST_MAX } from '../src/wire-limits.ts'

// A have that came alone goes a way of its own: it must say what the way of all messages says.

const infoHash = parseInfoHash('11'.repeat(20)) as InfoHash
const peerId = parsePeerId('33'.repeat(20)) as PeerId
const reserved = reservedBytes({ extensions: true, fast: true })

function dialed(knowsGeometry = true): PeerSession {
  const geometry = new PieceGeometry({ pieceLength: 16_384, files: [{ length: 16_384 * 12 }] })
  const admission = { answer: infoHash, accept: [infoHash], ...(knowsGeometry ? { geometry } : {}) }
  return new PeerSession({ role: 'dialed', identity: { peerId, reserved }, admission, now: 0 })
}

function opened(knowsGeometry = true): PeerSession {
  const session = dialed(knowsGeometry)
  session.receive({ infoHash, peerId, reserved }, 0)
  while (session.next() !== undefined);
  return session
}

test('is news once, and then known', () => {
  const session = opened()
  expect(session.hearHave(3, 0)).toBe(true)
  expect(session.peerPieces?.has(3)).toBe(true)
  expect(session.hearHave(3, 0)).toBe(false)
  expect(session.next()).toBeUndefined()
})

test('is no event while nobody knows how many pieces there are', () => {
  const session = opened(false)
  expect(session.hearHave(3, 0)).toBe(false)
})

test('of a piece that there is not ends the session', () => {
  const session = opened()
  expect(() => session.hearHave(12, 0)).toThrow(expect.objectContaining({ blame: 'remote' }))
  expect(session.closed).toBe(true)
})

test('before the handshake ends the session', () => {
  const session = dialed()
  expect(() => session.hearHave(1, 0)).toThrow(expect.objectContaining({ blame: 'remote' }))
})

test('again and again is a flood', () => {
  const session = opened()
  session.hearHave(1, 0)
  expect(() => {
    for (let times = 0; times <= USELESS_BURST_MAX; times++) session.hearHave(1, 0)
  }).toThrow(expect.objectContaining({ code: 'MESSAGE_FLOOD' }))
})

test('keeps the connection alive', () => {
  const session = opened()
  session.hearHave(1, 149_000)
  session.tick(151_000)
  expect(session.closed).toBe(false)
})

test('moves no deadline nearer, and a request does', () => {
  const session = opened()
  session.receive({ type: 'unchoke' }, 0)
  while (session.next() !== undefined);
  session.deadline()
  session.hearHave(1, 10)
  expect(session.isHastened).toBe(false)
  session.request(1, 0, 16_384, 10, { deadlineMs: 1_000 })
  expect(session.isHastened).toBe(true)
  expect(session.deadline()).toBe(1_010)
  expect(session.isHastened).toBe(false)
})
