// A transport whose owner lies: a bit of every block that goes out is wrong. Messages stay as they are.

import type { ByteChannel, Transport } from '@bt/ports'

/** Chunks below this are messages, not content. */
const CONTENT_MIN = 1024

export function spoilingTransport(inner: Transport): Transport {
  return {
    dial: (remote, options, done) =>
      inner.dial(remote, options, (error, channel) => {
        if (error === undefined) done(undefined, spoiling(channel))
        else done(error, undefined as never)
      }),
    listen: (options, accept, done) =>
      inner.listen(options, (channel) => accept(spoiling(channel)), done),
  }
}

function spoiling(inner: ByteChannel): ByteChannel {
  return {
    remote: inner.remote,
    carriers: inner.carriers,
    start: (reader) => inner.start(reader),
    send: (chunks, sent) => inner.send(chunks.map(spoiled), sent),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: (reason) => inner.abort(reason),
    get queuedBytes() {
      return inner.queuedBytes
    },
  }
}

function spoiled(chunk: Uint8Array): Uint8Array {
  if (chunk.length < CONTENT_MIN) return chunk
  const wrong = chunk.slice()
  const middle = wrong.length >> 1
  wrong[middle] = (wrong[middle] as number) ^ 1
  return wrong
}
