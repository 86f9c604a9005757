// What a round of choking costs by how many peers are interested, as a leech (by rate and by chance) and as a seed (by turn).
import { measure } from 'mitata'
import { Prng } from '@bt/primitives'
import { type ChokeFacts, Choker } from '../../packages/swarm/src/choking/choker.ts'

const ROUND_MS = 10_000
/** Every third round draws other peers by chance. */
const ROTATE_EVERY = 3

export interface RoundCost {
  readonly peers: number
  readonly role: 'leech' | 'seed'
  /** Median and 99 of 100, in µs. */
  readonly medianUs: number
  readonly p99Us: number
}

export async function roundCost(peers: number, role: RoundCost['role']): Promise<RoundCost> {
  const random = new Prng(1)
  const choker = new Choker<number>(random)
  const facts = Array.from(
    { length: peers },
    (_, peer): { -readonly [K in keyof ChokeFacts<number>]: ChokeFacts<number>[K] } => ({
      peer,
      address: `192.0.2.${peer}`,
      connectedAt: peer,
      interested: true,
      snubbed: false,
      receivedPerSecond: random.below(1_000_000),
      sentBytes: 0,
      mayUpload: true,
    }),
  )
  let now = 0
  let round = 0
  const seeding = role === 'seed'
  const one = (): void => {
    now += ROUND_MS
    round++
    // What was given and what came since the last round: no two rounds are alike.
    for (const peer of facts)
      peer.receivedPerSecond = (peer.receivedPerSecond * 31 + round) % 1_000_003
    const { unchoked } = choker.round(facts, { now, seeding, rotate: round % ROTATE_EVERY === 0 })
    for (const peer of unchoked) (facts[peer] as (typeof facts)[number]).sentBytes += 1_000_000
  }
  const { p50, p99 } = await measure(one, { min_cpu_time: 200e6 })
  return { peers, role, medianUs: p50 / 1e3, p99Us: p99 / 1e3 }
}
