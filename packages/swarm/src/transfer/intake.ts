// What the downloader keeps of one peer.

import type { SwarmLimits } from '../options.ts'
import type { Peer } from '../peers/peer.ts'
import type { Asker } from '../picking/asker.ts'
import { PIPELINE_LIMITS, Pipeline, type PipelineLimits } from '../picking/pipeline.ts'

export class Intake {
  /** The picker's own. */
  readonly asker: Asker<Peer>
  readonly pipeline: Pipeline
  readonly address: string | undefined
  /** It was silent for long. */
  doubted = false
  /** It could take more requests than there are for it. */
  isHungry = false
  /** It lets us ask for some pieces while it chokes us (BEP 6). */
  allows = false

  constructor(asker: Asker<Peer>, pipeline: Pipeline, address: string | undefined) {
    this.asker = asker
    this.pipeline = pipeline
    this.address = address
  }

  /** Reads what a have will need: see `ChannelReader.glance`. */
  glance(piece: number): number {
    const { asker } = this
    const { holding } = asker
    return asker.wanted + asker.barrenBefore + holding.count + (holding.has(piece) ? 1 : 0)
  }
}

export function newIntake(
  peer: Peer,
  asker: Asker<Peer>,
  blockLength: number,
  limits: SwarmLimits,
): Intake {
  const pipeline = new Pipeline(blockLength, peer.now, pipelineLimits(limits))
  pipeline.requestsMaxOfPeer(peer.session.requestsOpenMax)
  asker.service = pipeline.service
  if (!peer.session.peerChoking) pipeline.unchoked(peer.now)
  return new Intake(asker, pipeline, peer.address)
}

/** One for all peers of a torrent. */
const known = new WeakMap<SwarmLimits, PipelineLimits>()

function pipelineLimits(limits: SwarmLimits): PipelineLimits {
  let its = known.get(limits)
  if (its === undefined) {
    its = {
      ...PIPELINE_LIMITS,
      requestsMin: limits.requestsPerPeerMin,
      requestsAtStart: Math.max(PIPELINE_LIMITS.requestsAtStart, limits.requestsPerPeerMin),
      requestsMax: limits.requestsPerPeerMax,
      stallMs: limits.stallMs,
      snubMs: limits.snubMs,
    }
    known.set(limits, its)
  }
  return its
}

export function intakeOf(peer: Peer): Intake | undefined {
  return peer.intake as Intake | undefined
}
