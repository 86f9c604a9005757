// Paths of a torrent made safe: relative, bounded, and no two files (nor a file and a folder) at one place.
//
// Names are made safe one by one (safe-name.ts), then laid into a tree of folded names, so that what differs only by
// case or by the way accents are written counts as one on every platform. Whoever comes first keeps the name, the others
// get a number ("bar.1.txt"); folders keep theirs. Linear in the bytes of all paths.

import { MetainfoError } from './errors.ts'
import { PATH_BYTES_MAX, PATH_DEPTH_MAX, SAME_NAME_MAX } from './metainfo-limits.ts'
import type { RawFile } from './raw-file.ts'
import { foldName, numberedName, safeName, utf8Length } from './safe-name.ts'

/** Where a file is to lie, and where a symbolic link points. */
export interface PlacedFile {
  readonly path: readonly string[]
  readonly symlink?: readonly string[]
}

/** Safe names of raw elements; never empty. '.' and '..' are left out: nothing is above the root. */
export function safePath(raw: readonly Uint8Array[], where: () => string): readonly string[] {
  if (raw.length > PATH_DEPTH_MAX) {
    const what = `has ${raw.length} elements, limit ${PATH_DEPTH_MAX}`
    throw new MetainfoError('BAD_PATH', where(), what)
  }
  const names: string[] = []
  let length = 0
  for (const element of raw) {
    const name = safeName(element)
    if (name === undefined) continue
    names.push(name)
    length += utf8Length(name) + 1
  }
  if (length > PATH_BYTES_MAX) {
    throw new MetainfoError('BAD_PATH', where(), `has ${length} bytes, limit ${PATH_BYTES_MAX}`)
  }
  return names.length === 0 ? ['_'] : names
}

/** One folder of the tree; all keys are folded names. */
interface Folder {
  readonly folders: Map<string, Folder>
  /** Files by the name they came with: the first of each, and how many numbers were tried for the others. */
  readonly files: Map<string, { readonly file: number; tried: number }>
  /** Numbered names that were given. */
  readonly given: Set<string>
}

/** Where each file lies. Pad files are never written, so they take no place. */
export function placeFiles(files: readonly RawFile[]): readonly PlacedFile[] {
  const root = newFolder()
  const paths = files.map((file) => safePath(file.path, () => file.source.path))
  const parents: Folder[] = []
  for (const [file, path] of paths.entries()) {
    const parent = (files[file] as RawFile).pad ? root : folderOf(root, path)
    parents.push(parent)
    if ((files[file] as RawFile).pad) continue
    const name = foldName(path.at(-1) as string)
    if (!parent.files.has(name)) parent.files.set(name, { file, tried: 0 })
  }
  const find = finderOf(root, files)
  return paths.map((path, at) => {
    const file = files[at] as RawFile
    const placed = file.pad ? path : distinctPath(path, at, parents[at] as Folder, file)
    const symlink = file.symlink === undefined ? undefined : find(file.symlink, path, at)
    return symlink === undefined ? { path: placed } : { path: placed, symlink }
  })
}

function newFolder(): Folder {
  return { folders: new Map(), files: new Map(), given: new Set() }
}

function folderOf(root: Folder, path: readonly string[]): Folder {
  let folder = root
  for (let at = 0; at < path.length - 1; at++) {
    const name = foldName(path[at] as string)
    let inner = folder.folders.get(name)
    if (inner === undefined) {
      inner = newFolder()
      folder.folders.set(name, inner)
    }
    folder = inner
  }
  return folder
}

function distinctPath(
  path: readonly string[],
  file: number,
  parent: Folder,
  { source }: RawFile,
): readonly string[] {
  const name = path.at(-1) as string
  const folded = foldName(name)
  const first = parent.files.get(folded) as { readonly file: number; tried: number }
  if (first.file === file && !parent.folders.has(folded)) return path
  for (;;) {
    if (++first.tried > SAME_NAME_MAX) {
      const what = `is one of more than ${SAME_NAME_MAX} files called ${JSON.stringify(name)}`
      throw new MetainfoError('PATH_COLLISION', source.path, what)
    }
    const numbered = numberedName(name, first.tried)
    const key = foldName(numbered)
    if (parent.files.has(key) || parent.folders.has(key) || parent.given.has(key)) continue
    parent.given.add(key)
    return [...path.slice(0, -1), numbered]
  }
}

/** Links followed while looking for a target; Linux follows as many. */
const LINKS_FOLLOWED_MAX = 40

/** Steps taken for all links of a torrent together: past it, chains of links cost too much and the rest are dropped. */
const LINK_STEPS_MAX = 1_000_000

type Find = (
  target: readonly Uint8Array[],
  link: readonly string[],
  file: number,
) => readonly string[] | undefined

/**
 * Looks for a link's target: from the root, as BEP 47 has it, then beside the link, as some creators write it. One that
 * climbs, is absolute, is not in the torrent, is the link itself or goes round in circles is dropped.
 */
function finderOf(root: Folder, files: readonly RawFile[]): Find {
  let steps = LINK_STEPS_MAX
  const safeTarget = (file: number): readonly string[] | undefined => {
    const raw = (files[file] as RawFile).symlink
    return raw === undefined || raw.some(climbs) || raw.length > PATH_DEPTH_MAX
      ? undefined
      : raw.map((element) => safeName(element) as string)
  }
  const reach = (path: readonly string[], self: number, budget: { links: number }): boolean => {
    let folder: Folder | undefined = root
    let here: readonly string[] = []
    steps -= path.length
    if (steps < 0) return false
    for (const [at, element] of path.entries()) {
      const name = foldName(element)
      const inner: Folder | undefined = folder.folders.get(name)
      if (inner !== undefined) {
        folder = inner
        here = [...here, element]
        continue
      }
      const found = folder.files.get(name)?.file
      if (found === undefined || found === self) return false
      const rest = path.slice(at + 1)
      const onwards = safeTarget(found)
      if ((files[found] as RawFile).symlink === undefined) return rest.length === 0
      if (onwards === undefined || --budget.links < 0) return false
      return (
        reach([...onwards, ...rest], self, budget) ||
        reach([...here, ...onwards, ...rest], self, budget)
      )
    }
    return true
  }
  return (_, link, file) => {
    const target = safeTarget(file)
    if (target === undefined) return undefined
    const beside = [...link.slice(0, -1), ...target]
    for (const path of [target, beside]) {
      if (reach(path, file, { links: LINKS_FOLLOWED_MAX })) return path
    }
    return undefined
  }
}

/** Says '..', '.', or hides a separator: nothing that is put right by leaving it out. */
function climbs(element: Uint8Array): boolean {
  if (element.length === 0 || element.includes(0x2f) || element.includes(0x5c)) return true
  return (
    element[0] === 0x2e && (element.length === 1 || (element.length === 2 && element[1] === 0x2e))
  )
}
