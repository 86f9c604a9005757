// Each rule can fail: pictures of runs that are wrong, and of the same runs put right.
import { Bitfield } from '@bt/primitives'
import { describe, expect, test } from 'vitest'
import { ANSWER_BY_MS, AnswerWatch } from '../src/answer-watch.ts'
import { checkpointKept, OPENED_MS } from '../src/invariants/checkpoint-kept.ts'
import { leadersKnown } from '../src/invariants/leaders-known.ts'
import { HEARD_BY_MS, oneClaim } from '../src/invariants/one-claim.ts'
import { trackerTrue } from '../src/invariants/tracker-true.ts'
import type { Member, Share } from '../src/member.ts'
import type { RunView } from '../src/run-view.ts'
import type { OpenClaim } from '../src/scheme.ts'

const PIECES = 8

interface Picture {
  readonly site?: number
  readonly have?: readonly number[]
  readonly claims?: readonly OpenClaim[]
  readonly leaders?: readonly string[]
  readonly reasons?: readonly string[]
  readonly isSeed?: boolean
  readonly peerId?: string
}

function member(number: number, picture: Picture): Member {
  const have = new Bitfield(PIECES)
  for (const piece of picture.have ?? []) have.set(piece)
  const scheme = {
    term: () => 1,
    claims: () => picture.claims ?? [],
    leaders: () => picture.leaders ?? [],
    reasonsOf: () => new Set(picture.reasons),
  }
  return {
    plan: { number, site: picture.site ?? 0, isSeed: picture.isSeed === true },
    present: [{ swarm: { have }, scheme }],
    session: { peerId: picture.peerId ?? String(number) },
    isUp: true,
    haveCount: have.count,
    host: { address: `20.0.0.${number}`, ports: { clock: { now: () => 0 } } },
  } as unknown as Member
}

function view(members: readonly Member[], nowMs = 0, more: object = {}): RunView {
  const world = { layout: { sites: [{ number: 0 }, { number: 1 }] }, members, ...more }
  return { scenario: { pieces: PIECES }, world, nowMs, isOver: true } as unknown as RunView
}

const claim = (piece: number, more: Partial<OpenClaim> = {}): OpenClaim => {
  return { piece, reason: 'claim', sinceMs: 0, term: 1, ...more }
}

describe('one open claim a piece, site and term', () => {
  const wrong = (...pictures: Picture[]): string | undefined =>
    oneClaim.begin().tick?.(view(pictures.map((picture, at) => member(at, picture))))

  test('two members of one site with the same claim break it', () => {
    expect(wrong({ claims: [claim(3)] }, { claims: [claim(3)] })).toMatch(/piece 3/)
  })

  test('two sites, two pieces, two terms, or a reason that was written down do not', () => {
    expect(wrong({ claims: [claim(3)] }, { claims: [claim(3)], site: 1 })).toBeUndefined()
    expect(wrong({ claims: [claim(3)] }, { claims: [claim(4)] })).toBeUndefined()
    expect(wrong({ claims: [claim(3)] }, { claims: [claim(3, { term: 2 })] })).toBeUndefined()
    const again = claim(3, { reason: 'again' })
    expect(wrong({ claims: [claim(3)] }, { claims: [again] })).toBeUndefined()
    const marked = { claims: [], reasons: ['split-view'] }
    expect(wrong({ claims: [claim(3)] }, { claims: [claim(3)] }, marked)).toBeUndefined()
  })

  test('a claim on what a member has had for long breaks it, unless that member is a seed that hides it', () => {
    const late = { claims: [claim(3, { sinceMs: HEARD_BY_MS + 1 })] }
    for (const isSeed of [false, true]) {
      const check = oneClaim.begin()
      const holder = member(0, { have: [3], isSeed })
      expect(check.tick?.(view([holder], 0))).toBeUndefined()
      const broken = check.tick?.(view([holder, member(1, late)], HEARD_BY_MS + 1))
      if (isSeed) expect(broken).toBeUndefined()
      else expect(broken).toMatch(/was here/)
    }
  })
})

describe('leaders are members of the site that announced themselves', () => {
  const wrong = (leader: string): string | undefined => {
    const check = leadersKnown.begin()
    const members = [
      member(0, { peerId: 'a', leaders: [leader] }),
      member(1, { peerId: 'b', site: 1 }),
    ]
    for (const one of members) check.started?.(one, {} as Share, () => {})
    return check.tick?.(view(members))
  }

  test.each([
    ['a', undefined],
    ['b', /site 1/],
    ['nobody', /is nobody/],
  ])('%s', (leader, expected) => {
    if (expected === undefined) expect(wrong(leader)).toBeUndefined()
    else expect(wrong(leader)).toMatch(expected)
  })
})

describe('a checkpoint is kept', () => {
  test.each([
    [[1, 2], undefined],
    [[1], /came back with 1 pieces, 2 were safe/],
  ])('back with %j', (have, expected) => {
    const check = checkpointKept.begin()
    let saved: (event: { durableCount: number }) => void = () => {}
    const share = {
      swarm: { on: (_: string, hear: typeof saved) => (saved = hear) },
    } as unknown as Share
    const life = member(0, { have })
    check.started?.(life, share, () => {})
    saved({ durableCount: 2 })
    check.started?.(life, share, () => {})
    expect(check.tick?.(view([life], OPENED_MS - 1))).toBeUndefined()
    const broken = check.tick?.(view([life], OPENED_MS))
    if (expected === undefined) expect(broken).toBeUndefined()
    else expect(broken).toMatch(expected)
  })
})

describe('the tracker keeps whom it heard from', () => {
  const look = (stored: number, heard: readonly number[], members = 2) => {
    const tracker = {
      storedCount: () => stored,
      heardFrom: heard.length,
      hasHeard: (host: string) => heard.some((number) => host === `20.0.0.${number}`),
      host: { alive: true },
    }
    const all = Array.from({ length: members }, (_, number) => member(number, {}))
    const picture = view(all, 0, { tracker, parts: [{ infoHash: '' }] })
    const check = trackerTrue.begin()
    return check.tick?.(picture) ?? check.end?.(picture)
  }

  test('as many as told it, and live', () => {
    expect(look(2, [0, 1])).toBeUndefined()
    expect(look(1, [0])).toBeUndefined()
    expect(look(3, [0, 1])).toMatch(/keeps 3 peers of 1 torrents, and heard from 2/)
    expect(look(1, [0, 1])).toMatch(/keeps 1 peers, 2 live/)
  })
})

describe('one answer a request', () => {
  const handshake = (fast: boolean): Uint8Array => {
    const bytes = new Uint8Array(68)
    if (fast) bytes[27] = 4
    return bytes
  }
  /** Kind, then numbers of 4 bytes, then so many bytes of a block. */
  const message = (kind: number, numbers: readonly number[] = [], block = 0): Uint8Array => {
    const bytes = new Uint8Array(5 + 4 * numbers.length + block)
    const at = new DataView(bytes.buffer)
    at.setUint32(0, bytes.length - 4)
    at.setUint8(4, kind)
    for (const [index, number] of numbers.entries()) at.setUint32(5 + 4 * index, number)
    return bytes
  }
  const [CHOKE, REQUEST, PIECE, CANCEL, REJECT] = [0, 6, 7, 8, 16]
  const asked = message(REQUEST, [1, 0, 100])
  const piece = message(PIECE, [1, 0], 100)
  const reject = message(REJECT, [1, 0, 100])
  const cancel = message(CANCEL, [1, 0, 100])

  /** What is wrong with this conversation: '<' came in, '>' went out. */
  function broken(turns: readonly (readonly ['<' | '>', Uint8Array, number?])[], fast = true) {
    let now = 0
    const wrong: string[] = []
    const watch = new AnswerWatch(
      () => now,
      (what) => wrong.push(what),
    )
    watch.received(handshake(fast))
    watch.sent(handshake(true))
    for (const [way, bytes, at] of turns) {
      now = at ?? now
      // byte by byte, as a network may
      for (const byte of bytes) {
        if (way === '<') watch.received(Uint8Array.of(byte))
        else watch.sent(Uint8Array.of(byte))
      }
    }
    return wrong
  }

  test('a piece or a reject is one; a second, or one for nothing, is too many', () => {
    expect(
      broken([
        ['<', asked],
        ['>', piece],
      ]),
    ).toEqual([])
    expect(
      broken([
        ['<', asked],
        ['>', reject],
      ]),
    ).toEqual([])
    expect(
      broken([
        ['<', asked],
        ['>', piece],
        ['>', reject],
      ]),
    ).toHaveLength(1)
    expect(broken([['>', piece]])).toHaveLength(1)
    expect(
      broken([
        ['<', asked],
        ['>', message(PIECE, [1, 0], 99)],
      ]),
    ).toHaveLength(1)
    expect(
      broken([
        ['<', asked],
        ['<', asked],
        ['>', reject],
        ['>', reject],
      ]),
    ).toEqual([])
  })

  test('what was cancelled may be answered once more', () => {
    expect(
      broken([
        ['<', asked],
        ['<', cancel],
        ['>', reject],
      ]),
    ).toEqual([])
    expect(
      broken([
        ['<', asked],
        ['<', cancel],
      ]),
    ).toEqual([])
    expect(
      broken([
        ['<', asked],
        ['<', cancel],
        ['>', piece],
        ['>', reject],
      ]),
    ).toHaveLength(1)
  })

  test('a choke answers what is open only where one end does not speak BEP 6', () => {
    const late = ['<', message(REQUEST, [2, 0, 100]), ANSWER_BY_MS] as const
    expect(broken([['<', asked], ['>', message(CHOKE)], late], false)).toEqual([])
    expect(broken([['<', asked], ['>', message(CHOKE)], late])).toHaveLength(1)
  })

  test('none for ten minutes is too few', () => {
    const keepAlive = ['<', new Uint8Array(4)] as const
    const more = message(REQUEST, [3, 0, 100])
    expect(broken([['<', asked], keepAlive, ['<', more, ANSWER_BY_MS - 1]])).toEqual([])
    expect(broken([['<', asked], keepAlive, ['<', more, ANSWER_BY_MS]])).toHaveLength(1)
  })
})
