// The peer's handshake, head first: what it must be, and what it decides for the rest of the connection.
//
// BEP 3; BEP 52 for the upgrade: a peer that asks for the v1 hash of a hybrid with the v2 bit set may be answered with
// the truncated v2 hash, and an answer of either hash is right for who asked that way.

import { type InfoHash, type PeerId, invariant } from '@bt/primitives'
import { adoptGeometry } from './adopt-geometry.ts'
import { type Handshake, type HandshakeHead, featuresOf, withoutV2 } from './handshake.ts'
import type { Admission } from './session-options.ts'
import type { SessionState } from './session-state.ts'

/** A whole handshake, or the rest of one whose head was heard. */
export function hearHandshake(state: SessionState, handshake: Handshake): void {
  if (state.phase === 'awaiting-head') hearHead(state, handshake)
  if (state.phase === 'asked') state.earlyPeerId = handshake.peerId
  else if (state.phase === 'awaiting-peer-id') hearPeerId(state, handshake.peerId)
  else throw state.wrong('MESSAGE_OUT_OF_TURN', `a second handshake`)
}

/** The first 48 bytes. @throws {WireError} INFO_HASH_WRONG, blame remote, on the dialed side */
export function hearHead(state: SessionState, head: HandshakeHead): void {
  if (state.phase !== 'awaiting-head') {
    throw state.wrong('MESSAGE_OUT_OF_TURN', 'a second handshake')
  }
  state.head = head
  if (state.role === 'accepted') {
    state.move('asked-for')
    state.push({ type: 'asked', infoHash: head.infoHash, reserved: head.reserved })
    return
  }
  const admission = state.admission as Admission
  if (!admission.accept.includes(head.infoHash) && head.infoHash !== admission.answer) {
    throw state.wrong(
      'INFO_HASH_WRONG',
      `asked for ${admission.answer}, the peer answered ${head.infoHash}`,
    )
  }
  state.move('head-agreed')
  agree(state, head.infoHash === admission.answerV2)
}

/** Our word on 'asked': says our handshake. */
export function admit(state: SessionState, admission: Admission): void {
  invariant(state.phase === 'asked', 'admit answers an asked event')
  const { infoHash, reserved } = state.head as HandshakeHead
  invariant(
    admission.accept.includes(infoHash) || admission.answer === infoHash,
    'an admission accepts the hash that was asked for',
  )
  const upgrade = featuresOf(reserved).v2 && featuresOf(state.identity.reserved).v2
  const answer = upgrade && admission.answerV2 !== undefined ? admission.answerV2 : admission.answer
  state.admission = admission
  state.move('admitted')
  sayHandshake(state, admission, answer)
  agree(state, answer === admission.answerV2)
  if (admission.geometry !== undefined) adoptGeometry(state, admission.geometry)
  if (state.earlyPeerId !== undefined) hearPeerId(state, state.earlyPeerId)
}

/** Our 68 bytes; the v2 bit only where the torrent has a v2 hash (BEP 52). */
export function sayHandshake(state: SessionState, admission: Admission, answer: InfoHash): void {
  const { peerId, reserved } = state.identity
  const said = admission.answerV2 === undefined ? withoutV2(reserved) : reserved
  state.outbox.putHandshake({ peerId, reserved: said, infoHash: answer })
}

function hearPeerId(state: SessionState, peerId: PeerId): void {
  state.move('peer-id-received')
  state.opened(state.now)
  const { infoHash, reserved } = state.head as HandshakeHead
  state.push({
    type: 'handshake',
    remote: { infoHash, reserved, peerId },
    version: state.version,
  })
}

function agree(state: SessionState, isV2: boolean): void {
  const ours = featuresOf(state.identity.reserved)
  const peers = featuresOf((state.head as HandshakeHead).reserved)
  state.fast = ours.fast && peers.fast
  state.extended = ours.extensions && peers.extensions
  state.version = isV2 ? '2' : '1'
}
