// Content on disk, read by spans of a torrent's pieces: for making torrents and for checking them.

import { type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Metainfo, PieceGeometry, PieceIndex } from '@bt/metainfo'
import { compareBytes } from '@bt/primitives'
import { EXIT, Failure } from './failure.ts'

/** Files kept open: pieces come in order, so a few serve all that are in flight. */
const OPEN_FILES_MAX = 16

export interface FoundFile {
  readonly path: readonly string[]
  readonly length: number
  readonly attributes?: string
}

/** What `bt create PATH` puts into a torrent: a file, or all regular files of a folder, sorted by their names' bytes. */
export async function findContent(path: string): Promise<{
  readonly name: string
  readonly layout: 'file' | 'folder'
  readonly files: readonly FoundFile[]
  readonly root: string
}> {
  const root = resolve(path)
  const facts = await stat(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
    const message = `${path}: there is no such file or folder; check the path`
    throw new Failure(EXIT.disk, 'NOT_HERE', message, { file: path }, error)
  })
  const name = basename(root)
  if (facts.isFile())
    return {
      name,
      layout: 'file',
      files: [{ path: [name], length: facts.size, ...executable(facts.mode) }],
      root,
    }
  if (!facts.isDirectory())
    throw new Failure(EXIT.failed, 'NOT_A_FILE', `${path} is neither a file nor a folder`)
  const files: FoundFile[] = []
  await walk(root, [], files)
  const encoder = new TextEncoder()
  const keyed = files.map((file) => ({ file, key: encoder.encode(file.path.join('/')) }))
  keyed.sort((one, other) => compareBytes(one.key, other.key))
  if (files.length === 0)
    throw new Failure(
      EXIT.failed,
      'NO_FILES',
      `${path} holds no files: there is nothing to make a torrent of`,
    )
  return { name, layout: 'folder', files: keyed.map(({ file }) => file), root }
}

async function walk(folder: string, path: readonly string[], files: FoundFile[]): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const inside = [...path, entry.name]
    const full = join(folder, entry.name)
    if (entry.isDirectory()) await walk(full, inside, files)
    else {
      // Links are followed to files, never to folders: a loop would have no end.
      const facts =
        entry.isFile() || entry.isSymbolicLink()
          ? await stat(full).catch(() => undefined)
          : undefined
      if (facts?.isFile() === true)
        files.push({ path: inside, length: facts.size, ...executable(facts.mode) })
    }
  }
}

function executable(mode: number): { readonly attributes?: string } {
  return (mode & 0o100) === 0 ? {} : { attributes: 'x' }
}

/** Where the files of a torrent are in a download folder. */
export function pathsBelow(folder: string, metainfo: Metainfo): readonly string[] {
  return metainfo.files.map(({ path }) =>
    metainfo.layout === 'file' ? join(folder, ...path) : join(folder, metainfo.name, ...path),
  )
}

/** Reads pieces out of files; a bounded number of them is open. */
export class ContentReader {
  readonly #geometry: PieceGeometry
  readonly #paths: readonly string[]
  readonly #open = new Map<number, OpenFile>()

  /** `paths` by file index of the geometry; pads have one too, which is never opened. */
  constructor(geometry: PieceGeometry, paths: readonly string[]) {
    this.#geometry = geometry
    this.#paths = paths
  }

  /** Fills `into` (of the piece's length) with the piece, pads as zeros. */
  async read(piece: PieceIndex, into: Uint8Array): Promise<void> {
    for (const span of this.#geometry.fileSpans(piece)) {
      const target = into.subarray(span.begin, span.begin + span.length)
      if (span.pad) target.fill(0)
      else await this.#readSpan(span.file, span.offset, target)
    }
  }

  async close(): Promise<void> {
    for (const { handle } of this.#open.values()) await (await handle).close()
    this.#open.clear()
  }

  async #readSpan(file: number, offset: number, target: Uint8Array): Promise<void> {
    const opened = this.#take(file)
    try {
      const handle = await opened.handle
      for (let done = 0; done < target.length; ) {
        const { bytesRead } = await handle.read(target, done, target.length - done, offset + done)
        if (bytesRead === 0)
          throw new Failure(
            EXIT.failed,
            'TOO_SHORT',
            `${this.#paths[file]} ends at ${offset + done}: it is shorter than it was, or than the torrent says`,
          )
        done += bytesRead
      }
    } finally {
      opened.users--
      this.#closeIdle()
    }
  }

  #take(file: number): OpenFile {
    let opened = this.#open.get(file)
    if (opened === undefined) {
      opened = { handle: open(this.#paths[file] as string, 'r'), users: 0 }
      // A failure is whoever's awaits it.
      opened.handle.catch(() => this.#open.delete(file))
      this.#open.set(file, opened)
    }
    opened.users++
    return opened
  }

  /** Oldest first; what is read from stays open, so that there may be more for a moment. */
  #closeIdle(): void {
    for (const [file, { handle, users }] of this.#open) {
      if (this.#open.size <= OPEN_FILES_MAX) return
      if (users > 0) continue
      this.#open.delete(file)
      void handle.then(
        (one) => one.close(),
        () => {},
      )
    }
  }
}

interface OpenFile {
  readonly handle: Promise<FileHandle>
  /** Reads under way or waiting for it. */
  users: number
}
