// bt download: everything wanted, verified, in a folder; then exit, or go on seeding.

import type { Metainfo } from '@bt/metainfo'
import type { Swarm } from '@bt/swarm'
import { EXIT, Failure } from '../failure.ts'
import type { Output } from '../output.ts'
import { DownloadPlace } from '../place.ts'
import { openSource } from '../torrent-source.ts'
import { type NetworkOptions, startTransfer } from '../transfer.ts'

export interface DownloadOptions extends NetworkOptions {
  readonly output: string
  readonly seed?: boolean
  readonly seedRatio?: number
  readonly seedTime?: number
  readonly select: readonly string[]
  readonly sequential?: boolean
  readonly resume?: string
}

/** How often a ratio is looked at. */
const RATIO_MS = 500

export async function download(
  source: string,
  options: DownloadOptions,
  output: Output,
): Promise<number> {
  const { metainfo, magnet } = await openSource(source)
  const place = new DownloadPlace(options.output, options.resume)
  const select = await selection(options.select, magnet?.select)
  const transfer = await startTransfer(
    metainfo ?? magnet,
    options,
    (ports) => ({
      place: (metainfo, done) => place.open(ports, metainfo, done),
      ...(select === undefined ? {} : { select }),
      ...(options.sequential === true ? { sequential: true } : {}),
    }),
    output,
  )
  const { swarm, report } = transfer
  let finished = false
  try {
    const outcome = await Promise.race([
      swarm.completed().then(() => 'complete' as const),
      transfer.interrupted.then(() => 'interrupted' as const),
      stopsForGood(swarm),
    ])
    if (outcome === 'interrupted') {
      await transfer.close()
      output.event('stopped', report.totals(), 'interrupted; run the same command again to go on')
      return EXIT.interrupted
    }
    finished =
      swarm.metainfo !== undefined && swarm.have.count === swarm.metainfo.geometry.pieceCount
    report.complete()
    if (wantsSeeding(options)) {
      report.seeding()
      await Promise.race([transfer.interrupted, enough(swarm, options)])
      await transfer.close()
      report.stopped()
    }
    return EXIT.done
  } finally {
    await transfer.close()
    await place.close(finished)
  }
}

/** Rejects when nothing can be written and asking again by ourselves makes no sense: the folder vanished or was replaced. */
function stopsForGood(swarm: Swarm): Promise<never> {
  return new Promise((_resolve, reject) => {
    swarm.on('condition', (condition) => {
      if (condition.state === 'stopped' && condition.retryMs === Number.POSITIVE_INFINITY)
        reject(condition.error)
    })
  })
}

function wantsSeeding({ seed, seedRatio, seedTime }: DownloadOptions): boolean {
  return seed === true || seedRatio !== undefined || seedTime !== undefined
}

/** Resolves when the ratio or the time is reached, whichever is first; never without them. */
function enough(swarm: Swarm, { seedRatio, seedTime }: DownloadOptions): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(ratio)
      clearTimeout(time)
      resolve()
    }
    const length = swarm.metainfo?.geometry.contentLength ?? 0
    const ratio =
      seedRatio === undefined
        ? undefined
        : setInterval(() => swarm.stats.uploadedBytes >= seedRatio * length && end(), RATIO_MS)
    const time = seedTime === undefined ? undefined : setTimeout(end, seedTime * 1000)
  })
}

/** Globs match the path below the torrent's name, or a file's bare name; `so=` of a magnet counts when there is none. */
async function selection(
  globs: readonly string[],
  numbers: readonly number[] | undefined,
): Promise<((metainfo: Metainfo) => readonly number[]) | undefined> {
  if (globs.length === 0 && numbers === undefined) return undefined
  const isMatch =
    globs.length === 0 ? undefined : (await import('picomatch')).default([...globs], { dot: true })
  return ({ files, name }) => {
    const wanted = files.map(({ path }, at) => {
      if (isMatch === undefined) return numbers?.includes(at) === true ? 4 : 0
      const whole = path.join('/')
      return isMatch(whole) || isMatch(path.at(-1) ?? '') || isMatch(`${name}/${whole}`) ? 4 : 0
    })
    if (!wanted.some((priority) => priority > 0))
      throw new Failure(
        EXIT.failed,
        'NOTHING_SELECTED',
        `no file of ${name} matches --select ${globs.join(' ')}: bt show lists them`,
      )
    return wanted
  }
}
