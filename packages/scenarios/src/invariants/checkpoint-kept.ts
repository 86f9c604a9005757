// After a crash: what the last checkpoint said to be safe is had again (I9). That what is had verifies is another rule's.
//
// Asked some time after the return: opening a torrent reads the disk.

import type { Member } from '../member.ts'
import type { Invariant } from '../run-view.ts'

/** Milliseconds after which a torrent that was opened again has read its disk. */
export const OPENED_MS = 60_000

export const checkpointKept: Invariant = {
  name: 'checkpoint-kept',
  begin: () => {
    /** Pieces that were safe when a member last said so; a member with several torrents is not asked. */
    const safe = new Map<Member, number>()
    const returned: {
      readonly member: Member
      readonly session: unknown
      readonly atMs: number
      readonly safe: number
    }[] = []
    return {
      started: (member, { swarm }) => {
        const before = safe.get(member)
        const { session } = member
        if (before !== undefined) {
          const atMs = member.host.ports.clock.now()
          returned.push({ member, session, atMs, safe: before })
        }
        swarm.on('checkpoint', ({ durableCount }) => {
          if (member.session === session) safe.set(member, durableCount)
        })
      },
      tick: ({ nowMs }) => {
        while (returned[0] !== undefined && nowMs - returned[0].atMs >= OPENED_MS) {
          const { member, session, safe: least } = returned.shift() as (typeof returned)[number]
          if (member.session !== session || member.present.length !== 1) continue
          const { number } = member.plan
          if (member.haveCount < least) {
            return `peer ${number} came back with ${member.haveCount} pieces, ${least} were safe`
          }
        }
        return undefined
      },
    }
  },
}
