// What a transfer says while it runs: events as they happen, progress at most once a second.

import type { Swarm } from '@bt/swarm'
import type { Caching } from './caching.ts'
import type { LiveDisplay } from './live-display.ts'
import type { Facts, Output } from './output.ts'
import { formatBytes, formatDuration, formatRate } from './quantities.ts'

const TICK_MS = 1000
/** Ticks between plain lines while nothing but bytes changes. */
const PLAIN_TICKS = 10

export class ReportTransfer {
  readonly #swarm: Swarm
  readonly #output: Output
  readonly #caching: Caching | undefined
  readonly #started = performance.now()
  readonly #undo: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #live: LiveDisplay | undefined
  #checking: number | undefined
  #last = ''
  #ticks = 0
  #stopped = false

  constructor(swarm: Swarm, output: Output, caching?: Caching) {
    this.#swarm = swarm
    this.#caching = caching
    this.#output = output
    if (swarm.metainfo !== undefined) this.#metadata()
    else output.line('asking peers for the metadata …')
    this.#undo.push(
      swarm.on('metadata', () => {
        if (this.#last === '') this.#metadata()
      }),
      swarm.on('checking', ({ checkedCount, pieceCount }) => {
        this.#checking = pieceCount === 0 ? 1 : checkedCount / pieceCount
      }),
      swarm.on('state', ({ state }) => {
        if (state !== 'checking') this.#checking = undefined
      }),
      swarm.on('condition', (condition) => {
        if (condition.state === 'ok')
          return output.event('condition', { state: 'ok' }, 'writing goes on')
        // What does not come back by itself ends the command, which says so.
        if (condition.retryMs === Number.POSITIVE_INFINITY) return
        const { message, code } = condition.error as Error & { code?: string }
        const retrySeconds = Math.ceil(condition.retryMs / 1000)
        output.event('error', { code: code ?? 'WRITE_FAILED', message, retrySeconds, fatal: false })
        output.warn(`${message}; trying again in ${retrySeconds} s, nothing is lost meanwhile`)
      }),
      swarm.on('lost', ({ piece, reason }) => {
        output.event(
          'lost',
          { piece, message: reason.message },
          `piece ${piece} changed on disk and is looked at again: ${reason.message}`,
        )
      }),
      swarm.on('corrupt', ({ piece, suspects }) => {
        output.event(
          'corrupt',
          { piece, suspects },
          `piece ${piece} was corrupt and is asked for again`,
        )
      }),
      swarm.on('source', ({ source, level, message, ...facts }) => {
        output.event('source', { source: withoutSecrets(source), level, message, ...facts })
        if (level === 'warn' && !output.isJson) output.warn(message)
      }),
    )
    this.#timer = setInterval(() => this.#tick(), TICK_MS)
    if (output.isLive) void this.#goLive()
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000
  }

  totals(): Facts {
    const { downloadedBytes, uploadedBytes, wastedBytes } = this.#swarm.stats
    return {
      seconds: Math.round(this.seconds * 1000) / 1000,
      downloadedBytes,
      uploadedBytes,
      wastedBytes,
    }
  }

  complete(): void {
    this.#caching?.look()
    const { downloadedBytes } = this.#swarm.stats
    const rate = downloadedBytes / Math.max(0.001, this.seconds)
    this.#output.event(
      'complete',
      this.totals(),
      `complete: ${formatBytes(downloadedBytes)} in ${formatDuration(this.seconds)} (${formatRate(rate)}), every piece verified`,
    )
    this.#caching?.sayCrossed(this.#swarm.metainfo?.geometry.contentLength ?? 0)
  }

  seeding(): void {
    this.#output.event('seeding', this.totals(), 'seeding; Ctrl-C ends it')
  }

  stopped(): void {
    this.stop()
    const { uploadedBytes } = this.#swarm.stats
    this.#output.event('stopped', this.totals(), `stopped; ${formatBytes(uploadedBytes)} uploaded`)
  }

  /** No more lines. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    clearInterval(this.#timer)
    for (const undo of this.#undo) undo()
    this.#live?.stop()
  }

  #metadata(): void {
    const { metainfo } = this.#swarm
    if (metainfo === undefined) return
    const { name, infoHashV1, infoHashV2, geometry } = metainfo
    this.#last = name
    this.#output.event(
      'metadata',
      {
        name,
        infoHash: infoHashV1 ?? null,
        infoHashV2: infoHashV2 ?? null,
        totalLength: geometry.contentLength,
        pieceCount: geometry.pieceCount,
      },
      `${name}: ${formatBytes(geometry.contentLength)} in ${geometry.pieceCount} pieces`,
    )
  }

  #tick(): void {
    const { have, metainfo, stats } = this.#swarm
    this.#caching?.look()
    if (metainfo === undefined) return
    const cache = this.#caching?.shown
    const etaSeconds = this.#etaSeconds()
    if (this.#output.isJson) {
      this.#output.event('progress', {
        haveCount: have.count,
        pieceCount: metainfo.geometry.pieceCount,
        downloadedBytes: stats.downloadedBytes,
        uploadedBytes: stats.uploadedBytes,
        downloadRate: Math.round(stats.downloadBytesPerSecond),
        uploadRate: Math.round(stats.uploadBytesPerSecond),
        peers: stats.peersConnected,
        seeds: stats.seedsConnected,
        etaSeconds: etaSeconds === undefined ? null : Math.round(etaSeconds),
        ...(cache === undefined ? {} : { cache }),
      })
    } else if (this.#live !== undefined) this.#draw()
    else if (this.#ticks++ % PLAIN_TICKS === PLAIN_TICKS - 1) this.#plain(etaSeconds)
  }

  #plain(etaSeconds: number | undefined): void {
    const { have, metainfo, stats } = this.#swarm
    const pieceCount = metainfo?.geometry.pieceCount ?? 0
    const line =
      this.#checking === undefined
        ? `${have.count} of ${pieceCount} pieces, ↓ ${formatRate(stats.downloadBytesPerSecond)} ↑ ${formatRate(stats.uploadBytesPerSecond)}, ${stats.peersConnected} peers, ETA ${formatDuration(etaSeconds)}`
        : `checking what is there: ${Math.round(this.#checking * 100)} %`
    if (line !== this.#last) this.#output.line(line)
    this.#last = line
  }

  #draw(): void {
    const { metainfo, stats, isComplete } = this.#swarm
    if (this.#live === undefined || metainfo === undefined) return
    const totalBytes = metainfo.geometry.contentLength
    const left = stats.leftBytes ?? totalBytes
    const checking = this.#checking
    const role = this.#caching?.shown?.role
    const doing = isComplete ? 'seeding' : 'downloading'
    this.#live.draw({
      text:
        checking === undefined ? `${doing}${role === undefined ? '' : ` (${role})`}` : 'checking',
      share: checking ?? (totalBytes === 0 ? 1 : (totalBytes - left) / totalBytes),
      doneBytes: totalBytes - left,
      totalBytes,
      bytesPerSecond: stats.downloadBytesPerSecond,
      upBytesPerSecond: stats.uploadBytesPerSecond,
      peers: stats.peersConnected,
      etaSeconds: this.#etaSeconds(),
    })
  }

  #etaSeconds(): number | undefined {
    const { leftBytes, downloadBytesPerSecond } = this.#swarm.stats
    if (leftBytes === undefined || downloadBytesPerSecond < 1) return undefined
    return leftBytes / downloadBytesPerSecond
  }

  async #goLive(): Promise<void> {
    const { LiveDisplay } = await import('./live-display.ts')
    if (!this.#stopped) this.#live = new LiveDisplay(this.#output)
  }
}

/** Trackers know their users by what stands in the path or the query: only scheme and host are said. */
function withoutSecrets(source: string): string {
  if (!URL.canParse(source)) return source
  const { protocol, host } = new URL(source)
  return host === '' ? source : `${protocol}//${host}`
}
