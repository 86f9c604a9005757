import { Bitfield } from '@bt/primitives'
import { expect, test } from 'vitest'
import { Pair } from './pair.ts'

test('two peers shake hands and move a block', () => {
  const pair = new Pair()
  pair.run()
  expect(pair.dialer.error).toBeUndefined()
  expect(pair.dialer.events.map((e) => e.type)).toEqual(['handshake'])
  expect(pair.acceptor.events.map((e) => e.type)).toEqual(['asked', 'handshake'])
  pair.acceptor.session.sendPieces(Bitfield.full(10))
  pair.acceptor.session.unchoke()
  pair.run()
  pair.acceptor.onEvent = (event) => {
    if (event.type === 'request')
      pair.acceptor.session.sendBlock(
        event.piece,
        event.begin,
        new Uint8Array(event.length).fill(7),
      )
  }
  pair.dialer.session.request(1, 16384, 16384, 0)
  pair.run()
  expect(pair.dialer.events.at(-1)).toMatchObject({
    type: 'block',
    piece: 1,
    begin: 16384,
    asked: 'open',
  })
})
