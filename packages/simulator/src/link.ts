// One way of a link (an uplink or downlink of a host, the way into or out of a site), and what flows have of it.

export class Link {
  /** Capacity. Infinity: it limits nobody. 0: it is down. */
  bytesPerSecond: number
  /** When it has served what it has, in µs: of serial rates, and of datagrams. */
  freeUs = 0
  /** The flows that use it, in no order that matters. Only while the capacity is finite. */
  readonly shares: Share[] = []
  /** What no flow may exceed here, in bytes per second. Infinity: there is room for all. See max-min.ts. */
  level = Number.POSITIVE_INFINITY
  /** Sum of the rates of its flows. */
  load = 0
  /** When full: what is left for the flows that are as fast as `level`. */
  shared = 0
  /** By how much rates have changed since `level` was computed. */
  drift = 0
  /** It waits for its level to be computed anew. */
  stale = false

  constructor(bytesPerSecond: number) {
    this.bytesPerSecond = bytesPerSecond
  }

  get limited(): boolean {
    return this.bytesPerSecond !== Number.POSITIVE_INFINITY
  }
}

/** One flow: the links it needs, and how much of each it gets. */
export class Share {
  /** The limited links on its way, at most four, and its index in the `shares` of each. */
  links: readonly Link[]
  readonly places: number[] = []
  /** Bytes per second. */
  rate = 0
  /** The rate may have changed: it is on the list of those to look at. */
  touched = false

  constructor(links: readonly Link[]) {
    this.links = links
  }
}
