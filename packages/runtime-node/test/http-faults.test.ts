// The HTTP client against servers that lie, flood, stall and redirect: written byte by byte over node:net.
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { HttpRequest, HttpResponse, Resolver } from '@bt/ports'
import { afterEach, describe, expect, test } from 'vitest'
import { describeVectors } from '../../../tests/support/vectors.ts'
import { HttpClient } from '../src/http-client.ts'
import { HEADERS_LENGTH_MAX, URL_LENGTH_MAX } from '../src/http-exchange.ts'
import { SystemResolver } from '../src/system-resolver.ts'
import { CERTIFICATE, KEY } from './self-signed.ts'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

/** Answers every request with these bytes; the requests as they came are in `seen`. */
async function raw(
  answer: (request: string, socket: net.Socket) => void,
): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (chunk) => {
      seen.push(chunk.toString('latin1'))
      answer(chunk.toString('latin1'), socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

function client(options: Partial<ConstructorParameters<typeof HttpClient>[0]> = {}): HttpClient {
  const made = new HttpClient({ resolver: new SystemResolver(), ...options })
  open.push(() => made.close())
  return made
}

function get(
  url: string,
  call: Partial<HttpRequest> = {},
  using: HttpClient = client(),
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const request = {
      url,
      timeoutMs: 5000,
      bodyLengthMax: 1_000_000,
      redirectsMax: 5,
      admit: () => true,
      ...call,
    }
    using.request(request, (error, response) => (error ? reject(error) : resolve(response)))
  })
}

const http = (...lines: string[]): string => `${lines.join('\r\n')}\r\n\r\n`

describe('[G01] an answer that is not HTTP is BAD_RESPONSE', () => {
  const garbage: readonly (readonly [string, string])[] = [
    ['text', 'hello, I am not HTTP\r\n\r\n'],
    ['a negative content length', http('HTTP/1.1 200 OK', 'Content-Length: -1')],
    ['two content lengths', http('HTTP/1.1 200 OK', 'Content-Length: 1', 'Content-Length: 2')],
    [
      'a chunk of 2^72 − 1 bytes',
      `${http('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}ffffffffffffffffff\r\n`,
    ],
    [
      'a chunk length that is none',
      `${http('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}-5\r\nhello\r\n`,
    ],
    [
      'a coding nobody asked for',
      `${http('HTTP/1.1 200 OK', 'Content-Encoding: br', 'Content-Length: 2')}ab`,
    ],
    [
      'gzip that is none',
      `${http('HTTP/1.1 200 OK', 'Content-Encoding: gzip', 'Content-Length: 5')}hello`,
    ],
    [
      'another protocol',
      http('HTTP/1.1 101 Switching', 'Upgrade: websocket', 'Connection: Upgrade'),
    ],
  ]
  for (const [name, bytes] of garbage) {
    test(name, async () => {
      const { port } = await raw((_request, socket) => void socket.end(bytes, 'latin1'))
      await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
        name: 'NetworkError',
        code: 'BAD_RESPONSE',
      })
    })
  }

  test('a chunk of 2^64 − 1 bytes costs no more than what comes', async () => {
    const { port } = await raw((_request, socket) => {
      socket.end(`${http('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}ffffffffffffffff\r\nabc`)
    })
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'RESET' })
  })

  test('a body that ends early is an error', async () => {
    const { port } = await raw((_request, socket) => {
      socket.end(`${http('HTTP/1.1 200 OK', 'Content-Length: 100')}short`)
    })
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'RESET' })
  })

  test('a connection that is broken off before the answer is an error', async () => {
    const { port } = await raw((_request, socket) => void socket.destroy())
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'RESET' })
  })
})

describe('[G03] what a server may cost is bounded', () => {
  test('a megabyte of headers is TOO_LONG', async () => {
    const { port } = await raw((_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\n')
      for (let line = 0; line < 1000; line++) socket.write(`X-${line}: ${'y'.repeat(1000)}\r\n`)
    })
    const failure = await get(`http://127.0.0.1:${port}/`).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'TOO_LONG' })
    expect(String(failure)).toContain(String(HEADERS_LENGTH_MAX))
  })

  test('a declared length over the limit is refused before the body', async () => {
    const { port } = await raw((_request, socket) => {
      socket.write(http('HTTP/1.1 200 OK', 'Content-Length: 1000001'))
    })
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'TOO_LONG' })
  })

  test('an endless chunked body is TOO_LONG', async () => {
    const { port } = await raw((_request, socket) => {
      socket.write(http('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'))
      const more = (): void => {
        if (!socket.destroyed && socket.write(`10000\r\n${'z'.repeat(0x10000)}\r\n`))
          setImmediate(more)
      }
      socket.on('drain', more)
      more()
    })
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'TOO_LONG' })
  })

  test('headers, and a body, that drip are ended by the one timer', async () => {
    for (const head of ['', http('HTTP/1.1 200 OK', 'Content-Length: 1000')]) {
      const { port } = await raw((_request, socket) => {
        socket.write(head === '' ? 'HTTP/1.1 200 OK\r\n' : head)
        const drip = setInterval(() => socket.write('x'), 5)
        socket.on('close', () => clearInterval(drip))
      })
      const call = get(`http://127.0.0.1:${port}/`, { timeoutMs: 100 })
      await expect(call).rejects.toMatchObject({ code: 'TIMED_OUT' })
    }
  })

  test('gzip is unpacked, and its limit counts unpacked bytes', async () => {
    const packed = gzipSync(Buffer.alloc(50_000, 'a'))
    const { port, seen } = await raw((_request, socket) => {
      socket.write(
        http('HTTP/1.1 200 OK', 'Content-Encoding: gzip', `Content-Length: ${packed.length}`),
      )
      socket.end(packed)
    })
    const response = await get(`http://127.0.0.1:${port}/`, { bodyLengthMax: 50_000 })
    expect(response.body).toEqual(new Uint8Array(50_000).fill(0x61))
    expect(seen[0]).toMatch(/accept-encoding: gzip/i)
    await expect(get(`http://127.0.0.1:${port}/`, { bodyLengthMax: 49_999 })).rejects.toMatchObject(
      {
        code: 'TOO_LONG',
      },
    )
  })

  test('a range is asked for without a coding', async () => {
    const { port, seen } = await raw((_request, socket) => {
      socket.end(`${http('HTTP/1.1 206 Partial', 'Content-Length: 2')}ab`)
    })
    await get(`http://127.0.0.1:${port}/`, { range: [0, 1] })
    expect(seen[0]).toMatch(/accept-encoding: identity/i)
  })
})

describeVectors('[G03] packed bodies of the vectors', (vectors) => {
  const served = async (file: string): Promise<number> => {
    const bytes = vectors.bytes(`raw/${file}`)
    const { port } = await raw((_request, socket) => {
      socket.write(
        http('HTTP/1.1 200 OK', 'Content-Encoding: gzip', `Content-Length: ${bytes.length}`),
      )
      socket.end(bytes)
    })
    return port
  }

  test('the bomb of 256 MiB ends at the limit, within little memory', async () => {
    const port = await served('bomb-256MiB.gz')
    const before = process.memoryUsage()
    const call = get(`http://127.0.0.1:${port}/`, { bodyLengthMax: 2 ** 20 })
    await expect(call).rejects.toMatchObject({ code: 'TOO_LONG' })
    const after = process.memoryUsage()
    const grown = after.arrayBuffers + after.external - before.arrayBuffers - before.external
    expect(grown).toBeLessThan(8 * 2 ** 20)
  })

  test('a corrupt one is BAD_RESPONSE, a good one is unpacked', async () => {
    const corrupt = get(`http://127.0.0.1:${await served('corrupt.gz')}/`)
    await expect(corrupt).rejects.toMatchObject({ code: 'BAD_RESPONSE' })
    const { body } = await get(`http://127.0.0.1:${await served('zeroes.gz')}/`)
    expect(body.length).toBeGreaterThan(0)
    expect(body.every((byte) => byte === 0)).toBe(true)
  })
})

describe('[G04] redirects', () => {
  test('credentials stay with the origin they were for', async () => {
    const other = await raw(
      (_request, socket) => void socket.end(http('HTTP/1.1 200 OK', 'Content-Length: 0')),
    )
    const first = await raw((request, socket) => {
      const next = request.startsWith('GET /a') ? '/b' : `http://127.0.0.1:${other.port}/c`
      socket.end(http('HTTP/1.1 302 Found', `Location: ${next}`, 'Content-Length: 0'))
    })
    const headers = new Map([
      ['Authorization', 'secret'],
      ['Cookie', 'secret'],
      ['User-Agent', 'test'],
    ])
    await get(`http://me:pass@127.0.0.1:${first.port}/a`, { headers })
    expect(first.seen.length).toBe(2)
    expect(first.seen[1]).toContain('secret')
    expect(other.seen[0]).not.toMatch(/secret|authorization|cookie/i)
    expect(other.seen[0]).toContain('test')
  })

  test('a loop ends', async () => {
    const { port, seen } = await raw((_request, socket) => {
      socket.end(http('HTTP/1.1 302 Found', 'Location: /', 'Content-Length: 0'))
    })
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({
      code: 'TOO_MANY_REDIRECTS',
    })
    expect(seen.length).toBe(6)
  })

  test('a redirect without a place to go is an answer', async () => {
    const { port } = await raw((_request, socket) => {
      socket.end(`${http('HTTP/1.1 302 Found', 'Content-Length: 2')}ok`)
    })
    expect((await get(`http://127.0.0.1:${port}/`)).status).toBe(302)
  })

  test('a URL beyond the limit is BAD_URL', async () => {
    const url = `http://127.0.0.1/${'a'.repeat(URL_LENGTH_MAX)}`
    await expect(get(url)).rejects.toMatchObject({ code: 'BAD_URL' })
    const { port } = await raw((_request, socket) => {
      socket.end(http('HTTP/1.1 302 Found', `Location: /${'a'.repeat(URL_LENGTH_MAX)}`))
    })
    await expect(get(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'BAD_URL' })
  })
})

describe('[G06] the address that was admitted is the one connected to', () => {
  const answering = (answers: readonly (readonly string[])[]): Resolver & { asked: number } => {
    const resolver = {
      asked: 0,
      resolve(
        _host: string,
        _family: unknown,
        done: (error: undefined, value: readonly string[]) => void,
      ) {
        const found = answers[Math.min(resolver.asked++, answers.length - 1)] as readonly string[]
        process.nextTick(() => done(undefined, found))
        return { cancel: () => {} }
      },
    }
    return resolver
  }
  const ok = (_request: string, socket: net.Socket): void =>
    void socket.end(http('HTTP/1.1 200 OK', 'Content-Length: 0'))

  test('a name is resolved once a hop, and its host header stays', async () => {
    const { port, seen } = await raw(ok)
    const resolver = answering([['127.0.0.1'], ['203.0.113.9']])
    const admitted: string[] = []
    const call = { admit: (address: string) => admitted.push(address) > 0 }
    const response = await get(`http://rebind.example:${port}/`, call, client({ resolver }))
    expect(response.address).toBe('127.0.0.1')
    expect(resolver.asked).toBe(1)
    expect(admitted).toEqual(['127.0.0.1'])
    expect(seen[0]).toContain(`Host: rebind.example:${port}`)
  })

  test('only the admitted ones of several addresses are tried', async () => {
    const { port } = await raw(ok)
    const resolver = answering([['127.0.0.2', '127.0.0.1', '203.0.113.9']])
    const call = { admit: (address: string) => address === '127.0.0.1' }
    expect((await get(`http://x.example:${port}/`, call, client({ resolver }))).address).toBe(
      '127.0.0.1',
    )
  })

  test('an address that refuses is followed by the next one', async () => {
    const { port } = await raw(ok)
    const resolver = answering([['127.0.0.2', '127.0.0.1']])
    expect((await get(`http://x.example:${port}/`, {}, client({ resolver }))).address).toBe(
      '127.0.0.1',
    )
    const none = answering([['127.0.0.2', '127.0.0.3']])
    await expect(
      get(`http://x.example:${port}/`, {}, client({ resolver: none })),
    ).rejects.toMatchObject({
      code: 'REFUSED',
    })
  })

  test('odd spellings of an address are admitted as that address', async () => {
    const { port } = await raw(ok)
    for (const host of ['0x7f.1', '2130706433', '017700000001', '127.1', '[::ffff:127.0.0.1]']) {
      const admitted: string[] = []
      const admit = (address: string): boolean => admitted.push(address) < 0
      await expect(get(`http://${host}:${port}/`, { admit })).rejects.toMatchObject({
        code: 'NOT_ADMITTED',
      })
      expect(admitted).toEqual(['127.0.0.1'])
    }
  })

  test('a source address is kept, and shuts out the other family', async () => {
    const remotes: (string | undefined)[] = []
    const { port } = await raw((request, socket) => {
      remotes.push(socket.remoteAddress)
      ok(request, socket)
    })
    await get(`http://127.0.0.1:${port}/`, {}, client({ host: '127.0.0.7' }))
    await get(`http://127.0.0.1:${port}/`, { localAddress: '127.0.0.8' })
    expect(remotes).toEqual(['127.0.0.7', '127.0.0.8'])
    const resolver = answering([['::1']])
    await expect(
      get(`http://x.example:${port}/`, {}, client({ resolver, host: '127.0.0.7' })),
    ).rejects.toMatchObject({ code: 'NAME_UNKNOWN' })
  })
})

describe('[G07] TLS', () => {
  const secure = async (): Promise<number> => {
    const server = https.createServer({ key: KEY, cert: CERTIFICATE }, (_request, response) => {
      response.end('secure')
    })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(() => void server.close())
    return (server.address() as AddressInfo).port
  }

  test('a certificate nobody vouches for is refused, whatever the environment says', async () => {
    const port = await secure()
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      const call = get(`https://localhost:${port}/`)
      await expect(call).rejects.toMatchObject({ code: 'TLS_FAILED' })
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
    }
  })

  test('a certificate for another name is refused', async () => {
    const port = await secure()
    const trusting = client({ authorities: [CERTIFICATE] })
    await expect(get(`https://127.0.0.1:${port}/`, {}, trusting)).rejects.toMatchObject({
      code: 'TLS_FAILED',
    })
  })

  test('one from a trusted authority is taken', async () => {
    const port = await secure()
    const trusting = client({ authorities: [CERTIFICATE] })
    const { body } = await get(`https://localhost:${port}/`, { family: 4 }, trusting)
    expect(Buffer.from(body).toString()).toBe('secure')
  })

  test('a server that speaks no TLS is an error', async () => {
    const { port } = await raw((_request, socket) => void socket.end('HTTP/1.1 400 Bad\r\n\r\n'))
    await expect(get(`https://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'TLS_FAILED' })
  })
})

describe('[K10] secrets', () => {
  test('neither passkey nor password is in a message', async () => {
    const { port } = await raw((_request, socket) => void socket.end('garbage\r\n\r\n'))
    const url = `http://user:password1@127.0.0.1:${port}/passkey2/announce?key3=x`
    for (const call of [{}, { admit: () => false }, { timeoutMs: 0 }]) {
      const failure = await get(url, call).catch((error: unknown) => error)
      expect(String(failure)).not.toMatch(/password1|passkey2|key3/)
    }
  })
})

describe('[L08] a call that throws', () => {
  test('a header Node refuses is a typed error', async () => {
    const headers = new Map([['X-Bad', 'a\r\nb']])
    await expect(get('http://127.0.0.1/', { headers })).rejects.toMatchObject({
      name: 'NetworkError',
    })
  })

  test('a closed client ends what is under way with CLOSED', async () => {
    const { port } = await raw(() => {})
    const using = client()
    const call = get(`http://127.0.0.1:${port}/`, {}, using)
    await new Promise((resolve) => setTimeout(resolve, 20))
    using.close()
    await expect(call).rejects.toMatchObject({ code: 'CLOSED' })
    const later = get(`http://127.0.0.1:${port}/`, {}, using)
    await expect(later).rejects.toMatchObject({ code: 'CLOSED' })
  })
})
