// What a command is given instead of a torrent: a file, a magnet link, an infohash, or an address of the web.

import { readFile } from 'node:fs/promises'
import {
  type Magnet,
  type Metainfo,
  type ParseOptions,
  parseMagnet,
  parseMetainfo,
} from '@bt/metainfo'
import { EXIT, Failure, failureOf } from './failure.ts'

/** Bytes of a .torrent from the web: the largest in use are some 20 MB. */
const TORRENT_LENGTH_MAX = 64 * 1024 * 1024
const FETCH_MS = 60_000
const REDIRECTS_MAX = 5

export type TorrentSource =
  | { readonly metainfo: Metainfo; readonly magnet?: undefined }
  | { readonly magnet: Magnet; readonly metainfo?: undefined }

/** Reads whatever `source` is. Errors say what to do. */
export async function openSource(
  source: string,
  options: ParseOptions = {},
): Promise<TorrentSource> {
  if (/^magnet:/i.test(source) || /^([0-9a-f]{40}|[a-z2-7]{32})$/i.test(source))
    return { magnet: understood(source, 'magnet link', () => parseMagnet(source)) }
  if (/^https?:\/\//i.test(source)) {
    const bytes = await fetchTorrent(source)
    return { metainfo: understood(source, 'torrent', () => parseMetainfo(bytes, options)) }
  }
  return { metainfo: await readTorrent(source, options) }
}

/** A .torrent file. */
export async function readTorrent(path: string, options: ParseOptions = {}): Promise<Metainfo> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EISDIR'
          ? 'is a folder, not a .torrent'
          : (error as Error).message
    throw new Failure(
      EXIT.torrent,
      'CANNOT_READ',
      `${path}: ${why}; give a .torrent file, a magnet link or an http address`,
      { file: path },
      error,
    )
  }
  return understood(path, 'torrent', () => parseMetainfo(bytes, options))
}

/** What `parse` makes of it; its error says which source was meant. */
function understood<Parsed>(source: string, kind: string, parse: () => Parsed): Parsed {
  try {
    return parse()
  } catch (error) {
    const { code, facts } = failureOf(error)
    const message = `${source} is not a usable ${kind}: ${(error as Error).message}`
    throw new Failure(EXIT.torrent, code, message, facts, error)
  }
}

/** The user named this address, so it may be anywhere; a redirect may not lead further inside than it did. */
async function fetchTorrent(url: string): Promise<Uint8Array> {
  const { nodePorts } = await import('@bt/runtime-node')
  const { mayDial, ipClass } = await import('@bt/primitives')
  const ports = nodePorts({ directory: '.' })
  let first: ReturnType<typeof ipClass> | undefined
  const admit = (address: string): boolean => {
    first ??= ipClass(address)
    return mayDial(address, first)
  }
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      ports.http.request(
        {
          url,
          timeoutMs: FETCH_MS,
          bodyLengthMax: TORRENT_LENGTH_MAX,
          redirectsMax: REDIRECTS_MAX,
          admit,
        },
        (error, response) => {
          if (error !== undefined)
            reject(
              new Failure(EXIT.failed, 'CANNOT_FETCH', `${url}: ${error.message}`, { url }, error),
            )
          else if (response.status !== 200)
            reject(
              new Failure(
                EXIT.failed,
                'CANNOT_FETCH',
                `${url} answered with status ${response.status}, not with a torrent`,
                { url, status: response.status },
              ),
            )
          else resolve(response.body)
        },
      )
    })
  } finally {
    await ports.close()
  }
}
