// How members lie in a block of half-words: endpoints one after another, as answers carry them; then what else is known
// of each, together (when it was seen, flags and, where a tracker keeps them, peer id and group); then the index of endpoints.
//
// So an answer is a copy of neighbours, and an announce touches three places: the index, the endpoint and the rest.

import type { Stride } from './peer-key.ts'

/** Slots of one part of a swarm; above it a part is split in two. Slots and cells fit a half-word, with room. */
export const PART_SLOTS_MAX = 16_384
const CAPACITY_STEP = 4
export const FIRST_CAPACITY = CAPACITY_STEP
/** Slots up to which endpoints are looked for one by one. */
const UNINDEXED_MAX = 8
export const ID_LENGTH = 20
/** Half-words of what is known of a member beside its endpoint: where each lies in it, and lengths. */
export const SEEN_AT = 0
export const FLAGS_AT = 1
export const ID_AT = 2
export const ID_HALVES = ID_LENGTH / 2
const GROUP_HALVES = 2

export interface Keeping {
  readonly peerIds: boolean
  readonly groups: boolean
}

/** Places in a block in half-words, from the block's own start; `length` in bytes. */
export interface Layout {
  readonly stride: Stride
  readonly capacity: number
  readonly cells: number
  readonly restHalf: number
  /** Half-words of the rest of each member. */
  readonly restLength: number
  /** Where the group lies in the rest. */
  readonly groupAt: number
  readonly cellsHalf: number
  readonly length: number
}

/** The capacity after `capacity`: a quarter more, so that little lies idle. */
export function nextCapacity(capacity: number): number {
  const more = Math.max(CAPACITY_STEP, capacity >> 2)
  return Math.min(PART_SLOTS_MAX, Math.ceil((capacity + more) / CAPACITY_STEP) * CAPACITY_STEP)
}

/** The smallest capacity in the row of `nextCapacity` that holds `size`; its end where none does. */
export function capacityFor(size: number): number {
  let capacity = FIRST_CAPACITY
  while (capacity < size && capacity < PART_SLOTS_MAX) capacity = nextCapacity(capacity)
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
  const restHalf = (capacity * stride) >> 1
  const groupAt = ID_AT + (keeping.peerIds ? ID_HALVES : 0)
  const restLength = groupAt + (keeping.groups ? GROUP_HALVES : 0)
  const cellsHalf = restHalf + capacity * restLength
  const length = 2 * (cellsHalf + cells)
  return { stride, capacity, cells, restHalf, restLength, groupAt, cellsHalf, length }
}
