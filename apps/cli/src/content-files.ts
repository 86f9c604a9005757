// Which files are the content: of a torrent that is made, and of one that is there.

import { readdir, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import type { Metainfo } from '@bt/metainfo'
import { compareBytes } from '@bt/primitives'
import { EXIT, Failure } from './failure.ts'

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
