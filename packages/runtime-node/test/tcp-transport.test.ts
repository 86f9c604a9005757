import { transportContract } from '@bt/ports/contract'
import { describe, test } from 'vitest'
import { TcpTransport } from '../src/tcp-transport.ts'
import { realWorld } from './real-world.ts'

for (const host of ['127.0.0.1', '::1']) {
  describe(`TCP over ${host} keeps the contract of Transport`, () => {
    const setup = async () => {
      const transport = new TcpTransport({ poison: true })
      return {
        near: transport,
        far: transport,
        farHost: host,
        nearHost: host,
        ...realWorld(() => transport.close()),
      }
    }
    for (const check of transportContract(setup)) test(check.name, () => check.run())
  })
}
