// How members lie in a block: column after column, so that what one announce touches lies close together.
//
// Half-words: endpoints, the order that samples shuffle, when each was seen, the index of endpoints. Then bytes: flags,
// and where a tracker keeps them, peer ids and groups.

import type { Stride } from './peer-key.ts'

/** Slots of one part of a swarm; above it a part is split in two. Slots and cells fit a half-word, with room. */
export const PART_SLOTS_MAX = 16_384
const CAPACITY_STEP = 4
export const FIRST_CAPACITY = CAPACITY_STEP
/** Slots up to which endpoints are looked for one by one. */
const UNINDEXED_MAX = 8
export const ID_LENGTH = 20
const GROUP_LENGTH = 4

export interface Keeping {
  readonly peerIds: boolean
  readonly groups: boolean
}

/** Places of the columns in a block, `…Half` in half-words and the others in bytes, from the block's own start. */
export interface Layout {
  readonly stride: Stride
  readonly capacity: number
  readonly cells: number
  readonly orderHalf: number
  readonly seenHalf: number
  readonly cellsHalf: number
  readonly flags: number
  readonly peerIds: number
  readonly groups: number
  readonly length: number
}

/** The capacity after `capacity`: a quarter more, so that little lies idle. */
export function nextCapacity(capacity: number): number {
  const more = Math.max(CAPACITY_STEP, capacity >> 2)
  return Math.min(PART_SLOTS_MAX, Math.ceil((capacity + more) / CAPACITY_STEP) * CAPACITY_STEP)
}

/** The smallest capacity in the row of `nextCapacity` that holds `size`. */
export function capacityFor(size: number): number {
  let capacity = FIRST_CAPACITY
  while (capacity < size) capacity = nextCapacity(capacity)
  return capacity
}

export function layoutOf(capacity: number, stride: Stride, keeping: Keeping): Layout {
  const key = `${capacity}/${stride}/${keeping.peerIds}/${keeping.groups}`
  let layout = known.get(key)
  if (layout === undefined) {
    layout = newLayout(capacity, stride, keeping)
    known.set(key, layout)
  }
  return layout
}

/** Some fifty capacities, two strides: shared by all swarms. */
const known = new Map<string, Layout>()

function newLayout(capacity: number, stride: Stride, keeping: Keeping): Layout {
  // Two thirds full at most: runs stay short.
  const cells = capacity <= UNINDEXED_MAX ? 0 : capacity + (capacity >> 1) + 1
  const orderHalf = (capacity * stride) >> 1
  const seenHalf = orderHalf + capacity
  const cellsHalf = seenHalf + capacity
  const flags = 2 * (cellsHalf + cells)
  const peerIds = flags + capacity
  const groups = peerIds + (keeping.peerIds ? capacity * ID_LENGTH : 0)
  const length = groups + (keeping.groups ? capacity * GROUP_LENGTH : 0)
  return { stride, capacity, cells, orderHalf, seenHalf, cellsHalf, flags, peerIds, groups, length }
}
