// bt verify: hashes what is there and says what is missing. Exit 0 complete, 1 not.

import { bytesEqual } from '@bt/primitives'
import { merkleRoot, type Metainfo } from '@bt/metainfo'
import { nodePorts } from '@bt/runtime-node'
import { stat } from 'node:fs/promises'
import { pathsBelow } from '../content-files.ts'
import { EXIT } from '../failure.ts'
import { type HashedPiece, hashContent } from '../hash-content.ts'
import type { Output } from '../output.ts'
import { startProgress } from '../progress.ts'
import { formatBytes } from '../quantities.ts'
import { readTorrent } from '../torrent-source.ts'

export async function verify(file: string, folder: string, output: Output): Promise<number> {
  const metainfo = await readTorrent(file)
  const { geometry } = metainfo
  const ports = nodePorts({ directory: folder })
  const paths = pathsBelow(folder, metainfo)
  const progress = await startProgress(output, 'checking', geometry.contentLength)
  let goodCount = 0
  let goodBytes = 0
  const bad: number[] = []
  try {
    await hashContent({
      geometry,
      paths,
      ports,
      wants: { sha1: metainfo.version !== '2', leaves: metainfo.version !== '1' },
      hashed: (result) => {
        const length = geometry.dataLengthOf(result.piece)
        if (isRight(metainfo, result)) {
          goodCount++
          goodBytes += length
        } else bad.push(result.piece)
        progress.add(length)
        return true
      },
    })
  } finally {
    progress.stop()
    await ports.close()
  }
  const wrongFiles = await filesWrong(metainfo, paths, new Set(bad))
  const complete = bad.length === 0 && wrongFiles.length === 0
  const { pieceCount, contentLength } = geometry
  output.event(
    'verified',
    {
      complete,
      haveCount: goodCount,
      pieceCount,
      haveBytes: goodBytes,
      totalLength: contentLength,
      wrongFiles,
    },
    complete
      ? `complete: ${pieceCount} of ${pieceCount} pieces, ${formatBytes(contentLength)}`
      : `not complete: ${goodCount} of ${pieceCount} pieces, ${formatBytes(goodBytes)} of ${formatBytes(contentLength)}${wrongFiles.map((path) => `\n  ${path}`).join('')}`,
  )
  return complete ? EXIT.done : EXIT.failed
}

function isRight(metainfo: Metainfo, { piece, sha1, leaves, error }: HashedPiece): boolean {
  if (error !== undefined) return false
  const expected = metainfo.pieceHashes(piece)
  if (expected.sha1 !== undefined && (sha1 === undefined || !bytesEqual(sha1, expected.sha1)))
    return false
  if (expected.merkleRoot === undefined) return metainfo.version === '1'
  return (
    leaves !== undefined &&
    bytesEqual(merkleRoot(leaves, expected.merkleWidth), expected.merkleRoot)
  )
}

/** Files that hold a wrong piece, or are missing or of another length (empty ones have no pieces to tell). */
async function filesWrong(
  metainfo: Metainfo,
  paths: readonly string[],
  bad: ReadonlySet<number>,
): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const [at, { path, length, attributes = '' }] of metainfo.files.entries()) {
    if (attributes.includes('p') || attributes.includes('l')) continue
    const { first, end } = metainfo.geometry.piecesOf(at)
    let isWrong = (await stat(paths[at] as string).catch(() => undefined))?.size !== length
    for (let piece = first as number; piece < end && !isWrong; piece++) isWrong = bad.has(piece)
    if (isWrong) wrong.push(path.join('/'))
  }
  return wrong
}
