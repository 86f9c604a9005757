// Extended messages: the extension handshake, and the rest under the names that we gave their ids (BEP 10, 54).

import type { BencodeDict } from '@bt/bencode'
import { decodeDontHave } from './dont-have.ts'
import { heardExtensionHandshake } from './extension-handshake.ts'
import type { Message } from './message.ts'
import type { SessionState } from './session-state.ts'
import { REQUESTS_OPEN_MAX } from './wire-limits.ts'

export function hearExtended(
  state: SessionState,
  { id, payload }: Extract<Message, { readonly type: 'extended' }>,
): void {
  if (!state.extended) {
    throw state.wrong('MESSAGE_OUT_OF_TURN', 'an extended message without the extension bit')
  }
  if (id === 0) {
    state.charge(1, 'MESSAGE_FLOOD', 'extension handshake')
    return hearFacts(state, heardExtensionHandshake(payload, state.identity))
  }
  const name = state.extensions.nameOf(id)
  if (name === undefined) return state.charge(1, 'MESSAGE_FLOOD', `extended message ${id}`)
  if (name === 'lt_donthave') hearDontHave(state, decodeDontHave(payload))
  else state.push({ type: 'extended', name, payload })
}

function hearFacts(state: SessionState, facts: BencodeDict): void {
  state.extensions.learn(facts.get('m'))
  const requests = facts.get('reqq')
  if (typeof requests === 'number' || typeof requests === 'bigint') {
    const believed = requests > REQUESTS_OPEN_MAX ? REQUESTS_OPEN_MAX : Number(requests)
    state.requestsOpenMax = Math.max(1, believed)
  }
  const length = facts.get('reql')
  if (typeof length === 'number' && length > 0) state.requestLengthMaxOfPeer = length
  state.push({ type: 'extension-handshake', facts })
}

function hearDontHave(state: SessionState, piece: number): void {
  state.charge(1, 'MESSAGE_FLOOD', 'dont-have')
  if (!state.pieces.lost(piece) || state.geometry === undefined) return
  state.push({ type: 'dont-have', piece })
  // With the fast extension the rejects follow; without it the requests die in silence (BEP 54).
  if (state.fast) return
  for (const { begin, length } of state.requests.giveUpWhere((asked) => asked.piece === piece)) {
    state.push({ type: 'reject', piece, begin, length, why: 'rejected' })
  }
}
