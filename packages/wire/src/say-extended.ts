// Extended messages under the ids that the peer gave them; our own ids are promised by our handshake (BEP 10, 54).

import { type BencodeValue, encode } from '@bt/bencode'
import { encodeDontHave } from './dont-have.ts'
import { sayReject } from './say-requests.ts'
import type { SessionState } from './session-state.ts'

/** Nothing when the peer lacks BEP 10. */
export function sayExtensionHandshake(
  state: SessionState,
  facts: ReadonlyMap<string, BencodeValue>,
): void {
  if (!state.extended) return
  state.extensions.offer(facts.get('m'))
  state.say({ type: 'extended', id: 0, payload: encode(facts) })
}

/** @throws {WireError} blame local: the peer does not speak it */
export function sayExtended(state: SessionState, name: string, payload: Uint8Array): void {
  const id = state.extensions.idOf(name)
  if (id === undefined) throw state.notNow(`${name} to a peer that does not speak it`)
  state.say({ type: 'extended', id, payload })
}

/** Nothing when the peer does not speak it. Its open requests for the piece cannot be served any more. */
export function sayDontHave(state: SessionState, piece: number): void {
  if (state.extensions.idOf('lt_donthave') === undefined) return
  state.outbox.joinLater() // a have of the same piece may wait
  sayExtended(state, 'lt_donthave', encodeDontHave(piece))
  for (const owed of state.answers.takeWhere((one) => one.piece === piece)) sayReject(state, owed)
}
