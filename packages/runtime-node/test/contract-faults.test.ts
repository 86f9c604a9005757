// Goal: the suites of Transport, Datagrams and Http find an adapter that breaks one rule. Method: the real adapter in
// a wrapper that breaks it; the check that is about this rule must fail.
import type { ByteChannel, ChannelReader, Datagrams, Http, Transport } from '@bt/ports'
import { type Check, datagramsContract, httpContract, transportContract } from '@bt/ports/contract'
import { describe, expect, test } from 'vitest'
import { HttpClient } from '../src/http-client.ts'
import { SystemResolver } from '../src/system-resolver.ts'
import { TcpTransport } from '../src/tcp-transport.ts'
import { UdpDatagrams } from '../src/udp-datagrams.ts'
import { realWorld } from './real-world.ts'

/** Long enough for what happens, short for what never does. */
const PATIENCE_MS = 400
const HOST = '127.0.0.1'

async function found(checks: readonly Check[], about: RegExp): Promise<void> {
  const chosen = checks.filter(({ name }) => about.test(name))
  expect(chosen.length).toBeGreaterThan(0)
  for (const check of chosen) await expect(check.run(), check.name).rejects.toThrow()
}

type ChannelChange = (inner: ByteChannel) => Partial<ByteChannel>
type ReaderChange = (inner: ChannelReader) => Partial<ChannelReader>

/** A channel with some of its methods, or of its reader's, replaced. */
function bent(inner: ByteChannel, channel: ChannelChange, reader: ReaderChange): ByteChannel {
  const right: ByteChannel = {
    get queuedBytes() {
      return inner.queuedBytes
    },
    remote: inner.remote,
    carriers: inner.carriers,
    start: (given) =>
      inner.start({
        received: (chunk) => given.received(chunk),
        drained: () => given.drained(),
        closed: (reason) => given.closed(reason),
        ...reader(given),
      }),
    send: (chunks, sent) => inner.send(chunks, sent),
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: (reason) => inner.abort(reason),
  }
  return Object.defineProperties(right, Object.getOwnPropertyDescriptors(channel(inner)))
}

function transportChecks(
  channel: ChannelChange,
  reader: ReaderChange = () => ({}),
  whole: (inner: Transport) => Partial<Transport> = () => ({}),
  poison = true,
): Check[] {
  return transportContract(async () => {
    const tcp = new TcpTransport({ poison })
    const transport: Transport = {
      dial: (remote, options, done) =>
        tcp.dial(remote, options, (error, dialled) =>
          done(error, error ? dialled : bent(dialled, channel, reader)),
        ),
      listen: (options, accept, done) =>
        tcp.listen(options, (accepted) => accept(bent(accepted, channel, reader)), done),
      ...whole(tcp),
    }
    const world = realWorld(() => tcp.close(), PATIENCE_MS)
    return { near: transport, far: transport, farHost: HOST, nearHost: HOST, ...world }
  })
}

describe('the suite of Transport finds', () => {
  const channels: readonly (readonly [string, RegExp, ChannelChange, ReaderChange?])[] = [
    [
      'a sent that never comes',
      /^bytes arrive whole/,
      (inner) => ({ send: (chunks) => inner.send(chunks) }),
    ],
    [
      'a sent that comes inside send',
      /^bytes arrive whole/,
      (inner) => ({
        send: (chunks, sent) => {
          sent?.()
          return inner.send(chunks)
        },
      }),
    ],
    [
      'a sent that comes twice',
      /^bytes arrive whole/,
      (inner) => ({
        send: (chunks, sent) => {
          inner.send([], sent)
          return inner.send(chunks, sent)
        },
      }),
    ],
    [
      'chunks in the wrong order',
      /^a gathered write/,
      (inner) => ({ send: (chunks, sent) => inner.send([...chunks].reverse(), sent) }),
    ],
    [
      'a send that is never full',
      /does not read makes send answer false/,
      (inner) => ({
        send: (chunks, sent) => {
          inner.send(chunks, sent)
          return true
        },
      }),
    ],
    [
      'a drained that never comes',
      /does not read makes send answer false|drained may send on/,
      () => ({}),
      () => ({ drained: () => {} }),
    ],
    ['a pause that does nothing', /^a paused channel/, () => ({ pause: () => {} })],
    ['a resume that does nothing', /^a paused channel/, () => ({ resume: () => {} })],
    [
      'delivery before start',
      /^before start nothing/,
      (inner) => {
        let early = 0
        inner.start({ received: () => early++, drained: () => {}, closed: () => {} })
        return { start: (reader) => void (early > 0 && reader.received(new Uint8Array(early))) }
      },
    ],
    [
      'a close that throws away what is queued',
      /^close sends what is queued/,
      (inner) => ({ close: () => inner.abort(new Error('closed')) }),
    ],
    [
      'an abort that forgets its reason',
      /^abort throws away|^after abort or close/,
      (inner) => ({ abort: () => inner.abort(new Error('some reason')) }),
    ],
    [
      'an abort that looks like an end in order',
      /^an abort with nothing under way/,
      (inner) => ({ abort: () => inner.close() }),
    ],
    [
      'a closed that comes twice',
      /^close sends what is queued/,
      () => ({}),
      (reader) => ({
        closed: (reason) => {
          reader.closed(reason)
          reader.closed(reason)
        },
      }),
    ],
    [
      'delivery after an end from inside',
      /^close from inside received/,
      () => ({}),
      (reader) => ({
        received: (chunk) => {
          reader.received(chunk)
          reader.received(chunk)
        },
      }),
    ],
    [
      'an empty chunk',
      /^bytes arrive whole/,
      () => ({}),
      (reader) => ({
        received: (chunk) => {
          reader.received(new Uint8Array(0))
          reader.received(chunk)
        },
      }),
    ],
    ['bytes left in the count of the queue', /^bytes arrive whole/, () => ({ queuedBytes: 5 })],
    [
      'the wrong far end',
      /^a channel says who/,
      (inner) => ({ remote: { host: '10.9.9.9', port: inner.remote.port } }),
    ],
    ['no carriers', /^a channel says who/, () => ({ carriers: [] })],
  ]
  for (const [fault, about, channel, reader] of channels) {
    test(fault, () => found(transportChecks(channel, reader), about))
  }

  test('chunks that are not poisoned', () =>
    found(
      transportChecks(() => ({}), undefined, undefined, false),
      /^a chunk is lent/,
    ))

  test('a cancel that does nothing', () => {
    const whole = (tcp: Transport): Partial<Transport> => ({
      dial: (remote, options, done) => {
        tcp.dial(remote, options, done)
        return { cancel: () => {} }
      },
    })
    return found(
      transportChecks(() => ({}), undefined, whole),
      /^a cancelled dial/,
    )
  })

  test('an error that is not typed', () => {
    const whole = (tcp: Transport): Partial<Transport> => ({
      dial: (remote, options, done) =>
        tcp.dial(remote, options, (error, made) => done(error && new Error('no'), made)),
    })
    return found(
      transportChecks(() => ({}), undefined, whole),
      /REFUSED|BAD_ADDRESS/,
    )
  })
})

describe('the suite of Datagrams finds', () => {
  const checks = (change: (inner: Datagrams) => Partial<Datagrams>, poison = true): Check[] =>
    datagramsContract(async () => {
      const udp = new UdpDatagrams({ poison })
      const datagrams: Datagrams = {
        open: (options, receiver, done) => udp.open(options, receiver, done),
        ...change(udp),
      }
      const world = realWorld(() => udp.close(), PATIENCE_MS)
      return { near: datagrams, far: datagrams, nearHost: HOST, farHost: HOST, family: 4, ...world }
    })

  test('memory that is not poisoned', () =>
    found(
      checks(() => ({}), false),
      /^what is lent/,
    ))

  test('answers that are never sent', () => {
    const change = (udp: Datagrams): Partial<Datagrams> => ({
      open: (options, receiver, done) => {
        const deaf = (
          batch: Parameters<typeof receiver.received>[0],
          replies: typeof batch,
        ): void => {
          receiver.received(batch, replies)
          replies.count = 0
        }
        udp.open(options, { received: deaf }, done)
      },
    })
    return found(checks(change), /^answers put into replies/)
  })

  test('replies that are not the ones given', () => {
    const change = (udp: Datagrams): Partial<Datagrams> => ({
      open: ({ host, port, family }, receiver, done) =>
        udp.open({ ...(host !== undefined && { host }), port, family }, receiver, done),
    })
    return found(checks(change), /^memory given for replies/)
  })
})

describe('the suite of Http finds', () => {
  const checks = (change: (inner: Http) => Http['request']): Check[] =>
    httpContract(async () => {
      const client = new HttpClient({ resolver: new SystemResolver() })
      const world = realWorld(() => client.close(), PATIENCE_MS)
      // No server is needed for these checks.
      const serve = async () => ({ url: `http://${HOST}:1`, address: HOST })
      const http: Http = { request: change(client) }
      return { http, serve, refusing: `http://${HOST}:1`, unknownHost: 'nobody.invalid', ...world }
    })

  test('an admit that is never asked', () =>
    found(
      checks((http) => (call, done) => http.request({ ...call, admit: () => true }, done)),
      /^an address that is not admitted/,
    ))

  test('a cancel that does nothing', () =>
    found(
      checks((http) => (call, done) => {
        http.request(call, done)
        return { cancel: () => {} }
      }),
      /^a cancelled request/,
    ))

  test('errors that are not typed', () =>
    found(
      checks((http) => (call, done) => {
        return http.request(call, (error, response) => done(error && new Error('no'), response))
      }),
      /^only http and https|^nobody there/,
    ))
})
