// Goal: who cannot be reached does not lead, and a fault of the tracker's own blames nobody. Method: a tracker whose dials
// the test answers.
import type { Alarm, Clock } from '@bt/ports'
import { type Endpoint, endpointText, type InfoHash, type PeerId, Prng } from '@bt/primitives'
import type { AnnounceRequest } from '@bt/tracker-protocol'
import { Tracker } from '@bt/tracker-server'
import { describe, expect, test } from 'vitest'
import { DialBacks } from '../src/dial-backs.ts'
import { decodeReply, electionHook } from '../src/index.ts'
import {
  DIAL_AGAIN_MS,
  DIALS_FAILED_MAX,
  DIALS_MAX,
  DIALS_WAITING_MAX,
  ELECTION_MS,
  REACHED_MS,
  UNREACHED_MS,
} from '../src/limits.ts'

const HASH = 'cd'.repeat(20) as InfoHash

class TurnedClock implements Clock {
  timeMs = 0
  readonly #alarms: { at: number; run: () => void }[] = []
  now = (): number => this.timeMs
  wallSeconds = (): number => 1_700_000_000 + this.timeMs / 1000
  at(at: number, run: () => void): Alarm {
    this.#alarms.push({ at, run })
    return { cancel: () => expect.unreachable('nothing is cancelled here') }
  }

  pass(ms: number): void {
    this.timeMs += ms
    for (const alarm of this.#alarms.splice(0)) {
      if (alarm.at <= this.timeMs) alarm.run()
      else this.#alarms.push(alarm)
    }
  }
}

/** Dials that wait for their answers. */
class Dialled {
  readonly open: { who: string; done: (isThere: boolean) => void }[] = []
  dial = (endpoint: Endpoint, _: InfoHash, done: (isThere: boolean) => void): void =>
    void this.open.push({ who: endpointText(endpoint), done })

  answer(isThere: (who: string) => boolean): void {
    for (const { who, done } of this.open.splice(0)) done(isThere(who))
  }
}

const at = (host: string): Endpoint => ({ host, port: 6881 })

describe('a candidate is dialled back', () => {
  function checks() {
    const clock = new TurnedClock()
    const dialled = new Dialled()
    const failed: string[] = []
    const backs = new DialBacks(dialled.dial, clock)
    const check = (host: string): void => backs.check(at(host), HASH, () => failed.push(host))
    return { clock, dialled, failed, backs, check }
  }
  /** Somebody was reached: the tracker's own line works. */
  function working() {
    const all = checks()
    all.check('20.0.0.1')
    all.dialled.answer(() => true)
    return all
  }

  test('once, and again after an hour', () => {
    const { clock, dialled, check } = working()
    check('20.0.0.1')
    clock.pass(REACHED_MS - 1)
    check('20.0.0.1')
    expect(dialled.open).toHaveLength(0)
    clock.pass(1)
    check('20.0.0.1')
    check('20.0.0.1')
    expect(dialled.open).toHaveLength(1)
  })

  test('twice before it counts as not there, and again when that was long ago', () => {
    const { clock, dialled, failed, check } = working()
    check('20.0.0.2')
    dialled.answer(() => false)
    expect(failed).toEqual([])
    clock.pass(DIAL_AGAIN_MS)
    dialled.answer(() => false)
    expect(failed).toEqual(['20.0.0.2'])
    check('20.0.0.2')
    expect(dialled.open).toHaveLength(0)
    clock.pass(UNREACHED_MS)
    check('20.0.0.2')
    expect(dialled.open).toHaveLength(1)
  })

  test('and is there the second time', () => {
    const { clock, dialled, failed, check, backs } = working()
    check('20.0.0.2')
    dialled.answer(() => false)
    clock.pass(DIAL_AGAIN_MS)
    dialled.answer(() => true)
    expect(failed).toEqual([])
    expect(backs.counts).toEqual({ reached: 2, unreached: 0 })
  })

  test('nobody is blamed while nobody was reached, nor after many failures in a row', () => {
    const never = checks()
    never.check('20.0.0.2')
    never.dialled.answer(() => false)
    never.clock.pass(DIAL_AGAIN_MS)
    never.dialled.answer(() => false)
    expect(never.failed).toEqual([])
    const broke = working()
    for (let peer = 0; peer < DIALS_FAILED_MAX + 20; peer++) broke.check(`20.1.0.${peer}`)
    while (broke.dialled.open.length > 0) {
      broke.dialled.answer(() => false)
      broke.clock.pass(DIAL_AGAIN_MS)
    }
    expect(broke.failed).toHaveLength(DIALS_FAILED_MAX)
  })

  test('few at a time, and so many wait', () => {
    const { dialled, check } = working()
    for (let peer = 0; peer < DIALS_MAX + DIALS_WAITING_MAX + 5; peer++)
      check(`20.${peer >> 16}.${(peer >> 8) & 255}.${peer & 255}`)
    let all = 0
    for (let turn = 0; dialled.open.length > 0; turn++) {
      expect(dialled.open.length).toBeLessThanOrEqual(DIALS_MAX)
      all += dialled.open.length
      dialled.answer(() => true)
    }
    // The first one of them was known already.
    expect(all).toBe(DIALS_MAX + DIALS_WAITING_MAX)
  })
})

describe('elections with dial-back', () => {
  const idOf = (peer: number): PeerId => peer.toString(16).padStart(40, '0') as PeerId

  function office() {
    const clock = new TurnedClock()
    const dialled = new Dialled()
    const random = new Prng(5)
    const hook = electionHook({ siteOf: () => 'basel', clock, random, dialBack: dialled.dial })
    const tracker = new Tracker({ hooks: [hook] }, { clock, random })
    const ask = (peer: number, extra = new Map([['ct', '1']])) => {
      const request: AnnounceRequest = {
        infoHash: HASH,
        peerId: idOf(peer),
        port: 6881,
        uploadedBytes: 0,
        downloadedBytes: 0,
        leftBytes: 1,
        extra,
      }
      const reply = tracker.announce(request, at(`20.1.0.${peer}`)).extra?.get('ct')
      return reply === undefined ? undefined : decodeReply(reply)
    }
    const answer = (isThere: (who: string) => boolean): void => {
      dialled.answer(isThere)
      clock.pass(DIAL_AGAIN_MS)
      dialled.answer(isThere)
    }
    return { clock, dialled, hook, ask, answer }
  }

  test('who cannot be reached stops leading, downloads on, and may lead when it is there again', () => {
    const { clock, dialled, hook, ask, answer } = office()
    for (const peer of [1, 2]) expect(ask(peer)?.isLeader).toBe(true)
    const before = ask(3)
    expect(dialled.open.map(({ who }) => who)).toEqual([
      '20.1.0.1:6881',
      '20.1.0.2:6881',
      '20.1.0.3:6881',
    ])
    answer((who) => who !== '20.1.0.1:6881')
    clock.pass(ELECTION_MS)
    const after = ask(3)
    expect(after?.leaders.map(({ peerId }) => peerId)).toEqual([idOf(2), idOf(3)])
    expect(after?.term).toBeGreaterThan(before?.term ?? 0)
    expect(ask(1)).toMatchObject({ isLeader: false, site: after?.site })
    expect(hook.counts.dialled).toEqual({ reached: 2, unreached: 1 })
    clock.pass(UNREACHED_MS)
    ask(
      1,
      new Map([
        ['ct', '1'],
        ['ct_up', '9000'],
      ]),
    )
    clock.pass(ELECTION_MS)
    expect(
      ask(
        1,
        new Map([
          ['ct', '1'],
          ['ct_up', '9000'],
        ]),
      )?.isLeader,
    ).toBe(true)
  })

  test('stock clients and who does not want to lead are not dialled', () => {
    const { dialled, ask } = office()
    ask(1, new Map())
    ask(
      2,
      new Map([
        ['ct', '1'],
        ['ct_lead', '0'],
      ]),
    )
    expect(dialled.open).toHaveLength(0)
  })
})
