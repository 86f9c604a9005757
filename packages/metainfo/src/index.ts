// @bt/metainfo: torrent files, magnet links and piece geometry.

export { MetainfoError } from './errors.ts'
export type { MetainfoErrorCode } from './errors.ts'
export { PieceGeometry } from './geometry.ts'
export type {
  BlockRef,
  FileSpan,
  GeometryFile,
  GeometryParts,
  PieceIndex,
  PieceRange,
} from './geometry.ts'
export type { FileEntry, Metainfo, PieceHashes } from './metainfo.ts'
export { BLOCK_LENGTH } from './metainfo-limits.ts'
export { FileHasher } from './file-hasher.ts'
export type { FileHashes } from './file-hasher.ts'
export { HashTree } from './hash-tree.ts'
export type { HashSpan, HashTreeFile } from './hash-tree.ts'
export { HASH_LENGTH, merkleLeaves, merkleRoot } from './merkle.ts'
export { type ParseOptions, parseInfo, parseMetainfo } from './parse.ts'
export type { Surroundings } from './torrent.ts'
export { buildMetainfo, choosePieceLength } from './build.ts'
export type { Extras, MetainfoParts } from './build.ts'
export { MetainfoBuilder } from './builder.ts'
export type { BuilderParts, PieceDigests } from './builder.ts'
export { createMetainfo } from './create.ts'
export type { ContentFile, ContentParts } from './create.ts'
export type { SourceFile } from './lay-out.ts'
export { formatMagnet, magnetOf, parseMagnet } from './magnet.ts'
export type { Magnet } from './magnet.ts'
export { safeName } from './safe-name.ts'
export { syntheticMetainfo } from './synthetic.ts'
export type { SyntheticParts } from './synthetic.ts'
