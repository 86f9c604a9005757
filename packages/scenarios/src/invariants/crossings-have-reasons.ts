// A piece enters a site a second time only with a recorded reason, and every byte that crossed stands in a ledger (§2.5).
//
// Only members whose scheme counts are asked. The dead took their books with them, and stock clients keep none: where
// such a member could have been the other importer, nothing can be said. A member that spoils what it sends is banned by
// its own site, and imports for itself alone. Nor where members were of several terms while a claim was open: who was out
// of reach of the tracker was never met, and what it had could not be known.

import type { Member } from '../member.ts'
import type { Invariant, RunView } from '../run-view.ts'

/** With 'claim' alone a piece enters once. */
const FIRST_COPY = 'claim'
/** Share of a piece that may enter again without a word: what was under way when a claim moved on. */
const SLACK = 1

export const crossingsHaveReasons: Invariant = {
  name: 'crossings-have-reasons',
  begin: () => {
    /** Of each site, pieces that were claimed, or came, while its members did not agree on the term. */
    const apart = new Map<number, Set<number>>()
    /** Of each site, what had come of each piece when it was looked at last: a claim may begin and end between two looks. */
    const came = new Map<number, Float64Array>()
    return {
      tick: ({ world, scenario }) => {
        for (const { number } of world.layout.sites) {
          const members = world.members.filter(({ plan }) => plan.site === number)
          const before = came.get(number) ?? new Float64Array(scenario.pieces)
          const now = before.map((_, piece) => world.truth.enteredBytes(number, piece))
          came.set(number, now)
          if (!sawSeveralTerms(members)) continue
          const pieces = apart.get(number) ?? new Set()
          apart.set(number, pieces)
          for (const piece of claimed(members)) pieces.add(piece)
          for (const [piece, bytes] of now.entries())
            if (bytes > (before[piece] as number)) pieces.add(piece)
        }
        return undefined
      },
      end: (view) => look(view, apart),
    }
  },
}

function* claimed(members: readonly Member[]): Iterable<number> {
  for (const { present } of members) {
    for (const { scheme, part } of present) {
      for (const { piece } of scheme.claims?.() ?? []) yield part.firstPiece + piece
    }
  }
}

function look(
  { world, scenario }: RunView,
  apart: ReadonlyMap<number, ReadonlySet<number>>,
): string | undefined {
  for (const { number } of world.layout.sites) {
    const members = world.members.filter(({ plan }) => plan.site === number)
    if (!members.every(keepsBooks) || sawSeveralTerms(members)) continue
    for (let piece = 0; piece < scenario.pieces; piece++) {
      const times = world.truth.enteredBytes(number, piece) / scenario.pieceLength
      if (times <= SLACK || hasReason(members, piece) || apart.get(number)?.has(piece) === true)
        continue
      return `piece ${piece} entered site ${number} ${times.toFixed(2)} times without a reason`
    }
  }
  return undefined
}

function keepsBooks({ shares, present }: Member): boolean {
  return (
    shares.length === present.length && shares.every(({ scheme }) => scheme.reasonsOf !== undefined)
  )
}

/** Members disagreed on their leaders: a split view is a reason, until the views meet. */
function sawSeveralTerms(members: readonly Member[]): boolean {
  const terms = new Set(
    members.flatMap(({ shares }) => shares.map(({ scheme }) => scheme.term?.())),
  )
  return terms.size > 1
}

function hasReason(members: readonly Member[], piece: number): boolean {
  for (const { shares, plan } of members) {
    for (const { scheme, part } of shares) {
      const reasons = scheme.reasonsOf?.(piece - part.firstPiece) ?? new Set<string>()
      if (plan.actor?.kind === 'corrupt' && reasons.size > 0) return true
      for (const reason of reasons) if (reason !== FIRST_COPY) return true
    }
  }
  return false
}
