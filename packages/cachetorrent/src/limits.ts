// How much, how long and how often, each figure with its reason. Durations in milliseconds unless the name says seconds.

/** Bytes of a site's name in UTF-8: a label, not a text. */
export const SITE_NAME_LENGTH_MAX = 64
/** Bytes of a site token: 2^64 tokens cannot be guessed within a swarm's life. */
export const SITE_TOKEN_LENGTH = 8
/** Lines of a site map that are read: the whole IPv4 table has about a million prefixes. */
export const SITE_MAP_LINES_MAX = 2_000_000
/** Leaders named in one reply: five are elected, others' trackers may name more. */
export const LEADERS_IN_REPLY_MAX = 16
/** Leaders of a site at least, where it has so many members: one decides, one stands by. */
export const LEADERS_MIN = 2
/** Leaders of a site at most: every member keeps a link to each of them. */
export const LEADERS_MAX = 5
/** Members named to lead when all leaders are gone: as many as lead most sites, for they may have to. */
export const DEPUTIES_MAX = 5
/** Percent of a site's members that lead it, between those two. */
export const LEADERS_PERCENT = 10
/** Members of a site that may import at least, where only a share of them may: one of two may die. */
export const IMPORTERS_MIN = 2
/** Members from which on a site is large: a leader cannot keep a link to each of them and to others. */
export const LARGE_SITE = 80
/** Members of a large site for each of its leaders: with two of these links a member, forty links a leader. */
export const MEMBERS_PER_LEADER = 20
/** Leaders of a large site that a member links to: one to ask, and another should it die. */
export const LEADER_LINKS = 2
/** Links of a member for each that goes to a leader: the rest is for pieces. One goes in any case. */
export const LINKS_PER_LEADER = 8
/** Milliseconds after a new term in which leaders that not all members link to are left to one another: their links come first. */
export const LEADERS_FIRST_MS = 400
/** Milliseconds after which a member that no leader let in tries the next: some round trips, and a full queue. */
export const LINK_TRY_MS = 2_000
/** Links to other sites that a leader keeps whose links are all taken: the others make room for leaders and members. */
export const LEADER_OUTSIDE_KEPT = 1
/** Milliseconds without a byte from anybody after which a member that sees no leader goes by its neighbours' word no longer. */
export const CUT_OFF_QUIET_MS = 10_000
/** Weight of a leader at most: sixteen draws a piece. */
export const WEIGHT_MAX = 16
/** A challenger replaces a sitting leader only when so many times better, in tenths: changes cost imports in doubt. */
export const STICKY_TENTHS = 12
/** Milliseconds between two elections of one site while it has its leaders: storms of joins must not be storms of terms. */
export const ELECTION_MS = 10_000
/** Milliseconds for which a leader that vanished without goodbye is no candidate: a flapping link is a bad arbiter. */
export const FLAP_MS = 300_000
/** Milliseconds between two announces from which on it is looked at what was served: less than the first interval. */
export const PROMISE_MS = 50_000
/** Members of a site beside the one that is looked at: with fewer, nobody knows what is usual. */
export const PROMISE_OTHERS_MIN = 4
/** Of those who announced last, so many are compared with: enough for a middle, and no work for a site of thousands. */
export const PROMISE_OTHERS_MAX = 32
/** Of what is promised, what the middle one must serve: below it nobody asks for much. */
export const PROMISE_SHARE_MIN = 0.05
/** Of what the middle one serves of its promise: below it a promise is broken. Demand alone makes no such differences. */
export const PROMISE_BROKEN_SHARE = 0.1
/** Milliseconds for which who broke its promise twice does not lead. */
export const PROMISE_BROKEN_MS = 600_000
/** Milliseconds for which trackers of the same swarms may go by different site maps before it is said: all read it again by then. */
export const MAPS_DIFFER_MS = 60_000
/** Members that may not lead for a while, remembered per tracker. */
export const BARRED_MAX = 10_000
/** Candidates that a tracker dials at a time, to see whether they can be reached: descriptors it keeps for that. */
export const DIALS_MAX = 64
/** Candidates that wait to be dialled; further ones are at their next announce. */
export const DIALS_WAITING_MAX = 10_000
/** Endpoints of which a tracker knows whether they were reached: some 100 bytes each. */
export const DIALS_KNOWN_MAX = 100_000
/** Milliseconds until a candidate that was not there is dialled once more: it may have been starting. */
export const DIAL_AGAIN_MS = 5_000
/** Milliseconds for which a candidate that was reached is not dialled again. */
export const REACHED_MS = 3_600_000
/** Milliseconds for which a candidate that was not reached twice does not lead. */
export const UNREACHED_MS = 600_000
/** Candidates in a row that were not reached, beyond which the fault is ours. */
export const DIALS_FAILED_MAX = 100
/** Members of its own site that a member is named: a mesh in which every piece finds its way in a few steps. */
export const LOCAL_HANDED = 12
/** Members of other sites that the only one of its site is named; as many come by themselves. 120 sites of one: no slower than with 20. */
export const ALONE_HANDED = 8
/** Links to members of its site from which on a member dials no more of them. */
export const LOCAL_LINKS = 12
/** Seeds that one member is named. */
export const SEEDS_NAMED_MAX = 4
/** Links of a seed that are shared out among all sites; the rest is for those who find it by themselves. */
export const LINKS_OF_SEED = 72
/** Members of other sites named in one reply: each link to another site costs it a packet for many a have. */
export const OUTSIDE_PEERS = 2

/** Pieces claimed by one member at a time: what a withholding member can block. More of small pieces (`claimsMax`). */
export const CLAIMS_PER_MEMBER_MAX = 4
/** Bytes of small pieces claimed at a time: a round trip's worth on a fast link; and pieces, however small they are. */
export const CLAIMED_BYTES = 1 << 20
export const CLAIMED_PIECES_MAX = 16
/** Pieces in one claim message. */
export const CLAIM_PIECES_MAX = 16
/** Claims that a new leader leaves open at a time; then as many as come in good time, at least and at most. */
export const GRANTS_AT_FIRST = 4
export const GRANTS_MIN = 2
export const GRANTS_MAX = 128
/** Milliseconds in which a claim is to bring its piece, whatever its length: of those of a site without a slow link 99 of 100 do. */
const GOOD_TIME_MS = 15_000
/** Bytes per second of a long piece that is in good time. */
const GOOD_BYTES_PER_SECOND = 65_536
/** Milliseconds after the last sign of life of a claim until it is free: a choke round of a stock seed, and more. */
export const CLAIM_LAPSE_MS = 30_000
/** Milliseconds between two renewals of a claim whose bytes arrive: three in a lapse. */
export const CLAIM_RENEW_MS = 8_000
/** Milliseconds without a byte after which a member gives a claim back by itself. */
export const CLAIM_IDLE_MS = 20_000
/** Milliseconds for which a piece is not granted again to who failed to bring it: others had the time to ask. */
export const CLAIM_FAILED_MS = 10_000
/** Milliseconds more while who was asked shows life: its queue may be long. */
export const CLAIM_QUEUED_MS = 40_000
/** Members for which one leader asks others: as many as are linked to it in the largest site (`MEMBERS_PER_LEADER`, twice). */
export const PASSED_ON_MEMBERS = 40
/** Members for which one that is no leader asks, itself among them, where leaders have no room: of three one is linked to a leader. */
export const GO_BETWEEN_MEMBERS = 4
/** Neighbours through which a question goes until it comes to a leader, at most: with one, one member of seven knew nobody to ask. */
export const STEPS_MAX = 2
/** Milliseconds for which members ask for a piece in vain that once was here, until a leader that does not see all of them lets it in again: pieces spread faster. */
export const GONE_MS = 30_000
/** Milliseconds that a leader waits for another one's word on what it passed on: less than members wait for its own (`ANSWER_LATE_MS`). */
export const PASSED_ON_MS = 8_000
/** Bytes per second of an outside line that is still waited for. */
export const SLOWEST_BYTES_PER_SECOND = 8_192
/** Milliseconds until a piece that another member holds, as a lease said, is asked about again. */
export const TAKEN_RETRY_MS = 4_000
/** Milliseconds until a piece that was refused is: another member may hold it, or the leader had no room for more claims. */
export const REFUSED_RETRY_MS = 1_000
/** Milliseconds until a piece that a member of the site has, and we do not see, is asked about again. */
export const HAVE_RETRY_MS = 8_000
/** Milliseconds until a claim without an answer is asked again. */
export const ANSWER_MS = 5_000

/** The same for an arbiter that shows life. */
export const ANSWER_LATE_MS = 15_000

/** Share of the pieces that is left when blocks may be asked of two neighbours at once. */
export const END_SHARE = 0.01
/** Milliseconds for which an outside peer that has nothing new is told that we are interested: two pieces are seldom further apart. */
export const INTEREST_MS = 20_000

/** Milliseconds between two signs of life of a leader. */
export const LEASE_MS = 2_000
/** Milliseconds without a sign after which a leader's standby arbitrates. */
export const LEASE_LOST_MS = 5_000
/** Milliseconds without a sign of life after which a neighbour is asked for one. */
export const QUIET_MS = 3_000
/** Milliseconds between two such questions. */
export const ASK_SIGN_MS = 2_000
/** Milliseconds between two signs of life for one that asks: more often is no question but a flood. */
export const SIGN_MS = 1_000
/** Milliseconds without a sign, the last 4.5 s of them asked for one, after which a neighbour counts as dead: a slow uplink's queue, and some. */
export const SILENT_MS = 7_500
/** Milliseconds for which a peer that shows pieces and sends none is not counted on; twice as long each time, up to ten minutes. */
export const HELD_UP_MS = 60_000
export const HELD_UP_MS_MAX = 600_000
/** Milliseconds for which a neighbour that says to be busy is asked for nothing, at most: as long as one that holds us up. */
export const BUSY_MS_MAX = 60_000
/** Milliseconds without a byte from anybody after which a member imports without a grant: longer than any rule takes. */
export const PATIENCE_MS = 25_000
/** Twice as long while leaders name members that import: over a slow link pieces are far apart. */
export const PATIENT_TIMES = 2
/** Milliseconds for which a member may show more than we have, send nothing, and be believed: turns in a site of ten take half of it. */
export const BOAST_MS = 60_000
/** Milliseconds without a byte from anybody after which such a member may be doubted: many times what a piece takes. */
export const BOAST_QUIET_MS = 10_000
/** Milliseconds for which a new arbiter grants nothing: renewals of standing claims come first. */
export const TAKEOVER_MS = 2_000
/** Claims told in one lease. */
export const LEASE_CLAIMS_MAX = 64
/** Milliseconds for which a claim heard of in another's lease counts as open: two leases and a half. */
export const HEARD_CLAIM_MS = 5_000

/** Milliseconds for which a claim that goes on being heard of counts: longer than any piece takes, and a leader that lies ends. */
export const HEARD_CLAIM_MS_MAX = 60_000
/** Milliseconds for which a member's word counts that it has a piece: its have is here by then, or it died. */
export const DONE_MS = 10_000
/** Milliseconds that a grant waits for the word of other leaders while they do not see the same leaders: two round trips in a site. */
export const CONFIRM_MS = 300

/** Milliseconds between two looks at whether what only we have is handed out, while we leave: a few pieces of a fast line. */
export const LEAVE_LOOK_MS = 100
/** Milliseconds until what a member that left had or claimed is asked about again: whoever decides has to hear of it first. */
export const DEPARTED_MS = 300

/** Milliseconds from the start for which nothing is asked of other sites while no tracker answered. */
export const START_MS = 2_000
/** Milliseconds without another member after which a site's only leader goes on as plain BitTorrent: others may be on their way. */
export const ALONE_MS = 2_000
/** Milliseconds after which a peer that said nothing of sites is a stock client. */
export const INTRODUCTION_MS = 2_000
/** Milliseconds between two looks at everything that has a deadline. */
export const TICK_MS = 500

/** Members of the site unchoked at a time. */
export const LOCAL_SLOTS = 8
/** Milliseconds that a local slot is kept before the one that waited longest gets it. */
export const SLOT_MS = 20_000
/** Of these, slots for those who give most, where members do not trust one another. */
export const EARNED_SLOTS = 3
/** Milliseconds over which giving counts: as the choker of plain BitTorrent. */
export const EARNED_WINDOW_MS = 20_000
/** Outside askers unchoked at a time; they are served piece by piece, first come. */
export const EXPORT_SLOTS = 16

/** Slots of either kind at least, however slow the uplink. */
export const SLOTS_MIN = 2
/** Bytes that each unchoked peer may have before it in our channel to it: two blocks. */
const AHEAD_BYTES = 32_768
/** Seconds that a word of ours may wait behind blocks: with more, others take us for dead. */
const AHEAD_SECONDS = 3

/** Peers served at a time, at least: while one's last bytes leave, the next one's first go. */
export const TURNS_MIN = 2
/** And at most, however slow they are: a block of each waits in memory. */
export const TURNS_MAX = 16
/** Milliseconds without a byte sent to it after which a peer does not count as being served. */
export const TURN_STUCK_MS = 10_000

/** A site that needs so many times T* to spread one copy may import more: less is lost in the noise of any swarm. */
export const SPILL_LATENESS = 1.15
/** Pieces that a member lacks and neighbours have, until which it does not lag: so many are on their way at any time. */
export const SPILL_LAG_PIECES = 8
/** And their share of what is in the site, while it still imports: members of a site that keeps up are closer than that. */
export const SPILL_LAG_SHARE = 0.05
/** Pieces looked at for the one with the fewest copies in the site. */
export const SPILL_LOOKS = 4
/** Of a declared capacity, steps of two above the middle one that are believed: no honest mean hangs on one member. */
export const PACE_CAP_STEPS = 2
/** Outside neighbours that say what they can, from which on their mean stands for the swarm. */
export const PACE_PEERS_MIN = 4
/** Milliseconds between two looks at what neighbours declare. */
export const PACE_LOOK_MS = 5_000

/** Milliseconds over which it is measured what leaves a member that declares nothing: some pieces of a slow line. */
export const SENT_MS = 10_000

/** Milliseconds for which one word to yield counts: three of the seed's. */
export const YIELD_MS = 6_000
/** Milliseconds between two words to yield. */
export const YIELD_SAID_MS = 2_000
/** Milliseconds in which a member that yields has one break, and of the break: a fiftieth, so that no word holds anything back for ever. */
export const YIELD_ROUND_MS = 1_800_000
export const YIELD_BREAK_MS = 6_000
/** Of other sites that are served in a break. */
export const YIELD_BREAK_SLOTS = 1

/** Milliseconds over which it is measured what an uplink carries when as many are served as may be. */
export const LINE_MEASURE_MS = 5_000
/** Milliseconds for which it is then believed to carry no more: receivers that were slow may be fast again. */
export const LINE_DOUBT_MS = 60_000

/** Bytes of a message: 64 claims of 30 bytes, a bitfield of 2^20 pieces. */
export const MESSAGE_LENGTH_MAX = 1 << 18

/** Pieces that an origin has on their way at a time, at least and at most. */
export const PUSHES_MIN = 5
export const PUSHES_MAX = 30
/** Milliseconds that one of them may take with more than the fewest on their way: a claim without a byte for twice as long is given back. */
export const PUSH_MS_MAX = 10_000
/** Requests of an origin's receivers that may wait for their turn: enough that its uplink never waits for them. */
export const PUSHES_WAITING_MAX = 3
/** Pieces of it that one member fetches at a time, at least: one comes, the next is asked for. */
export const PUSHES_PER_PEER_MIN = 2
/** Bytes of small pieces that one member fetches at a time: a push takes two round trips and a claim, however small it is. */
const PUSHED_BYTES = 1 << 19
/** Milliseconds until a piece that a member was shown and nobody has is shown to another site; longer where all take long. */
export const ORIGIN_PATIENCE_MS = 20_000

/** Milliseconds for which a seed whose pieces are all out goes on with what only its own site lacks: some twenty pieces of a slow line. */
export const ORIGIN_OWN_MS = 60_000

/** How many pieces of this length (bytes) a member may claim at a time. */
export function claimsMax(pieceLength: number): number {
  const pieces = Math.floor(CLAIMED_BYTES / pieceLength)
  return Math.min(CLAIMED_PIECES_MAX, Math.max(CLAIMS_PER_MEMBER_MAX, pieces))
}

/** Milliseconds in which a claim of a piece of this length (bytes) is to bring it. */
export function inGoodTimeMs(pieceLength: number): number {
  return GOOD_TIME_MS + (pieceLength * 1000) / GOOD_BYTES_PER_SECOND
}

/** How many pieces of this length (bytes) an origin shows one member at a time. */
export function pushesPerPeer(pieceLength: number): number {
  return Math.max(PUSHES_PER_PEER_MIN, Math.min(PUSHES_MAX, Math.floor(PUSHED_BYTES / pieceLength)))
}

/** How many are unchoked, in the site and outside, with an uplink of so many bytes per second; 0: not known. */
export function slotsFor(upload: number): { readonly local: number; readonly outside: number } {
  const all = upload === 0 ? LOCAL_SLOTS + EXPORT_SLOTS : (upload * AHEAD_SECONDS) / AHEAD_BYTES
  const local = Math.min(LOCAL_SLOTS, Math.max(SLOTS_MIN, Math.floor(all / 2)))
  return { local, outside: Math.min(EXPORT_SLOTS, Math.max(SLOTS_MIN, Math.floor(all) - local)) }
}

/** Milliseconds more that a neighbour's word may be late, by the upload it declares: even few slots are much for a slow line. */
export function lateMs(upload: number): number {
  if (upload === 0) return 0
  const { local, outside } = slotsFor(upload)
  const queue = ((local + outside) * AHEAD_BYTES) / upload
  return Math.max(0, 1000 * (queue - AHEAD_SECONDS))
}
