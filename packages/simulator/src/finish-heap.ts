// What finishes next: a binary heap whose members can be moved when their time changes.

export interface Finishing {
  /** Infinity: it does not finish as things are. */
  finishUs: number
  /** Tells apart what finishes at one time: the lower comes first. */
  readonly order: number
  /** The heap's: its index there; −1: it is not there. */
  heapIndex: number
}

export class FinishHeap<T extends Finishing> {
  readonly #members: T[] = []

  /** All in it, in no order that matters. */
  get members(): readonly T[] {
    return this.#members
  }

  /** When the next one finishes; Infinity: none does. */
  get lowestUs(): number {
    return this.#members[0]?.finishUs ?? Number.POSITIVE_INFINITY
  }

  /** Puts it where it belongs: it is new, or its `finishUs` has changed. O(log size). */
  place(member: T): void {
    if (member.heapIndex < 0) member.heapIndex = this.#members.push(member) - 1
    this.#sift(member, member.heapIndex)
  }

  remove(member: T): void {
    const at = member.heapIndex
    if (at < 0) return
    member.heapIndex = -1
    const last = this.#members.pop() as T
    if (last !== member) this.#sift(last, at)
  }

  /** Takes out what finishes first; first come, first among equals. */
  pop(): T | undefined {
    const top = this.#members[0]
    if (top !== undefined) this.remove(top)
    return top
  }

  #sift(member: T, from: number): void {
    const members = this.#members
    const size = members.length
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = members[above] as T
      if (!before(member, other)) break
      members[at] = other
      other.heapIndex = at
      at = above
    }
    for (;;) {
      let below = 2 * at + 1
      if (below >= size) break
      if (below + 1 < size && before(members[below + 1] as T, members[below] as T)) below++
      const other = members[below] as T
      if (!before(other, member)) break
      members[at] = other
      other.heapIndex = at
      at = below
    }
    members[at] = member
    member.heapIndex = at
  }
}

function before(one: Finishing, other: Finishing): boolean {
  return (
    one.finishUs < other.finishUs || (one.finishUs === other.finishUs && one.order < other.order)
  )
}
