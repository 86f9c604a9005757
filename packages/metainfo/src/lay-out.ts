// Where files go in a torrent that is being made: their order, the pad files of a hybrid, and the geometry of both.
//
// v2 and hybrid files stand in the order of the file tree: element by element, as bytes (BEP 52). A hybrid gets a pad
// after every file that does not end at a piece boundary, the last one too, as the reference creator writes it.

import { keyOfText } from '@bt/bencode'
import { MetainfoError } from './errors.ts'
import { PieceGeometry } from './geometry.ts'
import type { FileEntry } from './metainfo.ts'

/** A file to make a torrent of; names as they are to stand in it. */
export interface SourceFile {
  /** Folder names, then the file's own, from the torrent's root (without `name`); for a single file `[name]`. */
  readonly path: readonly string[]
  readonly length: number
  /** BEP 47 letters: 'x' executable, 'h' hidden, 'l' symbolic link. */
  readonly attributes?: string
  /** Where a link points, from the torrent's root; `length` is 0 then. */
  readonly symlink?: readonly string[]
}

export interface LayoutParts {
  readonly version: '1' | '2' | 'hybrid'
  readonly pieceLength: number
  readonly files: readonly SourceFile[]
  /** The torrent is one file: no pads behind it. */
  readonly layout: 'file' | 'folder'
}

export interface Layout {
  /** In the torrent's order, pad files included. */
  readonly files: readonly FileEntry[]
  readonly geometry: PieceGeometry
}

/** @throws {MetainfoError} for names that cannot stand in a torrent, twins, or nothing to share */
export function layOut(parts: LayoutParts): Layout {
  const { version, pieceLength, layout } = parts
  checkFiles(parts.files)
  const ordered = version === '1' ? parts.files : inTreeOrder(parts.files)
  const files = version === 'hybrid' && layout === 'folder' ? padded(ordered, pieceLength) : ordered
  const geometry = new PieceGeometry({
    pieceLength,
    files: files.map((file) => ({ length: file.length, pad: isPad(file) })),
    aligned: version === '2',
  })
  return { files, geometry }
}

/** True for a pad file (BEP 47). */
export function isPad(file: { readonly attributes?: string }): boolean {
  return file.attributes?.includes('p') ?? false
}

function padded(files: readonly SourceFile[], pieceLength: number): readonly FileEntry[] {
  const all: FileEntry[] = []
  for (const file of files) {
    all.push(file)
    const over = file.length % pieceLength
    if (over === 0) continue
    const length = pieceLength - over
    all.push({ path: ['.pad', String(length)], length, attributes: 'p' })
  }
  return all
}

function inTreeOrder(files: readonly SourceFile[]): readonly SourceFile[] {
  const keyed = files.map((file, at) => ({ file, at, keys: file.path.map(keyOfText) }))
  keyed.sort((one, other) => compareKeys(one.keys, other.keys) || one.at - other.at)
  return keyed.map(({ file }) => file)
}

function compareKeys(one: readonly string[], other: readonly string[]): number {
  for (let at = 0; at < one.length && at < other.length; at++) {
    const mine = one[at] as string
    const theirs = other[at] as string
    if (mine !== theirs) return mine < theirs ? -1 : 1
  }
  return one.length - other.length
}

function checkFiles(files: readonly SourceFile[]): void {
  if (files.length === 0) throw new MetainfoError('NO_FILES', 'files', 'is empty')
  const paths = new Set<string>()
  const folders = new Set<string>()
  let total = 0
  for (const [at, file] of files.entries()) {
    const where = `files[${at}]`
    if (file.path.length === 0 || !file.path.every(isName)) {
      const what = `is ${JSON.stringify(file.path)}, which cannot stand in a torrent`
      throw new MetainfoError('BAD_PATH', `${where}.path`, what)
    }
    if (!Number.isSafeInteger(file.length) || file.length < 0) {
      throw new MetainfoError('BAD_LENGTH', `${where}.length`, `is ${file.length}`)
    }
    if (file.symlink !== undefined && (file.length !== 0 || !file.symlink.every(isName))) {
      throw new MetainfoError('BAD_SYMLINK', where, 'has content, or a target outside the torrent')
    }
    total += file.length
    const path = file.path.join('/')
    if (paths.has(path)) throw new MetainfoError('PATH_COLLISION', where, `is ${path} again`)
    paths.add(path)
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) {
      folders.add(path.slice(0, end))
    }
  }
  for (const path of paths) {
    if (folders.has(path)) {
      throw new MetainfoError('PATH_COLLISION', 'files', `has ${path} as a file and a folder`)
    }
  }
  if (total === 0) throw new MetainfoError('NO_CONTENT', 'files', 'are all empty: nothing to share')
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)
}
