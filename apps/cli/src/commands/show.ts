// bt show: what is in torrents and magnet links.

import { formatMagnet, type Magnet, magnetOf, type Metainfo } from '@bt/metainfo'
import { EXIT, type Failure, failureOf } from '../failure.ts'
import type { Facts, Output } from '../output.ts'
import { formatBytes } from '../quantities.ts'
import { openSource, type TorrentSource } from '../torrent-source.ts'

/** Shows them all in order; an unreadable one does not keep the others back. Answers the exit code. */
export async function show(sources: readonly string[], output: Output): Promise<number> {
  let exitCode: number = EXIT.done
  for (const [at, file] of sources.entries()) {
    const faults: Failure[] = []
    const facts = await openSource(file, {
      onWrongLayer: (fault) => faults.push(failureOf(fault)),
    }).catch((error: unknown) => {
      faults.push(failureOf(error))
    })
    if (at > 0 && facts !== undefined && !output.isJson) output.line('')
    if (output.isJson) output.json({ file, ...(facts && factsOf(facts)), ...errorFacts(faults) })
    else if (facts !== undefined) for (const line of linesOf(facts)) output.line(line)
    if (faults.length > 0) exitCode = EXIT.torrent
    for (const { message } of output.isJson ? [] : faults) output.warn(message)
  }
  return exitCode
}

/** The first thing that is wrong with it; where only layers are, the rest is shown beside. */
function errorFacts([failure]: readonly Failure[]): Facts {
  if (failure === undefined) return {}
  const { offset } = failure.facts
  const { code, message } = failure
  return { error: { code, message, ...(offset === undefined ? {} : { offset }) } }
}

function factsOf({ metainfo, magnet }: TorrentSource): Facts {
  return metainfo === undefined ? magnetFacts(magnet) : torrentFacts(metainfo)
}

function linesOf({ metainfo, magnet }: TorrentSource): Iterable<string> {
  return metainfo === undefined ? magnetLines(magnet) : torrentLines(metainfo)
}

function torrentFacts(metainfo: Metainfo): Facts {
  return {
    infoHash: metainfo.infoHashV1 ?? null,
    infoHashV2: metainfo.infoHashV2 ?? null,
    version: metainfo.version,
    name: metainfo.name,
    totalLength: metainfo.geometry.contentLength,
    pieceLength: metainfo.geometry.pieceLength,
    pieceCount: metainfo.geometry.pieceCount,
    private: metainfo.isPrivate,
    files: contentFiles(metainfo).map(({ path, length, attributes }) => ({
      path,
      length,
      attributes: attributes ?? '',
    })),
    trackers: metainfo.announceTiers,
    webSeeds: metainfo.webSeeds,
    comment: metainfo.comment ?? null,
    createdBy: metainfo.createdBy ?? null,
    creationDate: metainfo.creationDate ?? null,
  }
}

function magnetFacts(magnet: Magnet): Facts {
  const version =
    magnet.infoHashV1 === undefined ? '2' : magnet.infoHashV2 === undefined ? '1' : 'hybrid'
  return {
    infoHash: magnet.infoHashV1 ?? null,
    infoHashV2: magnet.infoHashV2 ?? null,
    version,
    name: magnet.name ?? null,
    trackers: magnet.trackers.map((url) => [url]),
    webSeeds: magnet.webSeeds,
    peers: magnet.peers,
    select: magnet.select ?? null,
  }
}

function* torrentLines(metainfo: Metainfo): Iterable<string> {
  const { geometry } = metainfo
  const files = contentFiles(metainfo)
  yield `name        ${metainfo.name}`
  if (metainfo.infoHashV1 !== undefined) yield `infohash    ${metainfo.infoHashV1}`
  if (metainfo.infoHashV2 !== undefined) yield `infohash v2 ${metainfo.infoHashV2}`
  yield `version     ${metainfo.version}${metainfo.isPrivate ? ', private' : ''}`
  yield `content     ${formatBytes(geometry.contentLength)} in ${files.length} ${files.length === 1 ? 'file' : 'files'}`
  yield `pieces      ${geometry.pieceCount} of ${formatBytes(geometry.pieceLength)}`
  for (const [tier, urls] of metainfo.announceTiers.entries())
    yield `tracker     ${urls.join(' ')}${tier > 0 ? ` (tier ${tier + 1})` : ''}`
  for (const url of metainfo.webSeeds) yield `web seed    ${url}`
  if (metainfo.comment !== undefined) yield `comment     ${oneLine(metainfo.comment)}`
  if (metainfo.createdBy !== undefined) yield `created by  ${oneLine(metainfo.createdBy)}`
  if (metainfo.creationDate !== undefined) yield `created     ${dateText(metainfo.creationDate)}`
  yield `magnet      ${formatMagnet(magnetOf(metainfo))}`
  for (const { path, length } of files)
    yield `  ${formatBytes(length).padStart(10)}  ${path.join('/')}`
}

function* magnetLines(magnet: Magnet): Iterable<string> {
  if (magnet.name !== undefined) yield `name        ${oneLine(magnet.name)}`
  if (magnet.infoHashV1 !== undefined) yield `infohash    ${magnet.infoHashV1}`
  if (magnet.infoHashV2 !== undefined) yield `infohash v2 ${magnet.infoHashV2}`
  for (const url of magnet.trackers) yield `tracker     ${url}`
  for (const url of magnet.webSeeds) yield `web seed    ${url}`
  for (const { host, port } of magnet.peers) yield `peer        ${host}:${port}`
  if (magnet.select !== undefined) yield `select      ${magnet.select.join(', ')}`
}

/** Pad files are no content (BEP 47). */
function contentFiles(metainfo: Metainfo): Metainfo['files'] {
  return metainfo.files.filter(({ attributes }) => attributes?.includes('p') !== true)
}

/** A stranger's text on one line, with nothing that could steer the terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, 300)
}

function dateText(seconds: number): string {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime())
    ? `${seconds} s after 1970`
    : date.toISOString().replace('.000Z', 'Z')
}
