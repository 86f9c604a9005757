// Every limit of this package, with its unit and its reason.

/** Bytes of a piece that one `load` reads, by default: few storage calls, and small beside a budget. */
export const READ_AHEAD_BYTES = 1_048_576

/** Longest range that `lend` finds after one `load`: the most that the wire lets a peer ask for at once. */
export const SERVED_LENGTH_MAX = 131_072

/** The read cache's part of the budget: a half, so that buffers are used again before new memory is touched. */
export const READ_CACHE_SHARE = 0.5

/** Loads that a store may always have in memory, whatever the budget says: uploads go on while downloads hold it all. */
export const FORCED_LOADS = 2

/** Pieces that a recheck reads and hashes at the same time: enough to keep a disk and two threads busy. */
export const RECHECK_IN_FLIGHT = 4

/** Pieces that a recheck has hashed at the same time by a storage that needs no memory of ours: two for each of 16 cores. */
export const RECHECK_DIGESTS_IN_FLIGHT = 32

/** Loads between two looks (stat) at the file that is read: a seed, which writes nothing, notices changes by others too. */
export const LOADS_PER_LOOK = 64

/** Files that are looked at (stat) at the same time: enough for a disk's queue, few beside the open-file limit. */
export const STATS_IN_FLIGHT = 16

/** Clean files that a checkpoint looks at for changes by others, in turn: keeps a checkpoint cheap with 10^5 files. */
export const STATS_PER_CHECKPOINT = 64
