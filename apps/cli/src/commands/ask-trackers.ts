// bt announce and bt scrape: asks the trackers of a torrent once and prints what they say.

import { type InfoHash, parseInfoHash, parsePeerId, truncateInfoHash } from '@bt/primitives'
import { announceTo, scrapeFrom } from '@bt/tracker-client'
import { nodePorts } from '@bt/runtime-node'
import { EXIT, Failure } from '../failure.ts'
import { PEER_ID_PREFIX } from '../identity.ts'
import type { Output } from '../output.ts'
import { openSource } from '../torrent-source.ts'

export interface AskOptions {
  /** For a tracker's own URL: which torrent to ask about. */
  readonly infoHash?: string
  readonly port: number
  readonly host?: string
  /** Addresses of peers are printed one a line. */
  readonly timeoutSeconds: number
}

interface Questions {
  readonly trackers: readonly string[]
  readonly infoHashes: readonly InfoHash[]
}

/** Asks each tracker once, without joining: a goodbye follows. Exit 1 when none answered. */
export async function announce(
  source: string,
  options: AskOptions,
  output: Output,
): Promise<number> {
  return ask(source, options, output, async (tracker, infoHash, ports) => {
    const peerId = parsePeerId(randomPeerId(ports))
    if (peerId === undefined) throw new Failure(EXIT.failed, 'FAILED', 'a peer id has 20 bytes')
    const request = {
      infoHash,
      peerId,
      port: options.port,
      uploadedBytes: 0,
      downloadedBytes: 0,
      leftBytes: 1,
      numWant: 50,
      compact: true,
      key: ports.random.below(2 ** 32),
    }
    const call = (event: 'started' | 'stopped') =>
      new Promise<Awaited<Parameters<Parameters<typeof announceTo>[4]>[1]>>((resolve, reject) => {
        announceTo(
          tracker,
          { ...request, event, ...(event === 'stopped' ? { numWant: 0 } : {}) },
          ports,
          limits(options),
          (error, answers) => (error === undefined ? resolve(answers) : reject(error)),
        )
      })
    const answers = await call('started')
    await call('stopped').catch(() => undefined)
    for (const { response, from } of answers) {
      const peers = response.peers.map(({ host, port }) => ({ host, port }))
      const { complete, incomplete, intervalSeconds, warning, externalAddress } = response
      output.event(
        'announce',
        {
          tracker,
          infoHash,
          address: from,
          complete,
          incomplete,
          intervalSeconds,
          peers,
          warning: warning ?? null,
          externalAddress: externalAddress ?? null,
        },
        `${tracker}: ${complete} seeds, ${incomplete} leeches, again in ${intervalSeconds} s, ${peers.length} peers${peers.map(({ host, port }) => `\n  ${host}:${port}`).join('')}`,
      )
    }
  })
}

/** Asks each tracker for the counts. Exit 1 when none answered. */
export async function scrape(source: string, options: AskOptions, output: Output): Promise<number> {
  return ask(source, options, output, async (tracker, infoHash, ports) => {
    const { files } = await new Promise<Parameters<Parameters<typeof scrapeFrom>[4]>[1]>(
      (resolve, reject) => {
        scrapeFrom(tracker, [infoHash], ports, limits(options), (error, answer) =>
          error === undefined ? resolve(answer) : reject(error),
        )
      },
    )
    const counts = files.get(infoHash)
    if (counts === undefined)
      throw new Failure(EXIT.failed, 'NOT_KNOWN', `${tracker} does not know ${infoHash}`)
    output.event(
      'scrape',
      { tracker, infoHash, ...counts },
      `${tracker}: ${counts.complete} seeds, ${counts.incomplete} leeches, ${counts.downloaded} completed`,
    )
  })
}

type AskOne = (
  tracker: string,
  infoHash: InfoHash,
  ports: ReturnType<typeof nodePorts>,
) => Promise<void>

async function ask(
  source: string,
  options: AskOptions,
  output: Output,
  one: AskOne,
): Promise<number> {
  const { trackers, infoHashes } = await questionsOf(source, options)
  if (trackers.length === 0)
    throw new Failure(EXIT.failed, 'NO_TRACKER', `${source} names no tracker`)
  const ports = nodePorts({
    directory: '.',
    ...(options.host === undefined ? {} : { host: options.host }),
  })
  let answered = 0
  try {
    for (const tracker of trackers) {
      for (const infoHash of infoHashes) {
        try {
          await one(tracker, infoHash, ports)
          answered++
        } catch (error) {
          const { message, code = 'FAILED' } = error as Error & { code?: string }
          output.event('error', { code, message, tracker })
          if (!output.isJson) output.warn(message)
        }
      }
    }
  } finally {
    await ports.close()
  }
  return answered > 0 ? EXIT.done : EXIT.failed
}

/** A tracker's own URL needs --info-hash; a torrent or magnet brings both. */
async function questionsOf(source: string, options: AskOptions): Promise<Questions> {
  if (
    /^udp:\/\//i.test(source) ||
    (/^https?:\/\//i.test(source) && options.infoHash !== undefined)
  ) {
    const infoHash = parseInfoHash(options.infoHash ?? '')
    if (infoHash === undefined)
      throw new Failure(
        EXIT.usage,
        'USAGE',
        'asking a tracker by its URL needs --info-hash with 40 hex digits',
      )
    return { trackers: [source], infoHashes: [infoHash] }
  }
  const { metainfo, magnet } = await openSource(source)
  if (metainfo !== undefined)
    return { trackers: metainfo.announceTiers.flat(), infoHashes: metainfo.wireHashes }
  const hashes = [
    magnet.infoHashV1,
    magnet.infoHashV2 === undefined ? undefined : truncateInfoHash(magnet.infoHashV2),
  ]
  return { trackers: magnet.trackers, infoHashes: hashes.filter((hash) => hash !== undefined) }
}

function limits(options: AskOptions): { readonly timeoutMs: number; readonly attemptsMax: number } {
  return { timeoutMs: options.timeoutSeconds * 1000, attemptsMax: 1 }
}

function randomPeerId({ random }: ReturnType<typeof nodePorts>): Uint8Array {
  const id = new Uint8Array(20)
  random.fill(id)
  id.set(new TextEncoder().encode(PEER_ID_PREFIX))
  return id
}
