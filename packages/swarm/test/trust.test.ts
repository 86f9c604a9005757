import { Prng, sha1 } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { TRUST_LIMITS, Trust } from '../src/peers/trust.ts'

/** 20 bytes a block, of what each block held. */
function digests(blocks: readonly string[]): Uint8Array {
  const all = new Uint8Array(20 * blocks.length)
  for (const [at, block] of blocks.entries())
    all.set(sha1(new TextEncoder().encode(block)), 20 * at)
  return all
}

const RIGHT = ['r0', 'r1', 'r2', 'r3']

/** `senders[b]` sent `blocks[b]`; the piece fails, or is right. */
function download(
  trust: Trust<string>,
  piece: number,
  senders: readonly string[],
  blocks: readonly string[],
): readonly { readonly peer: string; readonly strikes: number; readonly ban: boolean }[] {
  for (const [block, sender] of senders.entries())
    trust.contributed(piece, block, sender, `ip-${sender}`)
  const isRight = blocks.join() === RIGHT.join()
  if (isRight) return trust.verified(piece, trust.needsDigests(piece) ? digests(blocks) : undefined)
  return trust.failed(piece, { blockDigests: digests(blocks) }).convicted
}

describe('trust', () => {
  test('a failed piece makes suspects, not convicts', () => {
    const trust = new Trust<string>()
    for (const [block, peer] of ['a', 'a', 'b', 'c'].entries())
      trust.contributed(5, block, peer, `ip-${peer}`)
    const { suspects, convicted } = trust.failed(5, {
      blockDigests: digests(['x', ...RIGHT.slice(1)]),
    })
    expect(suspects.map(({ peer }) => peer)).toEqual(['a', 'b', 'c'])
    expect(convicted).toEqual([])
    expect(trust.takeParoleChanges()).toEqual(['a', 'b', 'c'])
    expect(trust.takeParoleChanges()).toEqual([])
  })

  test('[E01] when the piece is right at last, whoever sent a block that differs is convicted, nobody else', () => {
    const trust = new Trust<string>()
    download(trust, 5, ['a', 'liar', 'b', 'c'], ['r0', 'BAD', 'r2', 'r3'])
    const convicted = download(trust, 5, ['a', 'a', 'c', 'c'], RIGHT)
    expect(convicted).toEqual([
      { peer: 'liar', address: 'ip-liar', piece: 5, strikes: 1, ban: false },
    ])
    trust.takeParoleChanges()
    const onParole = ['a', 'b', 'c', 'liar'].filter((peer) => trust.onParole(peer, `ip-${peer}`))
    expect(onParole).toEqual(['liar'])
  })

  test('[E01] three pieces are enough to ban a poisoner', () => {
    const trust = new Trust<string>()
    const bans = [1, 2, 3].map((piece) => {
      download(trust, piece, ['a', 'liar', 'b', 'c'], ['r0', `BAD${piece}`, 'r2', 'r3'])
      return download(trust, piece, ['a', 'a', 'b', 'c'], RIGHT)[0]?.ban
    })
    expect(bans).toEqual([false, false, true])
  })

  test('a piece counts once, however many of its blocks were wrong', () => {
    const trust = new Trust<string>()
    download(trust, 1, ['liar', 'liar', 'liar', 'a'], ['x', 'y', 'z', 'r3'])
    download(trust, 1, ['liar', 'a', 'a', 'a'], ['u', 'r1', 'r2', 'r3'])
    expect(download(trust, 1, ['a', 'a', 'a', 'a'], RIGHT)).toEqual([
      { peer: 'liar', address: 'ip-liar', piece: 1, strikes: 1, ban: false },
    ])
  })

  test('[E02] strikes stay with the address over peer ids and ports', () => {
    const trust = new Trust<string>()
    const bans = ['id1', 'id2', 'id3'].map((id, piece) => {
      for (let block = 0; block < 4; block++) {
        const sender = block === 1 ? id : 'honest'
        trust.contributed(piece, block, sender, block === 1 ? '8.8.8.8' : '9.9.9.9')
      }
      trust.failed(piece, { blockDigests: digests(['r0', `BAD${id}`, 'r2', 'r3']) })
      trust.left(id)
      for (let block = 0; block < 4; block++) trust.contributed(piece, block, 'honest', '9.9.9.9')
      return trust.verified(piece, digests(RIGHT))[0]
    })
    expect(bans.map((conviction) => conviction?.strikes)).toEqual([1, 2, 3])
    expect(bans[2]).toMatchObject({ peer: 'id3', address: '8.8.8.8', ban: true })
    expect(trust.onParole('id4', '8.8.8.8')).toBe(true)
  })

  test('on loopback, where all share an address, each peer answers for itself', () => {
    const trust = new Trust<string>()
    trust.contributed(0, 0, 'liar', undefined)
    trust.contributed(0, 1, 'honest', undefined)
    trust.failed(0, { blockDigests: digests(['BAD', 'r1']) })
    trust.contributed(0, 0, 'honest', undefined)
    trust.contributed(0, 1, 'honest', undefined)
    expect(trust.verified(0, digests(['r0', 'r1']))).toEqual([
      { peer: 'liar', address: undefined, piece: 0, strikes: 1, ban: false },
    ])
    expect([trust.onParole('liar', undefined), trust.onParole('honest', undefined)]).toEqual([
      true,
      false,
    ])
  })

  test('a leaf hash convicts at once, and only the sender of the wrong block', () => {
    const trust = new Trust<string>()
    trust.verified(99)
    expect(trust.wrongBlock(1, 0, 'liar', '8.8.8.8')).toMatchObject({ strikes: 1, ban: false })
    for (const [block, peer] of ['a', 'liar', 'b'].entries())
      trust.contributed(2, block, peer, `8.8.8.${peer === 'liar' ? '8' : peer}`)
    const facts = { wrongBlocks: [1], blockDigests: digests(['r0', 'BAD', 'r2']) }
    const { suspects, convicted } = trust.failed(2, facts)
    expect(suspects.map(({ peer }) => peer)).toEqual(['liar'])
    expect(convicted).toMatchObject([{ peer: 'liar', strikes: 2, ban: false }])
    expect(trust.wrongBlock(3, 0, 'liar', '8.8.8.8')).toMatchObject({ strikes: 3, ban: true })
    expect(trust.onParole('a', '8.8.8.a')).toBe(false)
  })

  test('a leaf hash counts once a piece, but each time when the same block is wrong again', () => {
    const trust = new Trust<string>()
    trust.verified(99)
    const strikes = [0, 1, 2, 1, 1].map(
      (block) => trust.wrongBlock(5, block, 'liar', '8.8.8.8').strikes,
    )
    expect(strikes).toEqual([1, 1, 1, 2, 3])
  })

  test('[E04] our own disk blames nobody', () => {
    const trust = new Trust<string>()
    for (let piece = 0; piece < 100; piece++) {
      for (let block = 0; block < 4; block++)
        trust.contributed(piece, block, `p${block}`, `ip${block}`)
      trust.ourFault(piece)
    }
    expect(trust.takeParoleChanges()).toEqual([])
    for (let block = 0; block < 4; block++)
      expect(trust.onParole(`p${block}`, `ip${block}`)).toBe(false)
  })

  test('[E03] a torrent whose hash is wrong bans nobody: all send the same and it never verifies', () => {
    const trust = new Trust<string>()
    for (let turn = 0; turn < 50; turn++) {
      const senders = [0, 1, 2, 3].map((block) => `p${(turn + block) % 7}`)
      expect(download(trust, 5, senders, ['r0', 'r1', 'r2', 'always'])).toEqual([])
    }
    trust.verified(6)
    expect(trust.onParole('p0', 'ip-p0')).toBe(true)
  })

  test('who sent all of a failed piece gets a strike at once, one a piece', () => {
    const trust = new Trust<string>()
    trust.verified(99)
    const all = ['liar', 'liar', 'liar', 'liar']
    const bad = ['BAD', 'r1', 'r2', 'r3']
    expect(download(trust, 1, all, bad)).toMatchObject([{ peer: 'liar', piece: 1, strikes: 1 }])
    expect(download(trust, 1, all, bad)).toMatchObject([{ strikes: 1 }])
    expect(download(trust, 2, all, bad)).toMatchObject([{ strikes: 2, ban: false }])
    expect(download(trust, 3, all, bad)).toMatchObject([{ strikes: 3, ban: true }])
  })

  test('who sends something else for the same piece each time gets a strike each time', () => {
    const trust = new Trust<string>()
    trust.verified(99)
    const strikes = [1, 2, 3].map(
      (at) => download(trust, 1, ['liar', 'liar'], [`BAD${at}`, 'r1'])[0],
    )
    expect(strikes.map((one) => one?.strikes)).toEqual([1, 2, 3])
    expect(strikes[2]).toMatchObject({ piece: 1, ban: true })
  })

  test('[E03] two who each sent all of it, and the same, are acquitted: the torrent is wrong', () => {
    const trust = new Trust<string>()
    trust.verified(99)
    for (const piece of [1, 2, 3, 4]) {
      const [first, second] = piece % 2 === 0 ? ['a', 'b'] : ['b', 'a']
      const blocks = ['r0', 'r1', 'r2', `wrong in the torrent ${piece}`]
      const four = (peer: string | undefined): string[] => [1, 2, 3, 4].map(() => peer as string)
      expect(download(trust, piece, four(first), blocks)[0]).toMatchObject({
        strikes: 1,
        ban: false,
      })
      expect(download(trust, piece, four(second), blocks)).toEqual([])
    }
  })

  test('[E03] two liars who agree are convicted all the same when the piece is right at last', () => {
    const trust = new Trust<string>()
    for (const liar of ['l1', 'l2'])
      download(trust, 1, [liar, liar, liar, liar], ['0', '0', '0', '0'])
    const convicted = download(trust, 1, ['a', 'a', 'a', 'a'], RIGHT)
    expect(convicted.map(({ peer }) => peer)).toEqual(['l1', 'l2'])
  })

  test('while nothing was verified, leaf hashes alone ban only a hopeless case', () => {
    const trust = new Trust<string>()
    const bans = Array.from(
      { length: TRUST_LIMITS.strikesBeforeProofMax },
      (_, piece) => trust.wrongBlock(piece, 0, 'liar', '8.8.8.8').ban,
    )
    expect(bans.indexOf(true)).toBe(TRUST_LIMITS.strikesBeforeProofMax - 1)
  })

  test('without digests of the right blocks nobody can be convicted, and nobody stays a suspect', () => {
    const trust = new Trust<string>()
    download(trust, 1, ['a', 'b', 'b', 'b'], ['BAD', 'r1', 'r2', 'r3'])
    expect(trust.needsDigests(1)).toBe(true)
    expect(trust.verified(1)).toEqual([])
    expect([trust.onParole('a', 'ip-a'), trust.needsDigests(1)]).toEqual([false, false])
  })

  test('what is remembered is bounded: the oldest failed pieces and strikes are forgotten', () => {
    const trust = new Trust<string>({ piecesMax: 3, triesMax: 2, addressesMax: 2 })
    for (const piece of [1, 2, 3, 4])
      download(trust, piece, [`liar${piece}`, 'a', 'a', 'a'], ['BAD', 'r1', 'r2', 'r3'])
    expect([1, 2, 3, 4].map((piece) => trust.needsDigests(piece))).toEqual([
      false,
      true,
      true,
      true,
    ])
    expect(trust.onParole('liar1', 'ip-liar1')).toBe(false)
    for (const turn of [1, 2, 3])
      download(trust, 4, [`late${turn}`, 'a', 'a', 'a'], ['BAD', 'r1', 'r2', 'r3'])
    const convicted = download(trust, 4, ['a', 'a', 'a', 'a'], RIGHT).map(({ peer }) => peer)
    expect(convicted).toEqual(['late2', 'late3'])
    for (const at of [5, 6, 7]) trust.wrongBlock(at, 0, `x${at}`, `10.0.0.${at}`)
    expect(trust.onParole('late2', 'ip-late2')).toBe(false)
    expect(trust.onParole('x7', '10.0.0.7')).toBe(true)
  })

  test('[E03] honest peers are never convicted, poisoners soon (random swarms)', () => {
    let pieces = 0
    for (let seed = 0; seed < 200; seed++) {
      const random = new Prng(`trust ${seed}`)
      const trust = new Trust<string>()
      const peers = Array.from({ length: 21 }, (_, at) =>
        at < 1 + (seed % 3) ? `liar${at}` : `p${at}`,
      )
      const banned = new Set<string>()
      const strikes = new Map<string, number>()
      for (let piece = 0; piece < 60; piece++) {
        for (let attempt = 0; ; attempt++) {
          if (attempt > 50) throw new Error('the piece never verifies')
          const able = peers.filter((peer) => !banned.has(peer))
          const clean = able.filter((peer) => !trust.onParole(peer, peer))
          // As the picker does it: a suspect works alone.
          const first = able[random.below(able.length)] as string
          const alone = trust.onParole(first, first)
          const senders = RIGHT.map(() =>
            alone ? first : (clean[random.below(clean.length)] as string),
          )
          const mine = senders.findIndex((sender) => sender.startsWith('liar'))
          const poisoned = mine >= 0 && random.below(10) > 0
          const blocks = RIGHT.map((block, at) =>
            poisoned && at === mine ? `BAD${attempt}` : block,
          )
          for (const [block, sender] of senders.entries())
            trust.contributed(piece, block, sender, sender)
          if (poisoned) {
            pieces++
            const { convicted } = trust.failed(piece, { blockDigests: digests(blocks) })
            for (const { peer, strikes: its, ban } of convicted) {
              expect(peer.startsWith('liar'), `seed ${seed}: ${peer} is honest`).toBe(true)
              strikes.set(peer, its)
              if (ban) banned.add(peer)
            }
            continue
          }
          const needs = trust.needsDigests(piece)
          for (const { peer, strikes: its, ban } of trust.verified(
            piece,
            needs ? digests(blocks) : undefined,
          )) {
            expect(peer.startsWith('liar'), `seed ${seed}: ${peer} is honest`).toBe(true)
            strikes.set(peer, its)
            if (ban) banned.add(peer)
          }
          break
        }
      }
      for (const [peer, its] of strikes) expect(banned.has(peer)).toBe(its >= 3)
    }
    // Some three failed pieces for each of the 399 poisoners: most are banned by then, none goes on for long.
    expect(pieces / 399).toBeLessThan(5)
  })
})
