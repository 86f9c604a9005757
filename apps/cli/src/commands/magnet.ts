// bt magnet: the magnet link of a torrent.

import { formatMagnet, magnetOf } from '@bt/metainfo'
import { EXIT } from '../failure.ts'
import type { Output } from '../output.ts'
import { readTorrent } from '../torrent-source.ts'

export async function magnet(file: string, output: Output): Promise<number> {
  const metainfo = await readTorrent(file)
  const link = formatMagnet(magnetOf(metainfo))
  output.event('magnet', { file, magnet: link }, link)
  return EXIT.done
}
