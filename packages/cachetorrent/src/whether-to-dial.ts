// Whom a member dials: leaders first, without whom nothing is granted, then as many as the mesh needs and no more (rules 4
// and 5). Each further link to another site costs its link a packet for each piece that comes in.
//
// Peers tell of everybody, mostly of other sites. In a site too small to be dense, all that are told of would be dialled:
// by who joined first, while its own site was not there yet, and by all in the moment in which they have everything and part
// from one another as seeds.

import type { PeerOrigin } from '@bt/ports'
import type { Endpoint, InfoHash } from '@bt/primitives'
import type { PolicyHost } from '@bt/swarm'
import type { CacheReply, ReplyLeader } from './announce-reply.ts'
import { leadersToLink } from './leader-links.ts'
import { LOCAL_LINKS, OUTSIDE_PEERS } from './limits.ts'
import type { SiteMember } from './site-member.ts'

/** By what a member decides. */
export interface DialFacts {
  readonly infoHash: InfoHash
  readonly host: PolicyHost | undefined
  /** Not there before there is a geometry. */
  readonly member: SiteMember | undefined
  /** The tracker's last word. */
  readonly reply: CacheReply | undefined
}

/** 2: a leader that we are to be linked to; 1: one of many; 0: not now. `origin`: who told of it. */
export function whetherToDial(
  endpoint: Endpoint,
  origin: PeerOrigin,
  { infoHash, host, member, reply }: DialFacts,
): number {
  if (host === undefined) return 1
  const { leaders = [], deputies = [] } = reply ?? {}
  const isIt = ({ endpoint: its }: ReplyLeader): boolean =>
    its.port === endpoint.port && its.host === endpoint.host
  const isLeader = leaders.some(isIt)
  // most are neither, and whom we link to takes a hash for each leader of a large site
  if (isLeader || deputies.some(isIt)) {
    const { self, peersMax } = host
    const links =
      member?.leadership.toLink ?? leadersToLink(leaders, self.peerId, infoHash, peersMax)
    if (member?.leadership.waitsToLink(host.now()) === true) return 0
    if (links.some(isIt)) return 2
    if (isLeader) return 0
  }
  if (member?.mode !== 'cached') return 1
  const local = member.neighbours.in('local').size
  const isDense = local >= LOCAL_LINKS
  const isLinked = member.neighbours.in('outside').size >= OUTSIDE_PEERS
  if (isDense && isLinked) return 0
  if (origin !== 'pex') return 1
  const isComplete = host.have.count === host.have.length
  // a tracker that speaks this names our own site to us
  const isMeshed = reply !== undefined || 2 * local >= LOCAL_LINKS
  return isComplete || isDense || (isLinked && isMeshed) ? 0 : 1
}
