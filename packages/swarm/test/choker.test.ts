import { Prng } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { ADDRESSES_MAX } from '../src/choking/choke-history.ts'
import { CHOKE_LIMITS, type ChokeFacts, Choker } from '../src/choking/choker.ts'

function facts(peer: string, given: Partial<ChokeFacts<string>> = {}): ChokeFacts<string> {
  return {
    peer,
    address: peer,
    interested: true,
    snubbed: false,
    mayUpload: true,
    connectedAt: 0,
    receivedPerSecond: 0,
    sentBytes: 0,
    ...given,
  }
}

/** `count` peers, the first the fastest. */
function ranked(count: number, given: Partial<ChokeFacts<string>> = {}): ChokeFacts<string>[] {
  return Array.from({ length: count }, (_, at) =>
    facts(`p${at}`, { receivedPerSecond: (count - at) * 100, ...given }),
  )
}

const LEECHING = { seeding: false, rotate: false }
const SEEDING = { seeding: true, rotate: false }
const OLD = 10 * CHOKE_LIMITS.newMs

describe('choking while leeching', () => {
  test('unchokes the four that send most, and one by chance', () => {
    const choker = new Choker<string>(new Prng(1))
    const { unchoked, optimistic } = choker.round(ranked(20), { now: OLD, ...LEECHING })
    expect(unchoked.slice(0, 4)).toEqual(['p0', 'p1', 'p2', 'p3'])
    expect(unchoked).toHaveLength(5)
    expect(optimistic).toEqual([unchoked[4]])
  })

  test('the same facts and the same chance give the same answer', () => {
    const answers = [1, 2].map(() => {
      const choker = new Choker<string>(new Prng(9))
      return [0, 1, 2, 3].map((at) =>
        choker.round(ranked(20), { now: at * 30_000, seeding: false, rotate: true }),
      )
    })
    expect(answers[0]).toEqual(answers[1])
  })

  test('who is not interested, or may not be served, gets no slot however much it sends', () => {
    const choker = new Choker<string>(new Prng(1))
    const peers = [
      facts('rich', { receivedPerSecond: 9_999, interested: false }),
      facts('forbidden', { receivedPerSecond: 9_999, mayUpload: false }),
      ...ranked(2),
    ]
    expect(choker.round(peers, { now: OLD, ...LEECHING }).unchoked.toSorted()).toEqual(['p0', 'p1'])
  })

  test('a snubbed peer is served by chance only', () => {
    const choker = new Choker<string>(new Prng(1))
    const peers = [facts('snubbed', { receivedPerSecond: 9_999, snubbed: true }), ...ranked(10)]
    const { unchoked, optimistic } = choker.round(peers, { now: OLD, ...LEECHING })
    expect(unchoked.slice(0, 4)).toEqual(['p0', 'p1', 'p2', 'p3'])
    const alone = choker.round([peers[0] as ChokeFacts<string>], { now: OLD, ...LEECHING })
    expect(alone).toEqual({ unchoked: ['snubbed'], optimistic: ['snubbed'] })
    expect(optimistic).toHaveLength(1)
  })

  test('slots that rank cannot fill go to others by chance: snubbed by all, we look for new friends', () => {
    const choker = new Choker<string>(new Prng(1))
    const peers = ranked(10).map((peer, at) => ({ ...peer, snubbed: at > 0 }))
    const { unchoked, optimistic } = choker.round(peers, { now: OLD, ...LEECHING })
    expect(unchoked).toHaveLength(5)
    expect(optimistic).toHaveLength(4)
  })

  test('the one by chance stays for its three rounds, then gives way', () => {
    const choker = new Choker<string>(new Prng(3))
    const peers = ranked(12)
    const chosen = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((round) => {
      const now = OLD + round * 10_000
      return choker.round(peers, { now, seeding: false, rotate: round % 3 === 0 }).optimistic[0]
    })
    for (const at of [0, 3, 6]) expect(new Set(chosen.slice(at, at + 3)).size).toBe(1)
    expect(new Set(chosen).size).toBe(3)
  })

  test('the one by chance that earns a slot makes room for another', () => {
    const choker = new Choker<string>(new Prng(3))
    const peers = ranked(12)
    const [lucky] = choker.round(peers, { now: OLD, seeding: false, rotate: true }).optimistic
    const better = peers.map((peer) =>
      peer.peer === lucky ? { ...peer, receivedPerSecond: 99_999 } : peer,
    )
    const next = choker.round(better, { now: OLD + 10_000, ...LEECHING })
    expect(next.unchoked[0]).toBe(lucky)
    expect(next.optimistic).not.toContain(lucky)
    expect(next.unchoked).toHaveLength(5)
  })

  test('a newly connected peer is three times as likely to be the one by chance', () => {
    let fresh = 0
    const peers = [
      ...ranked(4, {}),
      ...Array.from({ length: 8 }, (_, at) => facts(`new${at}`, { connectedAt: OLD - 1_000 })),
      ...Array.from({ length: 8 }, (_, at) => facts(`old${at}`)),
    ]
    for (let seed = 0; seed < 2_000; seed++) {
      const choker = new Choker<string>(new Prng(seed))
      const { optimistic } = choker.round(peers, { now: OLD, seeding: false, rotate: true })
      if ((optimistic[0] as string).startsWith('new')) fresh++
    }
    // 24 chances in 32.
    expect(Math.abs(fresh - 1_500)).toBeLessThan(100)
  })

  test('[E09] many ids of one address get two slots together; the one by chance moves on to others', () => {
    const choker = new Choker<string>(new Prng(1))
    const sybils = ranked(20).map((peer) => ({ ...peer, address: '192.0.2.1' }))
    const honest = ['a', 'b', 'c', 'd', 'e', 'f'].map((peer) => facts(peer))
    const seen = new Set<string>()
    for (let round = 0; round < 60; round++) {
      const now = OLD + round * 10_000
      const { unchoked } = choker.round([...sybils, ...honest], {
        now,
        seeding: false,
        rotate: round % 3 === 0,
      })
      expect(unchoked.filter((peer) => peer.startsWith('p'))).toEqual(['p0', 'p1'])
      for (const peer of unchoked) seen.add(peer)
    }
    for (const peer of ['a', 'b', 'c', 'd', 'e', 'f']) expect(seen).toContain(peer)
  })

  test('on loopback, where addresses mean nothing, nobody is counted together', () => {
    const choker = new Choker<string>(new Prng(1))
    const peers = ranked(6).map((peer) => ({ ...peer, address: undefined }))
    expect(choker.round(peers, { now: OLD, ...LEECHING }).unchoked).toHaveLength(5)
  })

  test('among peers that send nothing each gets its trial in turn', () => {
    const choker = new Choker<string>(new Prng(1), { optimisticSlots: 0, slots: 2 })
    const peers = ['a', 'b', 'c', 'd', 'e', 'f'].map((peer, at) => facts(peer, { connectedAt: at }))
    const turns = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((round) =>
      choker
        .round(peers, { now: 100 + round * 10_000, ...LEECHING })
        .unchoked.toSorted()
        .join(''),
    )
    expect(turns).toEqual(['ab', 'ab', 'ab', 'cd', 'cd', 'cd', 'ef', 'ef', 'ef'])
  })

  test('between the beats a free slot is filled, and nobody loses one', () => {
    const choker = new Choker<string>(new Prng(1), { optimisticSlots: 0 })
    choker.round(ranked(4), { now: OLD, ...LEECHING })
    const better = [...ranked(4), facts('late', { receivedPerSecond: 99_999 })]
    const early = choker.round(better, { now: OLD + 500, ...LEECHING, early: true })
    expect(early.unchoked).not.toContain('late')
    const fewer = better.filter(({ peer }) => peer !== 'p2')
    expect(choker.round(fewer, { now: OLD + 900, ...LEECHING, early: true }).unchoked).toContain(
      'late',
    )
    const beat = choker.round(better, { now: OLD + 10_000, ...LEECHING })
    expect(beat.unchoked[0]).toBe('late')
    expect(beat.unchoked).not.toContain('p3')
  })

  test('limits count from the next round on', () => {
    const choker = new Choker<string>(new Prng(1))
    choker.setLimits({ slots: 1, optimisticSlots: 1 })
    expect(choker.round(ranked(9), { now: OLD, ...LEECHING }).unchoked).toHaveLength(2)
    choker.setLimits({ slots: 0, optimisticSlots: 0 })
    expect(choker.round(ranked(9), { now: OLD, ...LEECHING }).unchoked).toEqual([])
  })
})

/** Rounds of a seed that serves everybody unchoked at one rate; answers the bytes each name got. */
function seedFor(
  minutes: number,
  peersAt: (round: number) => readonly { readonly name: string; readonly connectedAt: number }[],
  limits = {},
): Map<string, number> {
  const choker = new Choker<string>(new Prng(5), { slots: 2, optimisticSlots: 1, ...limits })
  const got = new Map<string, number>()
  const sent = new Map<string, number>()
  let before: readonly string[] = []
  for (let round = 0; round < minutes * 6; round++) {
    const now = round * 10_000
    const peers = peersAt(round)
    const ids = peers.map(({ name, connectedAt }) => `${name}#${connectedAt}`)
    for (const id of before) if (!ids.includes(id)) choker.left(id, now)
    before = ids
    const round_ = choker.round(
      peers.map(({ name, connectedAt }, at) =>
        facts(ids[at] as string, {
          address: name,
          connectedAt,
          sentBytes: sent.get(ids[at] as string) ?? 0,
        }),
      ),
      { now, ...SEEDING },
    )
    for (const id of round_.unchoked) {
      const name = id.split('#')[0] as string
      sent.set(id, (sent.get(id) ?? 0) + 1_000)
      got.set(name, (got.get(name) ?? 0) + 1_000)
    }
  }
  return got
}

describe('choking while seeding', () => {
  test('is by turns: over time everybody gets the same, whatever its rate', () => {
    const peers = Array.from({ length: 9 }, (_, at) => ({ name: `p${at}`, connectedAt: 0 }))
    const got = seedFor(90, () => peers)
    expect(got.size).toBe(9)
    const shares = [...got.values()]
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(3_000)
  })

  test('a turn lasts three rounds', () => {
    const choker = new Choker<string>(new Prng(1), { slots: 1, optimisticSlots: 0 })
    const peers = ['a', 'b', 'c'].map((peer, at) => facts(peer, { connectedAt: at }))
    const turns = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(
      (round) => choker.round(peers, { now: 100 + round * 10_000, ...SEEDING }).unchoked[0],
    )
    expect(turns.join('')).toBe('aaabbbccca')
  })

  test('[E11] a peer that reconnects all the time gets no more than one that stays', () => {
    const honest = Array.from({ length: 8 }, (_, at) => ({ name: `h${at}`, connectedAt: 0 }))
    const got = seedFor(120, (round) => [
      ...honest,
      { name: 'attacker', connectedAt: Math.floor(round / 2) * 20_000 },
    ])
    const fair = Math.min(...honest.map(({ name }) => got.get(name) ?? 0))
    expect(got.get('attacker') ?? 0).toBeLessThanOrEqual(fair)
  })

  test('[E11] newcomers do not starve those who wait', () => {
    const got = seedFor(120, (round) => [
      { name: 'patient', connectedAt: 0 },
      ...Array.from({ length: 6 }, (_, at) => ({
        name: `n${Math.floor(round / 3)}x${at}`,
        connectedAt: Math.floor(round / 3) * 30_000,
      })),
    ])
    expect(got.get('patient') ?? 0).toBeGreaterThan(20_000)
  })

  test('[E10] an address that got more than its limit comes after all others, over reconnects too', () => {
    // Alone for an hour, then among others for another, coming anew every five minutes.
    const honest = Array.from({ length: 6 }, (_, at) => ({
      name: `h${at}`,
      connectedAt: 3_600_000,
    }))
    const peers = (round: number): { name: string; connectedAt: number }[] => [
      ...(round < 360 ? [] : honest),
      { name: 'greedy', connectedAt: Math.floor(round / 30) * 300_000 },
    ]
    expect(seedFor(120, peers).get('greedy')).toBeGreaterThan(400_000)
    const limited = seedFor(120, peers, { greedyBytes: 300_000 })
    expect(limited.get('greedy')).toBeLessThanOrEqual(363_000)
    expect(limited.get('h0')).toBeGreaterThan(170_000)
  })

  test('what is remembered of addresses is bounded', () => {
    const choker = new Choker<string>(new Prng(1))
    const first = facts('first', { sentBytes: 5_000 })
    choker.setLimits({ greedyBytes: 1_000, slots: 1, optimisticSlots: 0 })
    const crowd = Array.from({ length: ADDRESSES_MAX }, (_, at) =>
      facts(`c${at}`, { sentBytes: 1 }),
    )
    choker.round([first], { now: 0, ...SEEDING })
    choker.left('first', 0)
    choker.round(crowd, { now: 10_000, ...SEEDING })
    const again = facts('again', { address: 'first', connectedAt: 0 })
    const late = facts('late', { connectedAt: 1 })
    expect(choker.round([late, again], { now: 90_000, ...SEEDING }).unchoked).toEqual(['again'])
  })

  test('a policy that unchokes others says so, and turns are counted by what was done', () => {
    const choker = new Choker<string>(new Prng(1), { slots: 1, optimisticSlots: 0 })
    const peers = ['a', 'b'].map((peer, at) => facts(peer, { connectedAt: at }))
    expect(choker.round(peers, { now: 100, ...SEEDING }).unchoked).toEqual(['a'])
    choker.applied(['b'], 100)
    expect(choker.round(peers, { now: 10_100, ...SEEDING }).unchoked).toEqual(['b'])
  })
})
