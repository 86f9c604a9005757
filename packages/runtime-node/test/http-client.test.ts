import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { httpContract, type ServedRequest, type ServedResponse } from '@bt/ports/contract'
import { describe, test } from 'vitest'
import { HttpClient } from '../src/http-client.ts'
import { SystemResolver } from '../src/system-resolver.ts'
import { realWorld } from './real-world.ts'

const HOST = '127.0.0.1'

function listening(server: http.Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, HOST, () => resolve((server.address() as AddressInfo).port))
  })
}

describe('the HTTP client keeps the contract of Http', () => {
  const setup = async () => {
    const client = new HttpClient({ resolver: new SystemResolver() })
    const servers: http.Server[] = []
    const serve = async (answer: (request: ServedRequest) => ServedResponse | undefined) => {
      const server = http.createServer((request, response) => {
        const headers = new Map<string, string>()
        for (const [name, value] of Object.entries(request.headers))
          headers.set(name, String(value))
        const served = answer({ path: request.url ?? '', headers })
        if (served === undefined) return
        response.writeHead(served.status, Object.fromEntries(served.headers ?? []))
        response.end(served.body)
      })
      servers.push(server)
      return { url: `http://${HOST}:${await listening(server)}`, address: HOST }
    }
    const gone = http.createServer()
    const refusing = `http://${HOST}:${await listening(gone)}`
    await new Promise((resolve) => gone.close(resolve))
    const close = async (): Promise<void> => {
      client.close()
      for (const server of servers) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    }
    return { http: client, serve, refusing, unknownHost: 'nobody.invalid', ...realWorld(close) }
  }
  for (const check of httpContract(setup)) test(check.name, () => check.run())
})
