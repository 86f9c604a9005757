// What every Http does: bounded, admitted address by address, and statuses are answers.

import type { Http, HttpRequest, HttpResponse } from '../src/index.ts'
import { type Check, checkIn, equal, sameBytes, type Setup, that, type Witness } from './check.ts'
import { content } from './content.ts'

/** A request as the suite's server sees it. */
export interface ServedRequest {
  /** With its query, as it came. */
  readonly path: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

export interface ServedResponse {
  readonly status: number
  readonly headers?: ReadonlyMap<string, string>
  readonly body?: Uint8Array
}

export interface HttpParts {
  readonly http: Http
  /** Starts a server; undefined as an answer: it never answers. `url` is its root without a slash at the end. */
  serve(
    answer: (request: ServedRequest) => ServedResponse | undefined,
  ): Promise<{ readonly url: string; readonly address: string }>
  /** Root of a server nobody runs. */
  readonly refusing: string
  /** A host name nobody knows. */
  readonly unknownHost: string
}

const HELLO = new TextEncoder().encode('hello')

/** The suite for `Http`. */
export function httpContract(setup: Setup<HttpParts>): Check[] {
  return [
    checkIn('a body, its status, headers and address come back', setup, async (world, witness) => {
      const server = await world.serve(() => ({
        status: 200,
        headers: new Map([['X-Thing', 'One']]),
        body: HELLO,
      }))
      const response = await get(witness, world.http, { url: `${server.url}/a` })
      equal(response.status, 200, 'status')
      sameBytes(response.body, HELLO, 'body')
      equal(response.headers.get('x-thing'), 'One', 'header')
      equal(response.address, server.address, 'address')
      equal(response.url, `${server.url}/a`, 'url')
    }),
    checkIn('path, query and headers arrive as they were given', setup, async (world, witness) => {
      const seen: ServedRequest[] = []
      const server = await world.serve((request) => {
        seen.push(request)
        return { status: 200 }
      })
      const path = '/announce?info_hash=%01%FF%20a&x=~-_.&empty='
      await get(witness, world.http, {
        url: server.url + path,
        headers: new Map([['X-Mine', 'yes']]),
        range: [5, 9],
      })
      equal(seen[0]?.path, path, 'path')
      equal(seen[0]?.headers.get('x-mine'), 'yes', 'header')
      equal(seen[0]?.headers.get('range'), 'bytes=5-9', 'range')
    }),
    checkIn('a status is an answer, not an error', setup, async (world, witness) => {
      for (const status of [204, 206, 400, 404, 500, 503]) {
        const body = status === 204 ? undefined : HELLO
        const server = await world.serve(() => ({ status, ...(body && { body }) }))
        const response = await get(witness, world.http, { url: `${server.url}/` })
        equal(response.status, status, 'status')
        sameBytes(response.body, body ?? new Uint8Array(0), 'body')
      }
    }),
    checkIn(
      'a body of the limit passes, a longer one is TOO_LONG',
      setup,
      async (world, witness) => {
        const server = await world.serve((request) => ({
          status: 200,
          body: content(1, 0, Number(request.path.slice(1))),
        }))
        const exact = await get(witness, world.http, {
          url: `${server.url}/50000`,
          bodyLengthMax: 50_000,
        })
        sameBytes(exact.body, content(1, 0, 50_000), 'body')
        await refused(
          witness,
          world.http,
          { url: `${server.url}/50001`, bodyLengthMax: 50_000 },
          'TOO_LONG',
        )
        await refused(
          witness,
          world.http,
          { url: `${server.url}/9000000`, bodyLengthMax: 1000 },
          'TOO_LONG',
        )
      },
    ),
    checkIn(
      'redirects are followed, counted, and each hop is admitted',
      setup,
      async (world, witness) => {
        const target = await world.serve(() => ({ status: 200, body: HELLO }))
        const server = await world.serve((request) => {
          const left = Number(request.path.slice(1))
          const next = left > 0 ? `/${left - 1}` : `${target.url}/end`
          return {
            status: [301, 302, 303, 307, 308][left % 5] as number,
            headers: new Map([['Location', next]]),
          }
        })
        const asked: string[] = []
        const admit = (_address: string, url: string): boolean => asked.push(url) > 0
        const response = await get(witness, world.http, {
          url: `${server.url}/4`,
          redirectsMax: 5,
          admit,
        })
        equal(response.url, `${target.url}/end`, 'url of the last hop')
        equal(
          asked.join(' '),
          [4, 3, 2, 1, 0].map((n) => `${server.url}/${n}`).join(' ') + ` ${target.url}/end`,
          'asked',
        )
        await refused(
          witness,
          world.http,
          { url: `${server.url}/4`, redirectsMax: 4 },
          'TOO_MANY_REDIRECTS',
        )
        await refused(
          witness,
          world.http,
          { url: `${server.url}/0`, redirectsMax: 0 },
          'TOO_MANY_REDIRECTS',
        )
      },
    ),
    checkIn(
      'an address that is not admitted is not contacted, on any hop',
      setup,
      async (world, witness) => {
        let inner = 0
        const target = await world.serve(() => {
          inner++
          return { status: 200, body: HELLO }
        })
        const server = await world.serve(() => ({
          status: 302,
          headers: new Map([['Location', `${target.url}/secret`]]),
        }))
        await refused(
          witness,
          world.http,
          { url: `${target.url}/`, admit: () => false },
          'NOT_ADMITTED',
        )
        await refused(
          witness,
          world.http,
          { url: `${server.url}/`, admit: (_address, url) => !url.endsWith('/secret') },
          'NOT_ADMITTED',
        )
        equal(inner, 0, 'requests that reached it')
      },
    ),
    checkIn('only http and https are spoken, by redirect too', setup, async (world, witness) => {
      for (const url of [
        'file:///etc/passwd',
        'ftp://host/x',
        'gopher://host/',
        'no url',
        '',
        'http://',
      ]) {
        await refused(witness, world.http, { url }, 'BAD_URL')
      }
      const server = await world.serve(() => ({
        status: 302,
        headers: new Map([['Location', 'file:///etc/passwd']]),
      }))
      await refused(witness, world.http, { url: `${server.url}/` }, 'BAD_URL')
    }),
    checkIn('a server that does not answer is TIMED_OUT', setup, async (world, witness) => {
      const server = await world.serve(() => undefined)
      await refused(witness, world.http, { url: `${server.url}/`, timeoutMs: 60 }, 'TIMED_OUT')
    }),
    checkIn(
      'nobody there is REFUSED, an unknown name NAME_UNKNOWN',
      setup,
      async (world, witness) => {
        await refused(witness, world.http, { url: `${world.refusing}/` }, 'REFUSED')
        await refused(witness, world.http, { url: `http://${world.unknownHost}/` }, 'NAME_UNKNOWN')
      },
    ),
    checkIn('a cancelled request is not answered', setup, async (world, witness) => {
      const silent = await world.serve(() => undefined)
      const server = await world.serve(() => ({ status: 200, body: HELLO }))
      for (const url of [`${silent.url}/`, `${server.url}/`]) {
        const alarm = world.http.request(call({ url, timeoutMs: 40 }), () =>
          witness.complain(`${url} was answered after cancel`),
        )
        alarm.cancel()
        alarm.cancel()
      }
      const later = world.http.request(call({ url: `${silent.url}/`, timeoutMs: 60 }), () =>
        witness.complain('answered after cancel'),
      )
      await world.pass(20)
      later.cancel()
      await world.pass(60)
    }),
    checkIn('many requests at once have each their own body', setup, async (world, witness) => {
      const server = await world.serve((request) => ({
        status: 200,
        body: content(Number(request.path.slice(1)), 0, 3000),
      }))
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          get(witness, world.http, { url: `${server.url}/${index}` }),
        ),
      )
      for (const answer of answers) answer.body.subarray(0, 0)
      for (const [index, answer] of answers.entries()) {
        sameBytes(answer.body, content(index, 0, 3000), `body ${index}`)
        answer.body.fill(0)
      }
    }),
    checkIn('the family asked for is the family used', setup, async (world, witness) => {
      const server = await world.serve(() => ({ status: 200, body: HELLO }))
      that(!server.address.includes(':'), 'the suite serves on IPv4')
      await get(witness, world.http, { url: `${server.url}/`, family: 4 })
      await refused(witness, world.http, { url: `${server.url}/`, family: 6 }, 'NAME_UNKNOWN')
    }),
  ]
}

function call(parts: Partial<HttpRequest> & { readonly url: string }): HttpRequest {
  return {
    timeoutMs: 5000,
    bodyLengthMax: 100_000,
    redirectsMax: 3,
    admit: () => true,
    ...parts,
  }
}

function get(
  witness: Witness,
  http: Http,
  parts: Partial<HttpRequest> & { readonly url: string },
): Promise<HttpResponse> {
  return witness.ask(parts.url, (done) => http.request(call(parts), done))
}

function refused(
  witness: Witness,
  http: Http,
  parts: Partial<HttpRequest> & { readonly url: string },
  code: string,
): Promise<Error> {
  return witness.fails<HttpResponse>(parts.url, (done) => http.request(call(parts), done), code)
}
