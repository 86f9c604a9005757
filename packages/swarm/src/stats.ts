// What a swarm counts. Payload only, unless it says otherwise; bytes are verified, waste, or not yet known.

/** What is counted anyway, so that asking costs nothing. */
export interface SwarmCounts {
  /** Payload received, whatever became of it. */
  readonly downloadedBytes: number
  readonly uploadedBytes: number
  /** Received in vain: corrupt, duplicate, never asked for. */
  readonly wastedBytes: number
  /** Received, hashed and right. downloaded = verified + wasted + pending. */
  readonly verifiedBytes: number
  /** Received, in pieces that are not whole or not hashed yet. */
  readonly pendingBytes: number
  readonly peersConnected: number
}

/** A picture of one moment; rates are over the last 20 s. Cost: a step for each peer and piece. */
export interface SwarmStats extends SwarmCounts {
  readonly downloadBytesPerSecond: number
  readonly uploadBytesPerSecond: number
  /** Of those, the ones that have everything. */
  readonly seedsConnected: number
  /** Endpoints we know and are not connected to. */
  readonly peersKnown: number
  /** Wanted bytes that are not here; undefined: not known yet (magnet). */
  readonly leftBytes: number | undefined
  /** Pieces in memory, in bytes. */
  readonly bufferedBytes: number
}

/** The counters behind the picture; each is changed by the component that knows. */
export class Counters {
  downloadedBytes = 0
  uploadedBytes = 0
  wastedBytes = 0
  verifiedBytes = 0
  /** Bytes by the reason that the policy's scope gave; 'swarm' without a policy. */
  readonly byReason = new Map<string, number>()

  /** Received and not yet judged. */
  get pendingBytes(): number {
    return this.downloadedBytes - this.wastedBytes - this.verifiedBytes
  }

  count(reason: string, bytes: number): void {
    this.byReason.set(reason, (this.byReason.get(reason) ?? 0) + bytes)
  }
}
