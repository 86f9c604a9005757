// bt create: a torrent of a file or folder.

import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { formatMagnet, magnetOf, MetainfoBuilder, parseMetainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { findContent } from '../content-files.ts'
import { EXIT, Failure } from '../failure.ts'
import { hashContent } from '../hash-content.ts'
import type { Output } from '../output.ts'
import { startProgress } from '../progress.ts'
import { formatBytes } from '../quantities.ts'

export interface CreateOptions {
  readonly output?: string
  readonly tracker: readonly string[]
  readonly webSeed: readonly string[]
  readonly pieceLength?: number
  readonly version: '1' | '2' | 'hybrid'
  readonly private?: boolean
  readonly name?: string
  readonly comment?: string
  readonly threads?: number
}

export async function create(
  path: string,
  options: CreateOptions,
  output: Output,
): Promise<number> {
  const content = await findContent(path)
  const name = options.name ?? content.name
  const files =
    content.layout === 'file'
      ? content.files.map((file) => ({ ...file, path: [name] }))
      : content.files
  const target = options.output ?? `${name}.torrent`
  await checkWritable(dirname(target))
  const builder = new MetainfoBuilder({
    name,
    files,
    layout: content.layout,
    version: options.version,
    ...(options.pieceLength === undefined ? {} : { pieceLength: options.pieceLength }),
    announceTiers: options.tracker.map((url) => [url]),
    webSeeds: options.webSeed,
    isPrivate: options.private === true,
    createdBy: 'bt',
    creationDate: Math.floor(Date.now() / 1000),
    ...(options.comment === undefined ? {} : { comment: options.comment }),
  })
  await hashInto(builder, content, options, output)
  const torrent = builder.build()
  await writeFile(target, torrent)
  const metainfo = parseMetainfo(torrent)
  const magnet = formatMagnet(magnetOf(metainfo))
  const { contentLength, pieceCount, pieceLength } = metainfo.geometry
  output.event(
    'created',
    {
      file: target,
      infoHash: metainfo.infoHashV1 ?? null,
      infoHashV2: metainfo.infoHashV2 ?? null,
      name,
      totalLength: contentLength,
      pieceCount,
      pieceLength,
      magnet,
    },
    [
      `${target}: ${formatBytes(contentLength)} in ${pieceCount} pieces of ${formatBytes(pieceLength)}`,
      ...(metainfo.infoHashV1 === undefined ? [] : [`infohash    ${metainfo.infoHashV1}`]),
      ...(metainfo.infoHashV2 === undefined ? [] : [`infohash v2 ${metainfo.infoHashV2}`]),
      magnet,
    ].join('\n'),
  )
  return EXIT.done
}

/** Said before the work, not after it. */
async function checkWritable(folder: string): Promise<void> {
  await access(folder, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT' || error.code === 'ENOTDIR'
    throw new Failure(
      EXIT.disk,
      isMissing ? 'NOT_HERE' : 'NO_PERMISSION',
      `cannot write the torrent into ${folder}: ${isMissing ? 'there is no such folder' : 'it is not ours to write in'}; name another place with -o`,
      { folder },
      error,
    )
  })
}

async function hashInto(
  builder: MetainfoBuilder,
  content: Awaited<ReturnType<typeof findContent>>,
  options: CreateOptions,
  output: Output,
): Promise<void> {
  const { geometry } = builder
  const paths = builder.files.map(({ path }) =>
    content.layout === 'file' ? content.root : join(content.root, ...path),
  )
  const ports = nodePorts({
    directory: '.',
    ...(options.threads === undefined ? {} : { hashThreads: options.threads }),
  })
  const progress = await startProgress(output, 'hashing', geometry.contentLength)
  let failed: Error | undefined
  try {
    await hashContent({
      geometry,
      paths,
      ports,
      wants: { sha1: options.version !== '2', leaves: options.version !== '1' },
      hashed: ({ piece, error, ...digests }) => {
        if (error === undefined) builder.addPiece(piece, digests)
        else failed ??= error
        progress.add(geometry.dataLengthOf(piece))
        return failed === undefined
      },
    })
    if (failed !== undefined)
      throw failed instanceof Failure
        ? failed
        : new Failure(
            EXIT.disk,
            'READ_FAILED',
            `cannot read the content: ${failed.message}`,
            {},
            failed,
          )
  } finally {
    progress.stop()
    await ports.close()
  }
}
