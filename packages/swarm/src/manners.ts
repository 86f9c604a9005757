// What our engine does beside the bare protocol, as switches: other engines, and models of old ones, leave some of it off.
//
// Numbers of the same kind (a fixed pipeline, patience, the times of choking) are limits: see `SwarmLimits`.

import type { KnownPeersOptions } from './peers/known-peers.ts'
import type { PickerLimits } from './picking/picker-limits.ts'

export interface Manners {
  /** Blocks that are late are asked of further peers; false: a block is asked of one peer at a time, always. */
  readonly endgame: boolean
  /** The first pieces are drawn at random; false: rarest first from the beginning. */
  readonly randomFirst: boolean
  /** Requests that lost their purpose are cancelled; false: they stay open, and what still comes is waste. */
  readonly cancels: boolean
  /** A new connection hears of our pieces in one bitfield; false: in a have for each. */
  readonly bitfield: boolean
  /** A peer hears of a piece that it has, or may not ask us for now, with other words to it; false: at once. */
  readonly patientHaves: boolean
  /** Who is choked may ask for a few pieces (BEP 6, where both speak it). */
  readonly allowedFast: boolean
  /** Endpoints are dialled again, and so are peers that came to us; false: each that was named once, and no others. */
  readonly redials: boolean
  /** Connections that are of no use give way to others. */
  readonly evicts: boolean
}

export const MANNERS: Manners = {
  endgame: true,
  randomFirst: true,
  cancels: true,
  bitfield: true,
  patientHaves: true,
  allowedFast: true,
  redials: true,
  evicts: true,
}

/** As the options of a torrent have them. */
export function mannersOf({ manners }: { readonly manners?: Partial<Manners> }): Manners {
  return { ...MANNERS, ...manners }
}

export function pickerLimitsOf({ endgame, randomFirst }: Manners): Partial<PickerLimits> {
  return {
    ...(endgame ? {} : { endgameAskersMax: 1 }),
    ...(randomFirst ? {} : { randomFirstPieces: 0 }),
  }
}

export function knownPeersOptionsOf(
  { redials }: Manners,
  addresses: KnownPeersOptions,
): KnownPeersOptions {
  return redials ? addresses : { ...addresses, dialsPerPeerMax: 1 }
}
