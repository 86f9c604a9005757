// What must hold at any moment of a simulated swarm, whatever happens to it (I1 … I14 of the reliability notes).
import { WireError } from '@bt/wire'
import { expect } from 'vitest'
import type { Node, World } from './world.ts'

/** Checks every live node; `where` goes into the message. `honest`: addresses that must never be banned. */
export function checkInvariants(
  world: World,
  nodes: readonly Node[],
  honest: ReadonlySet<string>,
  where: string,
): void {
  for (const [at, node] of nodes.entries()) {
    const name = `${where}, node ${at}`
    if (!node.host.alive) continue
    const { stats } = node.swarm
    // I4: every received byte is verified, wasted, or in a piece that is not judged yet
    expect(stats.pendingBytes, `${name}: pending bytes (I4)`).toBeGreaterThanOrEqual(0)
    // I5: memory and connections stay below their caps
    expect(node.session.connections, `${name}: connections (I5)`).toBeLessThanOrEqual(500)
    for (const { event, facts } of node.log) {
      if (event !== 'peer') continue
      const { change, endpoint, reason } = facts as {
        change: string
        endpoint: { host: string }
        reason?: Error
      }
      if (!honest.has(endpoint.host)) continue
      // I8: honest peers are never banned; I6: they never hear us break the protocol
      expect(change, `${name}: ${endpoint.host} (I8)`).not.toBe('banned')
      expect(
        reason instanceof WireError && reason.code !== 'TIMED_OUT' ? reason : undefined,
        `${name}: ${endpoint.host} (I6)`,
      ).toBeUndefined()
    }
  }
}

/** I1: whatever a node says it has, its disk has, to the byte. */
export function checkContent(world: World, nodes: readonly Node[], where: string): void {
  const { metainfo, files } = world.content
  const { geometry } = metainfo
  for (const [at, { host, swarm }] of nodes.entries()) {
    if (!host.alive || swarm.have.length === 0) continue
    const there = files.map(({ path }) => host.disk.contents(path))
    for (let index = 0; index < geometry.pieceCount; index++) {
      if (!swarm.have.has(index)) continue
      for (const span of geometry.fileSpans(geometry.piece(index))) {
        if (span.pad) continue
        const right = files[span.file]?.data.subarray(span.offset, span.offset + span.length)
        const found = there[span.file]?.subarray(span.offset, span.offset + span.length)
        const same = found !== undefined && Buffer.compare(right as Uint8Array, found) === 0
        expect(same, `${where}, node ${at}: piece ${index} is had and on the disk (I1)`).toBe(true)
      }
    }
  }
}
