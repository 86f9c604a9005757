// Counts the payload and protocol bytes that go from site to site: a Transport around a Transport.
//
// Only dialled channels are counted, in both directions, since there both ends are known: the dialler's own site and the
// listening port dialled.

import type { ByteChannel, ChannelReader, Transport } from '@bt/ports'

export interface SiteTraffic {
  /** `transport` of a host in `site`. */
  wrap(transport: Transport, site: string): Transport
  /** The host that listens on `port` is in `site`. */
  place(port: number, site: string): void
  /** Bytes from site to site, sorted by name. */
  links(): readonly { readonly from: string; readonly to: string; readonly bytes: number }[]
}

export function countSites(): SiteTraffic {
  const siteOf = new Map<number, string>()
  const bytesOf = new Map<string, number>()
  const count = (from: string, to: string, bytes: number): void => {
    const link = `${from}\n${to}`
    bytesOf.set(link, (bytesOf.get(link) ?? 0) + bytes)
  }
  return {
    wrap: (transport, site) => ({
      dial: (remote, options, done) =>
        transport.dial(remote, options, (error, channel) => {
          if (error !== undefined) return done(error, channel)
          const far = siteOf.get(remote.port) ?? 'elsewhere'
          done(
            undefined,
            counting(
              channel,
              (bytes) => count(far, site, bytes),
              (bytes) => count(site, far, bytes),
            ),
          )
        }),
      listen: (options, accept, done) => transport.listen(options, accept, done),
    }),
    place: (port, site) => siteOf.set(port, site),
    links: () =>
      [...bytesOf]
        .map(([link, bytes]) => {
          const [from = '', to = ''] = link.split('\n')
          return { from, to, bytes }
        })
        .toSorted((one, other) => (one.from + one.to < other.from + other.to ? -1 : 1)),
  }
}

function counting(
  channel: ByteChannel,
  received: (bytes: number) => void,
  sent: (bytes: number) => void,
): ByteChannel {
  return {
    remote: channel.remote,
    carriers: channel.carriers,
    get queuedBytes() {
      return channel.queuedBytes
    },
    start: (reader: ChannelReader) =>
      channel.start({
        received: (chunk) => {
          received(chunk.length)
          reader.received(chunk)
        },
        drained: () => reader.drained(),
        closed: (reason) => reader.closed(reason),
      }),
    send: (chunks, done) => {
      for (const chunk of chunks) sent(chunk.length)
      return channel.send(chunks, done)
    },
    pause: () => channel.pause(),
    resume: () => channel.resume(),
    close: () => channel.close(),
    abort: (reason) => channel.abort(reason),
  }
}
