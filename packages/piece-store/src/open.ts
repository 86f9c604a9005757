// Opens a store: what the resume data says, as far as the files still agree. Nothing is hashed here.
//
// Trusted: synced before the resume data was made, and every file of the piece has the length and time it had then.
// Doubtful: written but not synced, or in a file that differs from what the resume data knew; a recheck decides.

import type { Metainfo } from '@bt/metainfo'
import { Bitfield, type ReadonlyBitfield, invariant } from '@bt/primitives'
import { ContentDisk } from './content-disk.ts'
import { FileFacts } from './file-facts.ts'
import { laterBy } from './later.ts'
import { Ledger } from './ledger.ts'
import { MemoryBudget } from './memory-budget.ts'
import { PieceMemory } from './piece-memory.ts'
import type { OpenStore, Resumed, StoreOptions } from './piece-store.ts'
import { Placement, hasBytes } from './placement.ts'
import { type ResumeData, decodeResume } from './resume-data.ts'
import { selectionError } from './selection.ts'
import { READ_AHEAD_BYTES, SERVED_LENGTH_MAX } from './store-limits.ts'
import { Survey } from './survey.ts'
import { VerifiedStore } from './verified-store.ts'
import { Verifier } from './verifier.ts'

/** Opens the content of one torrent; `done` gets the store, which owns the storages that were handed in. */
export const openStore: OpenStore = (metainfo, parts, options, done) => {
  const later = laterBy(parts.hasher)
  const { geometry } = metainfo
  const [resumed, resume] = readGenerations(metainfo, options)
  const wanted = options.wanted ?? resume?.wanted ?? Bitfield.full(metainfo.files.length)
  invariant(wanted.length === metainfo.files.length, 'a selection has a bit for each file')
  const disk = new ContentDisk(
    metainfo,
    parts,
    new Placement(metainfo),
    new FileFacts(metainfo.files.length),
    later,
  )
  const refusal = selectionError(disk, wanted)
  if (refusal !== undefined) {
    later(() => done(refusal, undefined as never))
    return
  }
  const readAheadBytes = Math.max(options.readAheadBytes ?? READ_AHEAD_BYTES, SERVED_LENGTH_MAX)
  const longest = longestPiece(metainfo)
  const ledger = new Ledger(geometry.pieceCount)
  const memory = new PieceMemory(
    { piece: longest, run: Math.min(longest, readAheadBytes) },
    parts.hasher,
    options.memory ?? new MemoryBudget(options.memoryMaxBytes),
  )
  later(() => {
    Survey.take(disk, (error, survey) => {
      if (error !== undefined) {
        memory.close()
        done(error, undefined as never)
        return
      }
      place(disk, survey, wanted, resume)
      judge(disk, survey, ledger, resume, options.trustData === true)
      let answered = false
      const answer = (): void => {
        if (answered) return
        answered = true
        done(undefined, store)
      }
      const store = new VerifiedStore({
        metainfo,
        disk,
        ledger,
        memory,
        later,
        resumed,
        wanted,
        readAheadBytes,
        verifier: new Verifier(metainfo, parts.hasher),
        verifyOnRead: options.verifyOnRead === true,
        events: {
          lost: (pieces, why) => options.events?.lost?.(pieces, why),
          conditionChanged: (condition) => {
            if (answered) options.events?.conditionChanged?.(condition)
            else answer()
          },
        },
      })
      // Moves what became wanted since; a disk that refuses that shows in the store's condition.
      store.select(wanted, answer)
    })
  })
}

function readGenerations(
  metainfo: Metainfo,
  options: StoreOptions,
): readonly [Resumed, ResumeData | undefined] {
  const { resume = [] } = options
  const generations = resume instanceof Uint8Array ? [resume] : resume
  let why: Resumed = { state: 'absent' }
  for (const [generation, bytes] of generations.entries()) {
    const read = decodeResume(metainfo, bytes)
    if (typeof read !== 'string') return [{ state: 'used', generation }, read]
    if (generation === 0) why = { state: 'refused', why: read }
  }
  return [why, undefined]
}

/** Unwanted files that are not there have their bytes in the part file, and those of which the resume data says so. */
function place(
  disk: ContentDisk,
  survey: Survey,
  wanted: ReadonlyBitfield,
  resume: ResumeData | undefined,
): void {
  if (!disk.hasPartFile) return
  const hasPart = survey.stat(disk.facts.partIndex) !== undefined
  for (let file = 0; file < wanted.length; file++) {
    if (!hasBytes(disk.metainfo, file)) continue
    const absent = !wanted.has(file) && survey.stat(file) === undefined
    const inPart = resume?.inPart.has(file) === true && hasPart
    if (absent || inPart) disk.placement.put(file, 'part')
  }
}

function judge(
  disk: ContentDisk,
  survey: Survey,
  ledger: Ledger,
  resume: ResumeData | undefined,
  trustData: boolean,
): void {
  const { metainfo, placement, facts } = disk
  if (survey.isEmpty) return
  const same = (file: number): boolean => {
    const then = resume?.stats[file]
    const now = survey.stat(file)
    return then?.length === now?.length && then?.modifiedMs === now?.modifiedMs
  }
  for (let index = 0; index < metainfo.geometry.pieceCount; index++) {
    const piece = metainfo.geometry.piece(index)
    if (!survey.mayHold(piece)) continue
    if (trustData) {
      ledger.gained(piece)
      disk.touched(piece)
      continue
    }
    const unchanged =
      resume !== undefined &&
      placement
        .places(piece)
        .every(
          ({ where, file }) => where === 'pad' || same(where === 'part' ? facts.partIndex : file),
        )
    if (unchanged && resume.durable.has(piece)) ledger.trusted(piece)
    else if (!unchanged || resume.written.has(piece)) ledger.doubtful.set(piece)
  }
}

/** In bytes; what a buffer has to hold. */
function longestPiece(metainfo: Metainfo): number {
  const { geometry, files } = metainfo
  if (geometry.pieceCount === 0) return 0
  if (!geometry.aligned) {
    return Math.min(geometry.pieceLength, geometry.totalLength)
  }
  let longest = 0
  for (const { length } of files)
    longest = Math.max(longest, Math.min(length, geometry.pieceLength))
  return longest
}
