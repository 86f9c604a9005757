// How large V8's space for new objects may become: no larger than it starts.
//
// Content lives in memory of its own, and of the objects beside it few outlive a turn, so that growing to 16 MiB, twice,
// brings nothing. Each start of a thread sets the flag back for the whole process (V8 does not take less than 2 when it
// sets up a heap), so it is said again then.

export const SMALL_YOUNG_SPACE = '--semi-space-growth-factor=1'
