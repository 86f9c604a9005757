// bt seed: checks the data (or trusts it) and serves it until a signal.

import { EXIT, Failure } from '../failure.ts'
import type { Output } from '../output.ts'
import { readTorrent } from '../torrent-source.ts'
import { type NetworkOptions, startTransfer } from '../transfer.ts'

export interface SeedOptions extends NetworkOptions {
  readonly trustData?: boolean
  readonly superSeed?: boolean
}

export async function seed(
  file: string,
  folder: string,
  options: SeedOptions,
  output: Output,
): Promise<number> {
  const metainfo = await readTorrent(file)
  const transfer = await startTransfer(
    metainfo,
    options,
    (ports) => ({
      storage: ports.storageIn(folder),
      keep: false,
      found: options.trustData === true ? 'trust' : 'check',
      ...(options.superSeed === true ? { superSeed: true } : {}),
    }),
    output,
  )
  const { swarm, report } = transfer
  try {
    const incomplete = new Promise<never>((_resolve, reject) => {
      swarm.on('state', ({ state }) => {
        if (state !== 'downloading') return
        const { pieceCount } = metainfo.geometry
        const message = `${folder} holds ${swarm.have.count} of ${pieceCount} pieces of ${metainfo.name}: get the rest with bt download ${file} -o ${folder}`
        reject(
          new Failure(EXIT.failed, 'NOT_COMPLETE', message, {
            haveCount: swarm.have.count,
            pieceCount,
          }),
        )
      })
    })
    const outcome = await Promise.race([
      swarm.completed().then(() => 'complete'),
      incomplete,
      transfer.interrupted,
    ])
    if (outcome === 'complete') {
      report.seeding()
      await transfer.interrupted
    }
    await transfer.close()
    report.stopped()
    return EXIT.done
  } finally {
    await transfer.close()
  }
}
