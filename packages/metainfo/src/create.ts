// A torrent of content that is in memory: tests, demos, small things. Larger ones: MetainfoBuilder.

import { MetainfoBuilder, type BuilderParts } from './builder.ts'
import type { SourceFile } from './lay-out.ts'

/** A file with its bytes. */
export type ContentFile = Omit<SourceFile, 'length'> & { readonly data: Uint8Array }

export type ContentParts = Omit<BuilderParts, 'files'> & { readonly files: readonly ContentFile[] }

/**
 * The torrent file over these files, in v1 in their order, in v2 and hybrid in the file tree's.
 * @throws {MetainfoError} as `MetainfoBuilder`
 */
export function createMetainfo(parts: ContentParts): Uint8Array {
  const files = parts.files.map(({ data, ...file }) => ({ ...file, length: data.length }))
  const builder = new MetainfoBuilder({ ...parts, files })
  const contents = new Map(parts.files.map((file) => [file.path.join('/'), file.data]))
  for (const { piece, bytes } of piecesOf(builder, contents)) builder.hashPiece(piece, bytes)
  return builder.build()
}

function* piecesOf(
  { geometry, files }: MetainfoBuilder,
  contents: ReadonlyMap<string, Uint8Array>,
): Generator<{ piece: ReturnType<typeof geometry.piece>; bytes: Uint8Array }, void> {
  for (let index = 0; index < geometry.pieceCount; index++) {
    const piece = geometry.piece(index)
    const bytes = new Uint8Array(geometry.lengthOf(piece))
    for (const span of geometry.fileSpans(piece)) {
      if (span.pad) continue
      const data = contents.get((files[span.file]?.path ?? []).join('/')) as Uint8Array
      bytes.set(data.subarray(span.offset, span.offset + span.length), span.begin)
    }
    yield { piece, bytes }
  }
}
