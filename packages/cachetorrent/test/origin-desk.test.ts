import { Bitfield } from '@bt/primitives'
import type { PeerHandle, PolicyHost } from '@bt/swarm'
import { describe, expect, test } from 'vitest'
import { ORIGIN_OWN_MS } from '../src/limits.ts'
import { OriginDesk, OWN_SITE } from '../src/origin-desk.ts'
import { Turns } from '../src/turns.ts'
import { type PlainPeer, plainPeer } from './peers.ts'

const PIECES = 6
const PIECE = 1 << 18

interface Scene {
  readonly desk: OriginDesk
  readonly host: { now: () => number; time: number }
  readonly gains: (peer: PlainPeer, piece: number) => void
}

/** A seed with these neighbours, who see what it shows; `inert`: may not import. */
function scene(
  own: readonly PlainPeer[],
  others: readonly PlainPeer[],
  { inert, upload = 0 }: { readonly inert?: PlainPeer; readonly upload?: number } = {},
): Scene {
  const peers = [...own, ...others]
  const host = {
    time: 0,
    now: (): number => host.time,
    below: (): number => 0,
    have: Bitfield.full(PIECES),
    geometry: { pieceLength: PIECE },
    peers: (): readonly PeerHandle[] => peers,
    changed: (): void => {},
  }
  const groupOf = (peer: PeerHandle): string =>
    own.some((one) => one === peer) ? OWN_SITE : 'another'
  const imports = (peer: PeerHandle): boolean => peer !== inert
  const turns = new Turns(PIECE)
  const desk = new OriginDesk(host as unknown as PolicyHost, groupOf, imports, upload, turns)
  for (const peer of peers) desk.opened(peer)
  desk.push()
  const gains = (peer: PlainPeer, piece: number): void => {
    peer.pieces.set(piece)
    desk.looked(peer, piece)
  }
  return { desk, host, gains }
}

const all = Array.from({ length: PIECES }, (_, piece) => piece)

describe('a seed that shows pieces site by site', () => {
  test('shows those who may not import nothing, but for its own site, which does not import from it', () => {
    for (const isOwn of [false, true]) {
      const [inert, other] = [plainPeer(1, PIECES), plainPeer(2, PIECES)]
      const { desk } = isOwn
        ? scene([inert], [other], { inert, upload: 1 })
        : scene([], [inert, other], { inert })
      expect(all.some((piece) => desk.isShown(piece, inert))).toBe(isOwn)
      expect(all.some((piece) => desk.isShown(piece, other))).toBe(true)
    }
  })
})

describe('a seed that is held up by the link of its site', () => {
  const hindered = (upload: number) => {
    const [own, other] = [plainPeer(1, PIECES), plainPeer(2, PIECES)]
    const { desk, host, gains } = scene([own], [other], { upload })
    const shown = (peer: PlainPeer): readonly number[] =>
      all.filter((piece) => desk.isShown(piece, peer) && !peer.pieces.has(piece))
    const pass = (ms: number, bytesPerSecond = 200): void => {
      for (const end = host.time + ms; host.time < end; host.time += 500) {
        desk.sent(other, bytesPerSecond / 2)
        desk.look()
      }
    }
    // two looks, and the one after them
    pass(10_500)
    return { desk, own, other, gains, shown, pass }
  }

  test('gives its own site a copy of what it sends out, where its uplink has room', () => {
    const { desk, own, other, gains, shown } = hindered(1000)
    expect(desk.isHindered).toBe(true)
    for (let sent = 0; sent < PIECES - 1; sent++) {
      const [piece] = shown(other) as [number]
      gains(other, piece)
      desk.look()
      // all that left is shown inside, and what is on its way; nothing that is still here only
      const left = all.filter((one) => other.pieces.has(one) || shown(other).includes(one))
      for (const inside of shown(own)) expect(left).toContain(inside)
      expect(shown(own)).toContain(piece)
      gains(own, piece)
    }
    // its own site has nothing that is not out
    expect(desk.isActive).toBe(true)
  })

  test('does not take a piece for gone out because its own site has it', () => {
    const { desk, own, other, gains, shown } = hindered(1000)
    const [inside] = shown(own) as [number]
    gains(own, inside)
    for (const piece of all) if (piece !== inside) gains(other, piece)
    desk.look()
    expect(desk.isActive).toBe(true)
    expect(shown(other)).toContain(inside)
  })

  test('leaves its own site to import once it is held up no more, while others take what it has', () => {
    const { desk, own, other, gains, shown, pass } = hindered(1000)
    pass(5_500, 1000)
    expect(desk.isHindered).toBe(false)
    for (const piece of shown(own)) gains(own, piece)
    while (!all.every((piece) => other.pieces.has(piece) || own.pieces.has(piece))) {
      gains(other, shown(other)[0] as number)
      pass(500, 1000)
      expect(shown(own)).toEqual([])
    }
  })

  test('gives its own site everything when the only one outside is gone', () => {
    const { desk, own, other, gains, shown, pass } = hindered(1000)
    expect(desk.isHindered).toBe(true)
    desk.closed(other)
    for (let look = 0; look < 20; look++) {
      for (const piece of shown(own)) gains(own, piece)
      pass(1_000)
    }
    expect(own.pieces.count).toBe(PIECES)
  })

  test('does not wait for one outside that takes nothing', () => {
    for (const upload of [0, 1000]) {
      const { desk, own, gains, shown, pass } = hindered(upload)
      let had = 0
      for (let look = 0; look < 40; look++) {
        pass(5_000, 0)
        for (const piece of shown(own)) {
          gains(own, piece)
          had++
        }
        desk.look()
      }
      expect(had).toBe(PIECES)
    }
  })

  test('passes over its own site where nobody knows whether its uplink has room', () => {
    const { desk, own, other, gains, shown } = hindered(0)
    expect(desk.isHindered).toBe(true)
    // what was shown before anything was on its way
    for (const piece of shown(own)) gains(own, piece)
    for (const piece of shown(other)) gains(other, piece)
    expect(shown(own)).toEqual([])
    expect(shown(other)).not.toEqual([])
  })
})

describe('a seed whose pieces are all out', () => {
  test('shows its own site what it lacks, one copy of each, and then everything', () => {
    const [own, next, other] = [plainPeer(1, PIECES), plainPeer(2, PIECES), plainPeer(3, PIECES)]
    const { desk, gains } = scene([own, next], [other])
    for (const piece of all) gains(other, piece)
    expect(desk.isActive).toBe(true)
    const shownTo = (piece: number): number =>
      [own, next].filter((peer) => desk.isShown(piece, peer)).length
    for (let left = PIECES; left > 0; left--) {
      const piece = all.find((one) => shownTo(one) > 0 && !own.pieces.has(one)) as number
      expect(shownTo(piece)).toBe(1)
      gains(desk.isShown(piece, own) ? own : next, piece)
      own.pieces.set(piece)
    }
    expect(desk.isActive).toBe(false)
    expect(all.every((piece) => desk.isShown(piece, own) && desk.isShown(piece, other))).toBe(true)
  })

  test('goes on for a minute at most where its site fetches nothing', () => {
    const other = plainPeer(3, PIECES)
    const { desk, host, gains } = scene([plainPeer(1, PIECES)], [other])
    for (const piece of all) gains(other, piece)
    host.time = ORIGIN_OWN_MS - 1
    desk.look()
    expect(desk.isActive).toBe(true)
    host.time = ORIGIN_OWN_MS
    desk.look()
    expect(desk.isActive).toBe(false)
  })

  test('shows everything at once where nobody else is in its site', () => {
    const other = plainPeer(3, PIECES)
    const { desk, gains } = scene([], [other])
    for (const piece of all) gains(other, piece)
    expect(desk.isActive).toBe(false)
  })
})
