import { randomContract } from '@bt/ports/contract'
import { describe, test } from 'vitest'
import { SystemRandom } from '../src/system-random.ts'
import { realWorld } from './real-world.ts'

describe('the system generator keeps the contract of Random', () => {
  const setup = async () => ({ random: new SystemRandom(), ...realWorld() })
  for (const check of randomContract(setup)) test(check.name, () => check.run())
})
